"""A panel that trains a fleet once and then answers each step of its slider at once."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.live.controls import Control, slider
from course_utils.live.pace import Pace
from course_utils.live.painter import Drawing
from course_utils.live.panel import Panel
from course_utils.live.turns import chosen_threads, end_turn, take_turn
from course_utils.plots.figures import Picture

DRAWING_SHARE = 0.15  # of the time, while training
KEPT_RUNS = 12  # settings whose pages are kept


@dataclass(frozen=True)
class At:
    """The state a sweep draws: what was trained so far, and where the slider stands in it."""

    result: Any  # what `train` yielded last, e.g. a Fleet
    index: int
    value: Any
    values: list[Any]
    settings: dict[str, Any]


class Sweep(Panel):
    """See `sweep`, which makes one."""

    def __init__(
        self,
        train: Callable[..., Iterable[Any]],
        drawing: Drawing,
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
        self._kept: dict[tuple[Any, ...], tuple[Any, list[Picture]]] = {}
        self._draws = 0
        self.result: Any = None

    @property
    def values(self) -> list[Any]:
        """The values that the slider goes through."""
        return list(self.controls[self._name].options)

    def changed(self, name: str) -> None:
        """The pages' slider turns a page, drawn already; any other control trains again."""
        if name != self._name:
            self._worker.submit(self._run)

    def _run(self) -> Generator[float, None, None]:
        self.view.begin_answer()
        settings = self.settings
        key = tuple(settings.values())
        if key not in self._kept:
            self.view.say("waiting for another panel's training")
            yield from take_turn()
            try:
                with chosen_threads():
                    yield from self._train_once(settings, key)
            finally:
                end_turn()
        self.result, pictures = self._kept[key]
        self._pictures[:] = pictures
        self._picture = pictures[self._page]
        self.view.publish_pages(pictures)
        self._succeed()
        self._rest()

    def _train_once(
        self, settings: dict[str, Any], key: tuple[Any, ...]
    ) -> Generator[float, None, None]:
        pace = Pace(DRAWING_SHARE)
        self.view.say(self._doing(0), 0.0)
        result, epoch = None, -1
        states = iter(self._train(**settings))
        try:
            for epoch, result in enumerate(states):
                if epoch == 0:
                    self._pictures[:] = [None] * len(self._pictures)
                    self.view.forget_pages()
                if pace.due() or self._pictures[self._page] is None:
                    began = time.perf_counter()
                    self._draw_next(result, settings)
                    self.view.say(self._doing(epoch), epoch / self._epochs if self._epochs else -1)
                    pace.drawn(time.perf_counter() - began)
                yield 0.0
        finally:
            close = getattr(states, "close", None)
            if close is not None:
                close()
        if epoch < 0:
            raise ValueError(
                "train(...) must yield at least one state, got none; "
                "return iter_fleet(...) or yield after each epoch"
            )
        pictures = []
        for page in range(len(self._pictures)):
            pictures.append(self._painter.paint(self._at(result, page, settings)))
            yield 0.0
        self._kept[key] = (result, pictures)
        while len(self._kept) > KEPT_RUNS:
            del self._kept[next(iter(self._kept))]

    def _draw_next(self, result: Any, settings: dict[str, Any]) -> None:
        """Draw the page on show; every third time, the next page that waits for its first draw."""
        page = self._page
        self._draws += 1
        if self._pictures[page] is not None and self._draws % 3 == 0:
            page = (self._draws // 3) % len(self._pictures)
        self._draw(self._at(result, page, settings), page)

    def _at(self, result: Any, page: int, settings: dict[str, Any]) -> At:
        return At(result, page, self.values[page], self.values, settings)

    def _doing(self, epoch: int) -> str:
        return f"training: epoch {epoch}" + (f" of {self._epochs}" if self._epochs else "")


def sweep(
    train: Callable[..., Iterable[Any]],
    drawing: Drawing,
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
    background; a newer setting cancels an older run, and settings seen before are answered at once.

    Args:
        train: ``train(**settings)`` -> states after 0, 1, ... epochs, e.g. ``iter_fleet(...)``;
            the settings are the values of `controls`, by name.
        drawing: draws an `At`; a `plots.Board`, its limits the same for all values.
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
