"""How large the weights are: a histogram that updates in place."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.plots.board import Text
from course_utils.plots.style import COLORS, FONT_SIZE, tidy


class WeightHistogram:
    """The share of weights in each of `bins` steps between -limit and limit, and mean |w|.

    The height is on a logarithmic scale, so that a few large weights stay visible beside many
    small ones. Weights beyond the limits are counted in the outermost bins.
    """

    def __init__(
        self, ax: Axes, *, limit: float = 1.0, bins: int = 61, color: str = COLORS[0]
    ) -> None:
        tidy(ax)
        self.edges = np.linspace(-limit, limit, bins + 1)
        self._floor = 1e-4
        self._steps = ax.stairs(
            np.full(bins, self._floor), self.edges, baseline=self._floor, fill=True, color=color,
            alpha=0.75,
        )  # fmt: skip
        ax.set_yscale("log")
        ax.set(xlim=(-limit, limit), ylim=(self._floor, 1.5))
        ax.set_xlabel("weight", fontsize=FONT_SIZE)
        ax.set_ylabel("share of weights (log scale)", fontsize=FONT_SIZE)
        self._text = Text(ax)

    @property
    def artists(self) -> list[Artist]:
        """The histogram and the text on it."""
        return [self._steps, *self._text.artists]

    def update(self, weights: ArrayLike, *, near: float = 1e-3) -> None:
        """Show `weights` (any shape). `near`: below it a weight counts as near zero."""
        w = np.asarray(weights, dtype=float).ravel()
        counts, _ = np.histogram(np.clip(w, self.edges[0], self.edges[-1]), self.edges)
        self._steps.set_data(np.maximum(counts / max(len(w), 1), self._floor))
        self._text.update(weight_text(w, near=near).replace(", ", "\n"))


def weight_text(weights: ArrayLike, *, near: float = 1e-3) -> str:
    """Mean |w|, the share of weights below `near`, and the share that is exactly zero."""
    w = np.abs(np.asarray(weights, dtype=float).ravel())
    return (
        f"mean |w| {w.mean():.3f}, near zero {100 * (w < near).mean():.0f}%, "
        f"exactly zero {100 * (w == 0).mean():.0f}%"
    )


def plot_weights(ax: Axes, weights: ArrayLike, *, limit: float | None = None) -> Axes:
    """Draw the histogram of `weights` (any shape). Returns `ax`."""
    w = np.asarray(weights, dtype=float)
    WeightHistogram(ax, limit=limit or float(np.abs(w).max()) or 1.0).update(w)
    return ax
