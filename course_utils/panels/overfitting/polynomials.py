"""The *degree* panel of lesson 01: the error of polynomial fits, split into bias and variance."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.evidence import estimate
from course_utils.experiments.polynomials import DEGREES, GRID, Fits, fit_polynomials, truth
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.plots import COLORS, MARKERS, NEUTRAL, Part, PartsBoard, legend_above

POINTS = (20, 30, 50, 100, 200)
SPREADS = (0.1, 0.3, 0.6)
SHOWN = 30  # fits


def degree(points: Sequence[int] = POINTS, noises: Sequence[float] = SPREADS) -> Sweep:
    """Polynomials from degree 0 to 15, each fitted to 200 noisy data sets: bias and variance.

    The panel's `result` is a `Fits`.
    """

    def compute(points: int, noise: float) -> Iterator[Fits]:
        yield fit_polynomials(points, noise)

    return sweep(
        compute,
        PartsBoard([_ManyFits(), _Errors()], height=3.4, widths=[1, 1.05]),
        name="degree",
        values=slider(DEGREES, start=3),
        controls={"points": choice(points, start=points[1]), "noise": choice(noises, start=0.3)},
        title="Bias and variance of polynomial fits",
    )


class _ManyFits(Part):
    """Some of the fits, their mean, and the function they were drawn from."""

    def draw(self, ax: Axes, at: At) -> None:
        ax.set(xlim=(-1, 1), ylim=(-2.5, 2.5), xlabel="x", ylabel="y", xticks=[-1, -0.5, 0, 0.5, 1])
        ax.plot(GRID, truth(GRID), color="black", linewidth=1.6, linestyle="--", label="truth")
        self._fits = self.lines(colors=COLORS[1], linewidths=0.7, alpha=0.45)
        self._points = self.line("o", color=NEUTRAL, markersize=3.5, label="data")
        ax.plot([], [], color=COLORS[1], linewidth=0.9, label=f"{SHOWN} of the fits")
        self._mean = self.line(color=COLORS[0], linewidth=2.2, label="mean fit")
        legend_above(ax)

    def update(self, at: At) -> None:
        curves = at.result.curves[at.value]
        self._fits.set_segments([np.column_stack([GRID, c]) for c in curves[:SHOWN]])
        self._points.set_data(at.result.x, at.result.y[0])
        self._mean.set_data(GRID, curves.mean(axis=0))


class _Errors(Part):
    """bias², variance and the error on new points against the degree, on a logarithmic axis."""

    def draw(self, ax: Axes, at: At) -> None:
        ax.set(xlim=(-0.5, DEGREES[-1] + 0.5), xticks=DEGREES[::3], xlabel="degree")
        ax.set(yscale="log", ylim=(1e-4, 100), ylabel="squared error (log scale)")
        self._guide = self.guide()
        self._bias2, self._variance, self._error = (
            self.curve(color=COLORS[i], marker=MARKERS[i], markersize=4, label=label)
            for i, label in enumerate(["bias²", "variance", "error, new data"])
        )
        self._noise = self.moves(
            ax.axhline(1, color="black", linestyle=":", linewidth=1.2, zorder=1.9, label="noise²")
        )
        legend_above(ax)

    def update(self, at: At) -> None:
        fits: Fits = at.result
        self._guide.set_xdata([at.value, at.value])
        self._bias2.show(DEGREES, fits.bias2)
        self._variance.show(DEGREES, fits.variance)
        self._error.show(DEGREES, fits.error, lowest=1e-6)
        self._noise.set_ydata([fits.noise**2] * 2)

    def say(self, at: At) -> str:
        fits, d = at.result, at.value
        error = estimate(fits.error[d])
        parts = (fits.bias2[d], fits.variance[d], fits.noise**2)
        return (
            f"degree {d}: bias² {_short(parts[0])} + variance {_short(parts[1])} + noise² "
            f"{_short(parts[2])} = {_short(sum(parts))}; measured error on new data "
            f"{_short(error.mean)} ± {_short(error.half_width)} over {fits.error.shape[1]} data "
            f"sets; the error is lowest at degree {fits.error.mean(axis=1).argmin()}"
        )


def _short(number: float) -> str:
    """Three decimals are enough for an error of about 1, and 0.0 would look like none."""
    return "below 0.001" if number < 0.0005 else f"{number:.3f}" if number < 10 else f"{number:.0f}"
