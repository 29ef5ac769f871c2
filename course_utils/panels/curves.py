"""Named scores as curves, along a training or against the slider's values: parts of many panels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.live import At
from course_utils.plots import NEUTRAL, Array, Part, ValueAxis, color, legend_above, marker

MOST_MARKERS = 20  # on one curve


@dataclass(eq=False)
class _NamedCurves(Part):
    """Named curves with bands over seeds, and a dotted line for what no network gets below.

    Args:
        find: ``find(at)`` -> scores by the names of `styles`, [points, seeds] each; NaN, or a name
            that is left out, is not drawn.
        styles: by name, the number of its color and marker, and the style of its line.
        ylim, ylabel, yscale: of the axis.
        floor: where the dotted line lies, and what it is called; None for none.
        columns: of the legend.
        describe: ``describe(at)`` -> half a sentence about what is shown.
    """

    find: Callable[[At], Mapping[str, Array]]
    styles: Mapping[str, tuple[int, str]]
    ylim: tuple[float, float]
    ylabel: str
    floor: tuple[float, str] | None = None
    columns: int = 2
    yscale: str = "linear"
    describe: Callable[[At], str] = lambda at: ""

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        ax.set(yscale=self.yscale, ylim=self.ylim, ylabel=self.ylabel)
        self._guide = self.guide()
        self._curves = {
            name: self.curve(
                line, color=color(i), marker=marker(i), markersize=5, linewidth=1.7, label=name
            )
            for name, (i, line) in self.styles.items()
        }
        if self.floor is not None:
            at_loss, name = self.floor
            ax.axhline(at_loss, color=NEUTRAL, linestyle=":", linewidth=1.5, label=name)
        legend_above(ax, self.columns)

    def say(self, at: At) -> str:
        """What `describe` returns."""
        return self.describe(at)

    def show(self, x: ArrayLike, at: At, *, bridge: bool) -> None:
        """Move the curves to what `find` finds at `x`; `bridge`: over places without a score."""
        found = self.find(at)
        for name, curve in self._curves.items():
            samples = found.get(name, np.empty((0, 1)))
            places = np.asarray(x)[: len(samples)]
            drawn = np.isfinite(samples).any(axis=1) | (not bridge)
            curve.show(places[drawn], samples[drawn])
            curve.line.set_markevery(max(1, -(-drawn.sum() // MOST_MARKERS)))


@dataclass(eq=False)
class AgainstValues(_NamedCurves):
    """Named scores against the slider's values, [values, seeds]."""

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points, on the axis of the values."""
        super().draw(ax, at)
        self._axis = ValueAxis(at.values)
        self._axis.apply(ax, at.name)

    def update(self, at: At) -> None:
        """Show what `find` finds, and where the slider stands."""
        self._guide.set_xdata([self._axis.position(at.index)] * 2)
        self.show(self._axis.positions, at, bridge=False)


@dataclass(eq=False)
class OverTraining(_NamedCurves):
    """Named scores against how far the training has come, [points, seeds].

    Args:
        places: ``places(at)`` -> x of the points.
        xlabel: ``xlabel(at)`` -> what they are.
    """

    places: Callable[[At], ArrayLike] = lambda at: np.arange(at.result.epochs + 1)
    xlabel: Callable[[At], str] = lambda at: "epoch"

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        super().draw(ax, at)
        self._guide.set_visible(False)

    def update(self, at: At) -> None:
        """Show what `find` finds, on an axis that may be another one for other settings."""
        x = np.asarray(self.places(at))
        # Before the first step there is only 0.
        self.set_axes(xlim=(0.0, float(x[-1]) or 1.0), xlabel=self.xlabel(at))
        self.show(x, at, bridge=True)
