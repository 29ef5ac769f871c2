"""Draw states as PNG pictures, fast: only the artists that move are drawn for each state.

The figure is made once, and all that does not move is drawn once and kept as the background.
"""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.plots import Part, PartsBoard
from course_utils.plots.figures import Picture, encode_png


class Drawing(Protocol):
    """What a panel draws with, such as a `plots.PartsBoard`."""

    figure: Figure
    background: int

    @property
    def artists(self) -> list[Any]:
        """The artists that `update` moves, in drawing order."""

    def update(self, state: Any) -> None:
        """Move the artists so that they show `state`."""

    def describe(self, state: Any) -> str:
        """One line of text that says what the picture of `state` shows."""


#: A drawing, or a list of its parts, which are then placed side by side.
Shown = Drawing | Sequence[Part | Sequence[Part]]


class Painter:
    """Draws states with one `Drawing`. Any thread may call it; a lock lets one draw at a time."""

    def __init__(self, shown: Shown) -> None:
        self.drawing = drawing = PartsBoard(shown) if isinstance(shown, Sequence) else shown
        self._canvas = FigureCanvasAgg(drawing.figure)
        self._background: Any = None
        self._background_number: int | None = None
        self._lock = threading.Lock()

    def paint(self, state: Any) -> Picture:
        """Draw `state`, and return it as PNG bytes with its text."""
        with self._lock:
            self.drawing.update(state)
            if self._background_number != self.drawing.background:
                self._draw_background()
            self._canvas.restore_region(self._background)
            for artist in self.drawing.artists:
                artist.draw(self._canvas.get_renderer())
            png = encode_png(np.asarray(self._canvas.buffer_rgba()))
            return Picture(png, self.drawing.describe(state))

    def release(self) -> None:
        """Free the figure's memory; afterwards nothing can be painted."""
        with self._lock:
            del self.drawing, self._canvas, self._background

    def _draw_background(self) -> None:
        """Draw everything that does not move, and keep the pixels."""
        figure, moving = self.drawing.figure, self.drawing.artists
        self._background_number = self.drawing.background
        # The layout is computed once, with everything in place, so that nothing shifts later.
        if (layout := figure.get_layout_engine()) is not None:
            for artist in moving:
                artist.set_animated(False)
            layout.execute(figure)
            figure.set_layout_engine("none")
        for artist in moving:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
