"""A panel that trains a fleet once and then answers each step of its slider at once."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from course_utils.live.controls import Control, slider
from course_utils.live.painter import Shown
from course_utils.live.panel import Panel
from course_utils.live.throttle import Throttle
from course_utils.live.training_lock import (
    acquire_training_lock,
    limited_threads,
    release_training_lock,
)
from course_utils.plots.figures import Picture

DRAWING_SHARE = 0.15  # of the time, while training
KEPT_RUNS, KEPT_PAGES = 12, 24  # settings whose training is kept, and whose pictures

Key = tuple[Any, ...]


@dataclass(frozen=True)
class At:
    """The state a sweep draws: what was trained so far, and where the slider stands in it."""

    result: Any  # what `train` yielded last, e.g. a Fleet
    index: int
    value: Any
    values: list[Any]
    settings: dict[str, Any]
    name: str = ""  # of the slider

    def curves(self, score: str) -> NDArray[Any]:
        """Of a fleet: one of its curves, e.g. "val_loss", at the slider's value, [seeds, epochs]"""
        curves: NDArray[Any] = getattr(self.result, score)[self.index]
        return curves

    def scores(self, score: str) -> NDArray[Any]:
        """Of a fleet: a score after the last epoch trained so far, [values, seeds]."""
        scores: NDArray[Any] = getattr(self.result, score)[..., self.result.epoch]
        return scores


class Sweep(Panel):
    """See `sweep` and `sweep_fleet`, which make one."""

    def __init__(
        self,
        train: Callable[..., Iterable[Any]],
        drawing: Shown,
        *,
        name: str,
        values: Sequence[Any] | Control,
        controls: Mapping[str, Control | Sequence[Any]],
        epochs: int | None,
        title: str,
    ) -> None:
        turner = values if isinstance(values, Control) else slider(values)
        super().__init__(drawing, {name: turner, **controls}, pages=name, title=title)
        self._train = train
        self._epochs = epochs
        self._name = name
        self._results: dict[Key, Any] = {}  # what was trained, by the settings that train
        self._kept: dict[Key, list[Picture]] = {}  # its pages, by all settings
        self._in_training: Key | None = None
        self._on_show: Key | None = None  # all settings of the pages that are there
        self._draws = 0
        self.result: Any = None

    @property
    def values(self) -> list[Any]:
        """The values that the slider goes through."""
        return list(self.controls[self._name].options)

    def _that_train(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in settings.items() if self.controls[name].trains}

    def changed(self, name: str) -> None:
        """Turn a page, which is drawn already; draw all pages anew; or train again.

        A training that goes on meets what only changes its picture by itself.
        """
        if name != self._name and self._in_training != _key(self._that_train(self.settings)):
            self._worker.submit(self._run)

    def _run(self) -> Generator[float, None, None]:
        self.view.begin_answer()
        with limited_threads():
            trained = self._that_train(self.settings)
            key = _key(trained)
            if key not in self._results:
                self.view.say("waiting for another panel's training")
                yield from acquire_training_lock()
                try:
                    self._in_training = key
                    yield from self._train_once(trained)
                finally:
                    self._in_training = None
                    release_training_lock()
            self.view.begin_answer()
            settings = self.settings  # read after `_in_training`: see `changed`
            if _key(self._that_train(settings)) != key:
                return  # another run has been asked for
            self.result = self._results[key]
            yield from self._publish(settings)
        self._succeed()
        self._rest()

    def _train_once(self, trained: dict[str, Any]) -> Generator[float, None, None]:
        throttle = Throttle(DRAWING_SHARE)
        self.view.say(self._doing(0), 0.0)
        result, epoch, shown = None, -1, {**self.settings, **trained}
        with closing(_generator(self._train(**trained))) as states:
            for number, result in enumerate(states):
                epoch = getattr(result, "epoch", number)  # a fleet need not be scored in each
                # What trains may have moved on already; this run shows what it was begun with.
                now = {**self.settings, **trained}
                if number == 0 or now != shown:
                    shown = now
                    self.view.begin_answer()
                    self._begin_pages(_key(shown))
                if throttle.due() or self._pictures[self._page] is None:
                    began = time.perf_counter()
                    self._draw_next(result, shown, epoch)
                    self.view.say(self._doing(epoch), epoch / self._epochs if self._epochs else -1)
                    throttle.drawn(time.perf_counter() - began)
                yield 0.0
        if epoch < 0:
            raise ValueError(
                "train(...) must yield at least one state, got none; "
                "return iter_fleet(...) or yield after each epoch"
            )
        _keep(self._results, _key(trained), result, KEPT_RUNS)

    def _publish(self, settings: dict[str, Any]) -> Generator[float, None, None]:
        """Show the final pages, the one that is looked at first."""
        key = _key(settings)
        if key not in self._kept:
            if key != self._on_show:
                self._begin_pages(key)
            self._draw(self._at(self.result, self._page, settings), self._page)
            pictures = []
            for page in range(len(self._pictures)):
                yield 0.0
                pictures.append(self._painter.paint(self._at(self.result, page, settings)))
            _keep(self._kept, key, pictures, KEPT_PAGES)
        self._on_show = key
        self._pictures[:] = self._kept[key]
        self._picture = self._kept[key][self._page]
        self.view.publish_pages(self._kept[key])

    def _begin_pages(self, key: Key) -> None:
        """Drop all pages, which belong to other settings or to another run."""
        self._on_show = key
        self._pictures[:] = [None] * len(self._pictures)
        self.view.forget_pages()

    def _draw_next(self, result: Any, settings: dict[str, Any], epoch: int) -> None:
        """Draw the page on show; every third time, the next page that waits for its first draw.

        The numbers are left out: early in a training they may say that the wrong one wins.
        """
        page = self._page
        self._draws += 1
        if self._pictures[page] is not None and self._draws % 3 == 0:
            page = (self._draws // 3) % len(self._pictures)
        where = f"epoch {epoch}" + (f" of {self._epochs}" if self._epochs else "")
        said = f"{where}, still in training: what comes of it is said here at the end"
        self._draw(self._at(result, page, settings), page, said=said)

    def _at(self, result: Any, page: int, settings: dict[str, Any]) -> At:
        turner = self.controls[self._name]
        return At(result, page, self.values[page], self.values, settings, turner.label)

    def _doing(self, epoch: int) -> str:
        return f"training: epoch {epoch}" + (f" of {self._epochs}" if self._epochs else "")


def _key(settings: dict[str, Any]) -> Key:
    return tuple(settings.values())


def _generator(states: Iterable[Any]) -> Generator[Any, None, None]:
    """`states` as a generator: closing it closes them too, if they can be closed."""
    yield from states


def _keep(kept: dict[Key, Any], key: Key, what: Any, most: int) -> None:
    """Keep `what`, and of the others the newest."""
    kept[key] = what
    while len(kept) > most:
        del kept[next(iter(kept))]


def sweep(
    train: Callable[..., Iterable[Any]],
    drawing: Shown,
    *,
    name: str,
    values: Sequence[Any] | Control,
    controls: Mapping[str, Control | Sequence[Any]] | None = None,
    epochs: int | None = None,
    title: str = "",
) -> Sweep:
    """Train once for all `values` of a hyperparameter, then let a slider go through them.

    The cell trains with a progress bar while curves fill in; afterwards each step of the slider is
    answered by the browser alone. Moving one of the other `controls` trains again in the
    background, unless it only chooses what is shown (``trains=False``); a newer setting cancels an
    older run, and settings seen before are answered at once. `sweep_fleet` is shorter where what
    trains is one fleet.

    Args:
        train: ``train(**settings)`` -> states after 0, 1, ... epochs, e.g. ``iter_fleet(...)``;
            the settings are the values of the `controls` that train, by name.
        drawing: draws an `At`: a list of parts, or a `plots.PartsBoard` of them. Limits are the
            same for all values.
        name: the name of the slider, e.g. "p".
        values: what it goes through, or a `slider(...)` with its own start and label.
        controls: the other controls: lists of values, `slider(...)` or `choice(...)`.
        epochs: how many epochs `train` takes, for the progress bar.
        title: what the panel is about, read out by screen readers.

    Errors of `train` or of the drawing fail the cell; later ones show in the panel.
    """
    panel = Sweep(
        train, drawing, name=name, values=values, controls=controls or {}, epochs=epochs,
        title=title or f"How {name} changes the training",
    )  # fmt: skip
    panel.start()
    return panel
