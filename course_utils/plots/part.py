"""A part: what a board shows on one of its axes, drawn once, then moved to follow a state."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from course_utils.evidence import interval_along
from course_utils.plots.off_scale import on_scale
from course_utils.plots.style import BAND_ALPHA, NEUTRAL, tidy

Array = NDArray[Any]


class Moving(Protocol):
    """Something on an axes whose artists move, such as `Curves` or `Metric`."""

    @property
    def artists(self) -> Sequence[Artist]:
        """What moves, in drawing order."""


A = TypeVar("A", bound=Artist)
M = TypeVar("M", bound=Moving)


class Part:
    """Subclass it: make artists in `draw`, move them in `update`, and describe them in `say`.

    The axes have the course's look already; `grid` says whether they have a grid.

    class Best(Part):
        def draw(self, ax, state):
            ax.set(xlim=(0, 80), ylim=(0, 1))
            self.dot = self.line("o")

        def update(self, state):
            self.dot.set_data([state.epoch], [state.accuracy])

        def say(self, state):
            return f"best after epoch {state.epoch}"

    `draw` is called once, with the first state; `say` always right after `update` with that state,
    so it may use what `update` found. A part of one board cannot be a part of another.
    """

    background = 0  # counts the backgrounds; a change asks for a new one
    grid = True

    def attach(self, ax: Axes, state: Any) -> None:
        """Draw on `ax` for the first time."""
        self.ax = tidy(ax, grid=self.grid)
        self.background = 0
        self._axes_set: dict[str, Any] = {}
        self._made: list[Artist] = []
        self._added: list[Artist] = []
        self.draw(ax, state)

    def draw(self, ax: Axes, state: Any) -> None:
        """Set up `ax`, and make the moving artists: `line`, `lines`, `curve`, `moves` or `add`."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(ax, state)")

    def update(self, state: Any) -> None:
        """Move the artists so that they show `state`."""
        raise NotImplementedError(f"{type(self).__name__} must define update(state)")

    def say(self, state: Any) -> str:
        """Half a sentence about what is shown, with its numbers, or an empty text."""
        return ""

    @property
    def artists(self) -> list[Artist]:
        """What moves, in drawing order: from back to front, and then as it was made."""
        return [*sorted(self._made, key=lambda artist: artist.get_zorder()), *self._added]

    def redraw_background(self) -> None:
        """Ask for titles, ticks and limits to be drawn again with the next frame."""
        self.background += 1

    def set_axes(self, **settings: Any) -> None:
        """``ax.set(**settings)`` in `update`, for limits or labels that follow the state.

        The background is drawn again only if they are others than before.
        """
        if settings != self._axes_set:
            self._axes_set = settings
            self.ax.set(**settings)
            self.redraw_background()

    def moves(self, artist: A) -> A:
        """Redraw `artist` with every state; returns it."""
        self._made.append(artist)
        return artist

    def add(self, drawn: M) -> M:
        """Redraw all that `drawn` moves, e.g. ``Curves(ax, ...)``; returns it."""
        self._added += drawn.artists
        return drawn

    def line(self, style: str = "-", **look: Any) -> Line2D:
        """A line or marks without points yet: ``line.set_data(x, y)`` sets them."""
        (line,) = self.ax.plot([], [], style, **look)
        return self.moves(line)

    def lines(self, **look: Any) -> LineCollection:
        """Many lines of one look: ``lines.set_segments([points [n, 2], ...])``."""
        found = LineCollection([], **look)
        self.ax.add_collection(found, autolim=False)
        return self.moves(found)

    def guide(self) -> Line2D:
        """A thin vertical line where the slider stands: ``guide.set_xdata([x, x])``."""
        return self.moves(self.ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6))

    def curve(self, style: str = "-", *, color: str, **look: Any) -> "Curve":
        """A line with a band around it: ``curve.show(x, samples [x, seeds])``."""
        band = self.ax.fill_between([], [], [], color=color, alpha=BAND_ALPHA, linewidth=0)
        return Curve(self.line(style, color=color, **look), self.moves(band))


class Curve:
    """The mean of some samples over x, and the 95% interval around it."""

    def __init__(self, line: Line2D, band: Any) -> None:
        self.line, self.band = line, band

    def show(self, x: ArrayLike, samples: ArrayLike, *, lowest: float = -np.inf) -> None:
        """Draw `samples` [x, seeds], or [x] without a band; NaN is not drawn.

        `lowest`: where the band ends at the latest; a logarithmic axis has no place for 0.
        """
        places, values = np.asarray(x, dtype=float), np.asarray(samples, dtype=float)
        values = values if values.ndim > 1 else values[:, None]
        mean, low, high = interval_along(values, axis=1)
        self.line.set_data(places, mean)
        self.band.set_data(
            places,
            on_scale(self.line, mean, np.maximum(low, lowest)),
            on_scale(self.line, mean, high),
        )
