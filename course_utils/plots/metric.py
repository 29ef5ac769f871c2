"""A score against the values of one hyperparameter, with the slider's value marked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.evidence import interval_along
from course_utils.plots.off_scale import on_scale
from course_utils.plots.style import (
    BAND_ALPHA,
    COLORS,
    FONT_SIZE,
    LINE_STYLES,
    NEUTRAL,
    SPLIT_NAMES,
    Split,
    legend_above,
    tidy,
)
from course_utils.plots.value_axis import ValueAxis


class Metric:
    """Mean and band of a score over `values`, and where the slider stands among them.

    The x axis is logarithmic with a true zero where the values ask for it (see `ValueAxis`).
    Give `splits=("train", "val")` to show both.
    """

    def __init__(
        self,
        ax: Axes,
        name: str,
        values: Sequence[Any],
        *,
        ylim: tuple[float, float],
        ylabel: str = "validation accuracy",
        splits: Sequence[Split] = ("val",),
        color: str = COLORS[0],
        label: str = "",
    ) -> None:
        tidy(ax)
        self.axis = ValueAxis(values)
        self.axis.apply(ax, name)
        low, high = ylim
        # A perfect accuracy lies at the upper edge, where its marker would be cut in half.
        ax.set_ylim(low, high + 0.03 * (high - low) if high == 1 else high)
        ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
        self._order = np.argsort(self.axis.positions)
        self._x = self.axis.positions[self._order]
        self._guide = ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6, visible=False)
        nothing = np.full(len(self._x), np.nan)
        self._bands: dict[str, FillBetweenPolyCollection] = {}
        self._lines: dict[str, Line2D] = {}
        self._marks: dict[str, Line2D] = {}
        for split in splits:
            entry = ", ".join(filter(None, (label, SPLIT_NAMES[split])))
            self._bands[split] = ax.fill_between(
                self._x, nothing, nothing, color=color, alpha=BAND_ALPHA, linewidth=0
            )
            (self._lines[split],) = ax.plot(
                self._x, nothing, color=color, linestyle=LINE_STYLES[split],
                marker="o", markersize=3.5, linewidth=1.8,
            )  # fmt: skip
            (self._marks[split],) = ax.plot(
                [], [], "o", color=color, markersize=9, markeredgecolor="black"
            )
            ax.plot([], [], color=color, linestyle=LINE_STYLES[split], linewidth=1.8, label=entry)
        if len(splits) > 1 or label:
            legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """The guide line, then band, line and mark of each split."""
        bands, lines, marks = self._bands, self._lines, self._marks
        return [self._guide, *bands.values(), *lines.values(), *marks.values()]

    def update(self, index: int | None = None, **scores: ArrayLike) -> None:
        """Show `val=` (and `train=`) scores [values, seeds] or [values]; mark value `index`."""
        for split, given in scores.items():
            if split not in self._lines:
                known = " and ".join(f"{known}=" for known in self._lines)
                raise ValueError(f"this plot was built to show {known}, got {split}=")
            samples = np.asarray(given, dtype=float).reshape(len(self._x), -1)[self._order]
            mean, low, high = interval_along(samples, axis=1)
            self._lines[split].set_ydata(mean)
            line = self._lines[split]
            self._bands[split].set_data(
                self._x, on_scale(line, mean, low), on_scale(line, mean, high)
            )
            mark = self._marks[split]
            if index is None:
                mark.set_data([], [])
            else:
                place = int(np.flatnonzero(self._order == index)[0])
                mark.set_data([self._x[place]], [mean[place]])
        self._guide.set_visible(index is not None)
        if index is not None:
            self._guide.set_xdata([self.axis.position(index)] * 2)


def plot_metric(
    ax: Axes,
    name: str,
    values: Sequence[Any],
    scores: ArrayLike,
    *,
    ylim: tuple[float, float] | None = None,
    ylabel: str = "validation accuracy",
    color: str = COLORS[0],
    label: str = "",
) -> Axes:
    """Draw `scores` [values, seeds] against `values` of the hyperparameter `name`. Returns `ax`."""
    samples = np.asarray(scores, dtype=float).reshape(len(values), -1)
    if ylim is None:
        low, high = float(np.nanmin(samples)), float(np.nanmax(samples))
        margin = 0.08 * (high - low) or 0.05
        ylim = (low - margin, high + margin)
    Metric(ax, name, values, ylim=ylim, ylabel=ylabel, color=color, label=label).update(val=samples)
    return ax
