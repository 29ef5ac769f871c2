"""Parts of lesson 04's boards: a few named runs side by side, each with its band over seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from course_utils.evidence import interval_along
from course_utils.plots import color, marker, tidy
from course_utils.plots.style import (
    BAND_ALPHA,
    FONT_SIZE,
    LINE_STYLES,
    NEUTRAL,
    SPLIT_NAMES,
    Split,
)

#: The two runs that every panel of the lesson compares, in the order of their colors.
RUNS = ("with batch norm", "without")


class Series:
    """Named lines over an axis, each with a color, a marker and a band; and where the slider is.

    Args:
        names: what the lines are called.
        styles: the number of each line's color and marker; those of `RUNS` are 0 and 1.
        split: the line style, which says what the values were measured on.
        markers: whether each point is marked, or only about eight of them.
        legend: whether the names stand above the axes.
    """

    def __init__(
        self,
        ax: Axes,
        names: Sequence[str] = RUNS,
        *,
        styles: Sequence[int] = (0, 1),
        split: Split = "val",
        markers: bool = True,
        legend: bool = True,
    ) -> None:
        tidy(ax)
        self.ax = ax
        self._guide = ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6, visible=False)
        self._bands, self._lines = {}, {}
        self._sparse = not markers
        for i, name in zip(styles, names, strict=True):
            self._bands[name] = ax.fill_between(
                [], [], [], color=color(i), alpha=BAND_ALPHA, linewidth=0
            )
            (self._lines[name],) = ax.plot(
                [], [], linestyle=LINE_STYLES[split], color=color(i), marker=marker(i),
                markersize=5, linewidth=1.7,
            )  # fmt: skip
        if legend:
            legend_of(ax, names, styles)

    @property
    def artists(self) -> list[Artist]:
        """The guide, the bands, the lines."""
        return [self._guide, *self._bands.values(), *self._lines.values()]

    def update(self, name: str, x: ArrayLike, samples: ArrayLike) -> None:
        """Show `samples` [points, seeds] of line `name` at `x` [points]; NaN is not drawn."""
        places = np.asarray(x, dtype=float)
        mean, low, high = interval_along(np.asarray(samples, dtype=float), axis=1)
        self._lines[name].set_data(places, mean)
        self._lines[name].set_markevery(max(1, len(places) // 8) if self._sparse else 1)
        self._bands[name].set_data(places, low, high)

    def mark(self, x: float) -> None:
        """Draw the guide at `x`."""
        self._guide.set_xdata([x, x])
        self._guide.set_visible(True)


class LossCurves:
    """Training and validation loss of both runs: color and marker say which, the style on what."""

    def __init__(self, ax: Axes, *, top: float) -> None:
        self.train = Series(ax, split="train", markers=False, legend=False)
        self.val = Series(ax, split="val", markers=False, legend=False)
        ax.set_ylim(0, top)
        ax.set_ylabel("cross-entropy", fontsize=FONT_SIZE)
        legend_of(ax, RUNS, (0, 1), splits=True)

    @property
    def artists(self) -> list[Artist]:
        """Both splits' bands and lines."""
        return [*self.train.artists, *self.val.artists]

    def update(self, x: ArrayLike, train: NDArray[Any], val: NDArray[Any]) -> None:
        """Show the losses [runs, seeds, points], runs as in `RUNS`, at `x` [points]."""
        for name, seen, unseen in zip(RUNS, train, val, strict=True):
            self.train.update(name, x, seen.T)
            self.val.update(name, x, unseen.T)


def legend_of(
    ax: Axes, names: Sequence[str], styles: Sequence[int], *, splits: bool = False
) -> None:
    """What the colors and markers mean, above the axes; with `splits` the line styles as well."""
    handles = [
        Line2D([], [], color=color(i), marker=marker(i), markersize=5, linewidth=1.7, label=name)
        for i, name in zip(styles, names, strict=True)
    ]
    if splits:
        handles += [
            Line2D([], [], color=NEUTRAL, linestyle=LINE_STYLES[split], label=SPLIT_NAMES[split])
            for split in SPLIT_NAMES
        ]
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.04, 1.0),
        ncols=2, fontsize=FONT_SIZE - 1,
        frameon=False, borderpad=0.2, handlelength=2.4, columnspacing=1.2,
    )  # fmt: skip
