"""A panel that trains once for all values of a slider, and then shows any of them at once."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from course_utils.live.at import At
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

DRAWING_SHARE = 0.15  # the share of the training's time that drawing may take
KEPT_RUNS, KEPT_PAGES = 12, 24  # for how many settings trainings and pictures are kept

Key = tuple[Any, ...]


class Sweep(Panel):
    """The panel that `sweep` and `sweep_fleet` make.

    Attributes:
        result: what `train` yielded last, with the settings that the controls show.
        first_result: what it yielded in the panel's own cell, wherever the controls are now.
    """

    def __init__(
        self,
        train: Callable[..., Iterable[Any]],
        drawing: Shown,
        *,
        name: str,
        values: Sequence[Any] | Control,
        controls: Mapping[str, Control | Sequence[Any]],
        epochs: int | None,
        counted: str,
        title: str,
    ) -> None:
        page_slider = values if isinstance(values, Control) else slider(values)
        super().__init__(drawing, {name: page_slider, **controls}, pages=name, title=title)
        self._train = train
        self._epochs, self._counted = epochs, counted
        self._name = name
        self._results: dict[Key, Any] = {}  # trained results, by the settings that train
        self._kept: dict[Key, list[Picture]] = {}  # finished pages, by all settings
        self._in_training: Key | None = None  # the settings that train, while they do
        self._on_show: Key | None = None  # all the settings of the present pages
        self._unfinished: dict[int, str] = {}  # pages drawn in training, with the epoch they show
        self._draws = 0
        self.result: Any = None
        self.first_result: Any = None

    @property
    def values(self) -> list[Any]:
        """The values that the slider goes through."""
        return list(self.controls[self._name].options)

    def _training_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in settings.items() if self.controls[name].trains}

    def changed(self, name: str) -> None:
        """Draw all pages anew or train again, if it takes that to follow control `name`.

        The slider only turns a page, which the view does alone. A running training notices by
        itself when a control that does not train moves, and redraws.
        """
        if name != self._name and self._in_training != _key(self._training_settings(self.settings)):
            self._worker.submit(self._run)

    def _run(self) -> Generator[float, None, None]:
        self.view.begin_answer()
        with limited_threads():
            trained = self._training_settings(self.settings)
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
            if self._in_cell:
                self.first_result = self._results[key]
            self.view.begin_answer()
            settings = self.settings  # read after `_in_training`: see `changed`
            if _key(self._training_settings(settings)) != key:
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
                epoch = getattr(result, "epoch", number)  # a fleet may skip epochs when scoring
                # A control that trains may have moved meanwhile: show the values this run uses.
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
        """Draw the final pages, beginning with the one on show, and send them to the view."""
        key = _key(settings)
        if key not in self._kept:
            if key != self._on_show:
                self._begin_pages(key)
            page = self._page
            self._draw(self._at(self.result, page, settings), page)
            self._unfinished.pop(page, None)
            pictures = []
            for page in range(len(self._pictures)):
                yield 0.0
                pictures.append(self._painter.paint(self._at(self.result, page, settings)))
            _keep(self._kept, key, pictures, KEPT_PAGES)
        self._on_show = key
        self._unfinished.clear()
        self._pictures[:] = self._kept[key]
        self._picture = self._kept[key][self._page]
        self.view.publish_pages(self._kept[key])

    def _begin_pages(self, key: Key) -> None:
        """Drop all pages, which belong to other settings or to another run."""
        self._on_show = key
        self._unfinished.clear()
        self._pictures[:] = [None] * len(self._pictures)
        self.view.forget_pages()

    def _draw_next(self, result: Any, settings: dict[str, Any], epoch: int) -> None:
        """Draw the page on show or, every third time, another page in turn.

        Without its numbers: early in a training they may say that the wrong one wins.
        """
        page = self._page
        self._draws += 1
        if self._pictures[page] is not None and self._draws % 3 == 0:
            page = (self._draws // 3) % len(self._pictures)
        said = f"{self._doing(epoch)}; what comes of it is said here at the end"
        self._draw(self._at(result, page, settings), page, said=said)
        self._unfinished[page] = self._epoch_text(epoch)

    def stopped(self, why: str) -> None:
        """Let the pages that promise the end of a training say that it was stopped instead."""
        trains = [c.label for name, c in self.controls.items() if c.trains and name != self._name]
        remedy = "run the cell again"
        if trains and not self._in_cell:
            remedy = f"move {' or '.join(trains)} to train with other settings, or {remedy}"
        for page, epoch in self._unfinished.items():
            picture = self._pictures[page]
            assert picture is not None
            said = f"{why}; the picture shows {epoch}; {remedy}"
            self._put(page, replace(picture, alt=said))
        if self._unfinished and self._in_cell:
            self._keep_in_cell()
        self._unfinished.clear()

    def _at(self, result: Any, page: int, settings: dict[str, Any]) -> At:
        label = self.controls[self._name].label
        return At(result, page, self.values[page], self.values, settings, label)

    def _doing(self, epoch: int) -> str:
        return f"training: {self._epoch_text(epoch)}"

    def _epoch_text(self, epoch: int) -> str:
        return f"{self._counted} {epoch}" + (f" of {self._epochs}" if self._epochs else "")


def _key(settings: dict[str, Any]) -> Key:
    return tuple(settings.values())


def _generator(states: Iterable[Any]) -> Generator[Any, None, None]:
    """`states` as a generator, which can always be closed, and then closes `states` if it can."""
    yield from states


def _keep(kept: dict[Key, Any], key: Key, value: Any, most: int) -> None:
    """Add `value`, and drop the oldest entries beyond `most`."""
    kept[key] = value
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
    counted: str = "epoch",
    title: str = "",
) -> Sweep:
    """Train once for all `values` of a hyperparameter, then go through them with a slider.

    The cell trains with a progress bar while curves fill in; afterwards the browser alone answers
    the slider. Moving one of the other `controls` trains again in the background, unless it only
    chooses what is shown (``trains=False``); a newer setting cancels an older run, and the latest
    settings are kept, so that going back to one is answered at once. To train one fleet,
    `sweep_fleet` is shorter.

    Args:
        train: ``train(**settings)`` -> states after 0, 1, ... epochs, e.g. ``iter_fleet(...)``;
            the settings are the values of the `controls` that train, by name.
        drawing: draws an `At`: a list of parts, or a `plots.PartsBoard` of them. The limits of its
            axes should be the same for all values.
        name: the name of the slider, e.g. "p".
        values: the slider's values, or a `slider(...)` with its own start and label.
        controls: the other controls by name, each a list of values, a `slider(...)` or a
            `choice(...)`.
        epochs: how many epochs `train` takes, for the progress bar.
        counted: what the bar counts, if `train` yields after something else than an epoch.
        title: what the panel is about, read out by screen readers.

    Errors in the first training or its drawing fail the cell; later ones are shown in the panel.
    """
    panel = Sweep(
        train, drawing, name=name, values=values, controls=controls or {}, epochs=epochs,
        counted=counted, title=title or f"How {name} changes the training",
    )  # fmt: skip
    panel.start()
    return panel
