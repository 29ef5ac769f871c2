"""Shares with their intervals, one row for each name: a part of lesson 05's boards."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from course_utils.evidence import estimate
from course_utils.plots import color, marker, tidy
from course_utils.plots.style import FONT_SIZE

Samples = Mapping[str, NDArray[np.floating]]


class Shares:
    """A dot and a 95 % interval over seeds in each row; a hollow dot may say what it was before."""

    def __init__(
        self,
        ax: Axes,
        names: Sequence[str],
        *,
        xlabel: str,
        xlim: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        tidy(ax)
        self._rows = {name: len(names) - 1 - i for i, name in enumerate(names)}
        room = 0.03 * (xlim[1] - xlim[0])  # for a dot at either end
        ax.set(xlim=(xlim[0] - room, xlim[1] + room), ylim=(-0.6, len(names) - 0.4))
        ax.set_yticks(list(self._rows.values()), list(self._rows), fontsize=FONT_SIZE)
        ax.set_xlabel(xlabel, fontsize=FONT_SIZE)
        self._intervals, self._dots, self._before = {}, {}, {}
        for i, (name, row) in enumerate(self._rows.items()):
            (self._before[name],) = ax.plot(
                [], [], marker(i), color=color(i), markersize=9, markerfacecolor="white"
            )
            (self._intervals[name],) = ax.plot([], [], "-", color=color(i), linewidth=2.5)
            (self._dots[name],) = ax.plot(
                [], [], marker(i), color=color(i), markersize=9, markeredgecolor="black"
            )
            ax.axhline(row, color="#dddddd", linewidth=0.6, zorder=0)

    @property
    def artists(self) -> list[Artist]:
        """Hollow dots, intervals, dots."""
        parts = (self._before, self._intervals, self._dots)
        return [line for part in parts for line in part.values()]

    def update(self, samples: Samples, before: Samples | None = None) -> None:
        """Show `samples` by name, shares [seeds] each, and what they were `before`, if given."""
        for name, row in self._rows.items():
            found = estimate(samples[name])
            self._dots[name].set_data([found.mean], [row])
            known = found.n > 1
            ends = [found.low, found.high] if known else []
            self._intervals[name].set_data(ends, [row] * len(ends))
            if before is not None:
                self._before[name].set_data([before[name].mean()], [row])
