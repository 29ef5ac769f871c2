"""Parts of lesson 08's panels: named scores along a training, or against the slider's values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.live import At
from course_utils.plots import Array, Part, ValueAxis, color, marker, tidy
from course_utils.plots.style import FONT_SIZE, NEUTRAL

Named = Mapping[str, Array]


@dataclass(eq=False)
class _Scores(Part):
    """Named curves with bands, and a dotted line for what no network gets below.

    Args:
        find: ``find(at)`` -> scores by the names of `styles`, [points, seeds] each.
        styles: by name, the number of its color and marker, and the style of its line.
        ylim, ylabel: of the axis.
        floor: where the dotted line lies, and what it is called; None for none.
    """

    find: Callable[[At], Named]
    styles: Mapping[str, tuple[int, str]]
    ylim: tuple[float, float]
    ylabel: str
    floor: tuple[float, str] | None = None
    columns: int = 2

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        tidy(ax)
        ax.set(ylim=self.ylim, ylabel=self.ylabel)
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
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.04, 1.0), ncols=self.columns,
            fontsize=FONT_SIZE - 1,
            frameon=False, borderpad=0.2, handlelength=2.4, columnspacing=1.2,
        )  # fmt: skip

    def show(self, x: ArrayLike, at: At) -> None:
        """Move the curves to what `find` finds at the places `x`."""
        for name, samples in self.find(at).items():
            self._curves[name].show(x, samples)


@dataclass(eq=False)
class AgainstValues(_Scores):
    """Named scores against the slider's values, [values, seeds]."""

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points, on the axis of the values."""
        super().draw(ax, at)
        self._axis = ValueAxis(at.values)
        self._axis.apply(ax, at.name)

    def update(self, at: At) -> None:
        """Show what `find` finds, and where the slider stands."""
        self._guide.set_xdata([self._axis.position(at.index)] * 2)
        self.show(self._axis.positions, at)


@dataclass(eq=False)
class OverTraining(_Scores):
    """Named scores against how far the training has come, [points, seeds].

    Args:
        places: ``places(at)`` -> x of the points.
        xlabel: ``xlabel(at)`` -> what they are.
    """

    places: Callable[[At], Sequence[float] | Array] = lambda at: ()
    xlabel: str = "epoch"

    def draw(self, ax: Axes, at: At) -> None:
        """Curves without points."""
        super().draw(ax, at)
        ax.set_xlabel(self.xlabel)
        self._guide.set_visible(False)

    def update(self, at: At) -> None:
        """Show what `find` finds, on an axis that may be another one for other settings."""
        x = self.places(at)
        limits = (0.0, float(x[-1]) or 1.0)  # before the first step there is only 0
        if limits != tuple(self.ax.get_xlim()):
            self.ax.set_xlim(limits)
            self.redraw_background()
        self.show(x, at)
