"""A board: a figure that is drawn once and then updated in place, best made of parts.

The same board draws a static figure of a lesson and every frame of a live panel. What moves is
listed in `artists`, so that a live panel can redraw these alone over a kept background.
"""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from course_utils.plots.figures import Picture, figure_png, new_figure, show
from course_utils.plots.off_scale import OffScale
from course_utils.plots.part import M, Moving, Part


class Board:
    """Subclass it: add parts in `__init__`, then write `update(state)` and `describe(state)`.

    class Fit(Board):
        def __init__(self) -> None:
            super().__init__(columns=2)
            self.loss = self.add(Curves(self.axes[0], epochs=80, ylim=(0, 2.5)))

        def update(self, fleet) -> None:
            self.loss.update(fleet.train_loss[0], fleet.val_loss[0])

        def describe(self, fleet) -> str:
            return f"validation loss {fleet.val_loss[0].mean():.2f}"

    Titles, ticks and limits belong to the background, drawn once. A board that changes one of them
    in `update` calls `redraw_background()` there.
    """

    def __init__(
        self,
        columns: int = 1,
        rows: int = 1,
        *,
        width: float = 9.0,
        height: float = 3.2,
        widths: list[float] | None = None,
    ) -> None:
        self.figure, self.axes = new_figure(
            columns, rows, width=width, height=height, widths=widths
        )
        self.parts: list[Moving] = []
        self._off_scale = [OffScale(ax) for ax in self.axes]
        self.background = 0  # counts the backgrounds; a change asks for a new one

    def add(self, part: M) -> M:
        """Make `part` one of the board's moving parts, and return it."""
        self.parts.append(part)
        return part

    def redraw_background(self) -> None:
        """Ask for titles, ticks and limits to be drawn again with the next frame."""
        self.background += 1

    @property
    def artists(self) -> list[Artist]:
        """Every artist that moves, in drawing order."""
        return [*(artist for part in self.parts for artist in part.artists), *self._off_scale]

    def update(self, state: Any) -> None:
        """Move the parts so that they show `state`."""
        raise NotImplementedError(f"{type(self).__name__} must define update(state)")

    def describe(self, state: Any) -> str:
        """One line of text that describes the picture of `state`, with its numbers."""
        raise NotImplementedError(f"{type(self).__name__} must define describe(state) -> str")

    def picture(self, state: Any) -> Picture:
        """`state` as a picture with its text."""
        self.update(state)
        return Picture(figure_png(self.figure), self.describe(state))

    def show(self, state: Any) -> None:
        """Show `state` as a static figure in a notebook, with its text under it."""
        self.update(state)
        show(self.figure, self.describe(state))


class PartsBoard(Board):
    """A board of parts side by side, one on each axes, row by row.

    Args:
        parts: one per axes; a list in place of a part is drawn on one axes together.
        say: ``say(state)`` -> the beginning of the text; the texts of the parts follow.
        rows, width, height, widths: as in `new_figure`.
    """

    def __init__(
        self,
        parts: Sequence[Part | Sequence[Part]],
        *,
        say: Callable[[Any], str] = lambda state: "",
        rows: int = 1,
        width: float = 9.0,
        height: float = 3.2,
        widths: list[float] | None = None,
    ) -> None:
        columns = -(-len(parts) // rows)
        super().__init__(columns, rows, width=width, height=height, widths=widths)
        self._places = [[part] if isinstance(part, Part) else list(part) for part in parts]
        self._shown: list[Part] = []
        self._say = say

    def update(self, state: Any) -> None:
        """Update each part to show `state`; the first state also draws them."""
        if not self._shown:
            for ax, parts in zip(self.axes, self._places, strict=False):
                for part in parts:
                    part.attach(ax, state)
            self._shown = [part for parts in self._places for part in parts]
        for part in self._shown:
            part.update(state)
        self.background = sum(part.background for part in self._shown)

    @property
    def artists(self) -> list[Artist]:
        """Every artist that moves, in drawing order."""
        return [*(artist for part in self._shown for artist in part.artists), *self._off_scale]

    def describe(self, state: Any) -> str:
        """The board's own half-sentence, then those of its parts."""
        halves = [self._say(state), *(part.say(state) for part in self._shown)]
        return "; ".join(filter(None, halves))


class Text:
    """A line of text inside an axes that changes, such as "mean |w| = 0.04"."""

    def __init__(
        self, ax: Axes, x: float = 0.97, y: float = 0.95, *, align: str = "right", size: float = 9
    ) -> None:
        self._text = ax.text(
            x, y, "", transform=ax.transAxes, ha=align, va="top", fontsize=size, zorder=6,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip

    @property
    def artists(self) -> list[Artist]:
        """The text itself."""
        return [self._text]

    def update(self, text: str) -> None:
        """Show `text`."""
        self._text.set_text(text)
