"""From a state to a picture, fast: one kept figure, a kept background, moving artists redrawn."""

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


#: A drawing, or only its parts, which then stand side by side.
Shown = Drawing | Sequence[Part | Sequence[Part]]


class Painter:
    """Draws states with one `Drawing`. May be called from any thread; one at a time draws."""

    def __init__(self, shown: Shown) -> None:
        self.drawing = drawing = PartsBoard(shown) if isinstance(shown, Sequence) else shown
        self._canvas = FigureCanvasAgg(drawing.figure)
        self._kept: Any = None
        self._kept_number: int | None = None
        self._lock = threading.Lock()

    def paint(self, state: Any) -> Picture:
        """`state` as PNG bytes with its text. Errors of the drawing pass through."""
        with self._lock:
            self.drawing.update(state)
            if self._kept_number != self.drawing.background:
                self._keep_background()
            self._canvas.restore_region(self._kept)
            for artist in self.drawing.artists:
                artist.draw(self._canvas.get_renderer())
            png = encode_png(np.asarray(self._canvas.buffer_rgba()))
            return Picture(png, self.drawing.describe(state))

    def release(self) -> None:
        """Let go of the figure; nothing can be painted any more."""
        with self._lock:
            del self.drawing, self._canvas, self._kept

    def _keep_background(self) -> None:
        """Draw all that does not move, once, and keep it."""
        figure, moving = self.drawing.figure, self.drawing.artists
        self._kept_number = self.drawing.background
        # The layout is settled once with everything in place; then nothing may shift any more.
        if (layout := figure.get_layout_engine()) is not None:
            for artist in moving:
                artist.set_animated(False)
            layout.execute(figure)
            figure.set_layout_engine("none")
        for artist in moving:
            artist.set_animated(True)
        self._canvas.draw()
        self._kept = self._canvas.copy_from_bbox(figure.bbox)
