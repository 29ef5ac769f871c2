"""Parts of lesson 04's panels: a few named runs side by side, each with its band over seeds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.live import At
from course_utils.plots import Array, Part, ValueAxis, color, marker, tidy
from course_utils.plots.style import FONT_SIZE, LINE_STYLES, NEUTRAL, SPLIT_NAMES

#: The two runs that every panel of the lesson compares, and the number of their color and marker.
STYLES = {"with batch norm": 0, "without": 1}
RUNS = tuple(STYLES)
LOOK: dict[str, Any] = {"markersize": 5, "linewidth": 1.7}


@dataclass(eq=False)
class ValidationAccuracy(Part):
    """Accuracies against the slider's values, as named curves, with a guide where it stands.

    Args:
        find: ``find(at)`` -> accuracies [values, seeds] by the names of `styles`.
        styles: by name, the number of its color and marker.
    """

    find: Callable[[At], Mapping[str, Array]]
    styles: Mapping[str, int] = field(default_factory=lambda: STYLES)
    ylabel: str = "validation accuracy"

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        tidy(ax)
        self._guide = self.guide()
        self._curves = {
            name: self.curve(LINE_STYLES["val"], color=color(i), marker=marker(i), **LOOK)
            for name, i in self.styles.items()
        }
        legend_of(ax, self.styles)
        self._axis = ValueAxis(at.values)
        self._axis.apply(ax, at.name)
        ax.set(ylim=(0, 1.02), ylabel=self.ylabel)

    def update(self, at: At) -> None:
        """Show what `find` finds."""
        self._guide.set_xdata([self._axis.position(at.index)] * 2)
        for name, samples in self.find(at).items():
            self._curves[name].show(self._axis.positions, samples)


@dataclass(eq=False)
class LossCurves(Part):
    """Training and validation loss of both runs: color and marker show the run, the style the
    split.

    Args:
        find: ``find(at)`` -> x [points], and the losses [runs, seeds, points] on each split.
        top: where the axis ends.
        axis: ``axis(at)`` -> the limit of x and its label.
    """

    find: Callable[[At], tuple[ArrayLike, Array, Array]]
    top: float
    axis: Callable[[At], tuple[float, str]]

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        tidy(ax)
        self._curves = [
            [
                self.curve(LINE_STYLES[split], color=color(i), marker=marker(i), **LOOK)
                for i in (0, 1)
            ]
            for split in SPLIT_NAMES
        ]
        ax.set(ylim=(0, self.top), ylabel="cross-entropy")
        legend_of(ax, STYLES, splits=True)
        self._now: tuple[float, str] | None = None

    def update(self, at: At) -> None:
        """Show what `find` finds, on an axis that may change with the settings."""
        if self.axis(at) != self._now:
            self._now = last, label = self.axis(at)
            self.ax.set(xlim=(0, last), xlabel=label)
            self.redraw_background()
        x, *losses = self.find(at)
        for curves, of_split in zip(self._curves, losses, strict=True):
            for curve, samples in zip(curves, of_split, strict=True):
                curve.show(x, samples.T)
                curve.line.set_markevery(max(1, samples.shape[-1] // 8))


def legend_of(ax: Axes, styles: Mapping[str, int], *, splits: bool = False) -> None:
    """A legend of colors and markers above the axes; with `splits`, of the line styles as well."""
    handles = [
        Line2D([], [], color=color(i), marker=marker(i), label=name, **LOOK)
        for name, i in styles.items()
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
