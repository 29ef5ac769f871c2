"""A dot plot of shares with their intervals, one row per name: a part of lesson 05's panels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from course_utils.evidence import estimate
from course_utils.plots import FONT_SIZE, Array, Part, color, marker

Samples = Mapping[str, Array]


@dataclass(eq=False)
class DotPlot(Part):
    """A dot and a 95% interval over seeds per row; optionally a hollow dot for the value before.

    Args:
        names: of the rows, from the top.
        find: ``find(state)`` -> shares [seeds] by name, and the shares before, or None.
    """

    names: Sequence[str]
    find: Callable[[Any], tuple[Samples, Samples | None]]
    xlabel: str
    xlim: tuple[float, float] = (0.0, 1.0)
    title: str = ""

    def draw(self, ax: Axes, state: Any) -> None:
        """Rows without dots."""
        rows = range(len(self.names))[::-1]
        (low, high), room = self.xlim, 0.03 * (self.xlim[1] - self.xlim[0])  # for dots at an end
        ax.set(xlim=(low - room, high + room), ylim=(-0.6, len(rows) - 0.4), xlabel=self.xlabel)
        ax.set_yticks(rows, self.names, fontsize=FONT_SIZE)
        ax.set_title(self.title, fontsize=FONT_SIZE + 1)
        self._marks = {}
        for i, (name, row) in enumerate(zip(self.names, rows, strict=True)):
            look: dict[str, Any] = {"color": color(i), "markersize": 9}
            self._marks[name] = (
                row,
                self.line(marker(i), markerfacecolor="white", **look),
                self.line("-", color=color(i), linewidth=2.5),
                self.line(marker(i), markeredgecolor="black", **look),
            )
            ax.axhline(row, color="#dddddd", linewidth=0.6, zorder=0)

    def update(self, state: Any) -> None:
        """Show what `find` finds."""
        samples, before = self.find(state)
        for name, (row, hollow, interval, dot) in self._marks.items():
            found = estimate(samples[name])
            dot.set_data([found.mean], [row])
            ends = [found.low, found.high] if found.n > 1 else []
            interval.set_data(ends, [row] * len(ends))
            if before is not None:
                hollow.set_data([before[name].mean()], [row])
