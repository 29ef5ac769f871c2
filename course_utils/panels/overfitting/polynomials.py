"""The *degree* panel of lesson 01: the error of polynomial fits, split into bias and variance.

The split is that of Geman, Bienenstock and Doursat (1992). Least squares has its solution in closed
form, so every degree is fitted to hundreds of data sets at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.polynomial import legendre
from numpy.typing import NDArray

from course_utils.data import true_function
from course_utils.data.splits import normals
from course_utils.evidence import estimate, interval_along
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.plots import COLORS, MARKERS, Board, tidy
from course_utils.plots.style import BAND_ALPHA, FONT_SIZE, NEUTRAL, legend_above

Array = NDArray[np.float64]

DEGREES = tuple(range(16))
POINTS = (20, 30, 50, 100, 200)
SPREADS = (0.1, 0.3, 0.6)
DATA_SETS = 200
GRID = np.linspace(-1, 1, 81)


@dataclass
class Fits:
    """Polynomials of every degree, fitted to many data sets; all errors are means over x.

    Least squares is linear in y, so the mean fit over all possible data sets is the fit to the
    truth: `bias2` is exact. `variance` and `error` are measured.
    """

    noise: float
    x: Array  # [points]
    y: Array  # [data sets, points]
    curves: Array  # [degrees, data sets, grid]
    error: Array  # on new points with noise of their own [degrees, data sets]
    bias2: Array  # [degrees]
    variance: Array  # [degrees]


def fit_polynomials(points: int, noise: float, *, data_sets: int = DATA_SETS) -> Fits:
    """Least-squares fits of degree 0 to 15 to `data_sets` noisy samples of `true_function`.

    Args:
        points: in each data set, evenly spaced in [-1, 1]; what differs is their noise.
        noise: standard deviation of the noise on y.
    """
    x = (2 * np.arange(points) + 1) / points - 1
    y = _truth(x) + noise * normals("degree: noise", 0, data_sets, points)
    # Orthonormal columns make the fits nested: degree d is the sum of the first d + 1 terms.
    top = DEGREES[-1]
    q, r = np.linalg.qr(legendre.legvander(x, top))
    basis = np.linalg.solve(r.T, legendre.legvander(GRID, top).T)
    curves = np.cumsum((y @ q).T[:, :, None] * basis[:, None, :], axis=0)
    mean_fit = np.cumsum((_truth(x) @ q)[:, None] * basis, axis=0)
    new = _truth(GRID) + noise * normals("degree: new points", 0, data_sets, len(GRID))
    return Fits(
        noise=noise,
        x=x,
        y=y,
        curves=curves,
        error=((curves - new) ** 2).mean(axis=2),
        bias2=((mean_fit - _truth(GRID)) ** 2).mean(axis=1),
        variance=curves.var(axis=1).mean(axis=1),
    )


def _truth(x: Array) -> Array:
    return np.asarray(true_function(torch.from_numpy(x)).numpy(), dtype=float)


def degree(points: Sequence[int] = POINTS, noises: Sequence[float] = SPREADS) -> Sweep:
    """Polynomials from degree 0 to 15, each fitted to 200 noisy data sets: bias and variance.

    The panel's `result` is a `Fits`.
    """

    def compute(**settings: float) -> Iterator[Fits]:
        yield fit_polynomials(int(settings["points"]), settings["noise"])

    return sweep(
        compute,
        _DegreeBoard(),
        name="degree",
        values=slider(DEGREES, start=3),
        controls={"points": choice(points, start=points[1]), "noise": choice(noises, start=0.3)},
        title="Bias and variance of polynomial fits",
    )


class _ManyFits:
    """Some of the fits, their mean, and the function they were drawn from."""

    def __init__(self, ax: Axes, shown: int = 30) -> None:
        tidy(ax)
        ax.set(xlim=(-1, 1), ylim=(-2.5, 2.5), xlabel="x", ylabel="y", xticks=[-1, -0.5, 0, 0.5, 1])
        self._shown = shown
        ax.plot(GRID, _truth(GRID), color="black", linewidth=1.6, linestyle="--", label="truth")
        (self._points,) = ax.plot([], [], "o", color=NEUTRAL, markersize=3.5, label="data")
        self._fits = LineCollection([], colors=COLORS[1], linewidths=0.7, alpha=0.45)
        ax.add_collection(self._fits)
        ax.plot([], [], color=COLORS[1], linewidth=0.9, label=f"{shown} fits")
        (self._mean,) = ax.plot([], [], color=COLORS[0], linewidth=2.2, label="mean fit")
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        return [self._fits, self._points, self._mean]

    def update(self, fits: Fits, degree: int) -> None:
        curves = fits.curves[degree]
        self._fits.set_segments([np.column_stack([GRID, c]) for c in curves[: self._shown]])
        self._points.set_data(fits.x, fits.y[0])
        self._mean.set_data(GRID, curves.mean(axis=0))


class _Errors:
    """bias², variance and the error on new points against the degree, on a logarithmic axis."""

    def __init__(self, ax: Axes) -> None:
        tidy(ax)
        ax.set_yscale("log")
        ax.set(xlim=(-0.5, DEGREES[-1] + 0.5), ylim=(1e-4, 100), xlabel="degree")
        ax.set_ylabel("squared error (log scale)", fontsize=FONT_SIZE)
        ax.set_xticks(DEGREES[::3])
        nothing = np.full(len(DEGREES), np.nan)
        self._guide = ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6)
        self._band = ax.fill_between(
            DEGREES, nothing, nothing, color=COLORS[2], alpha=BAND_ALPHA, linewidth=0
        )
        self._lines = [
            ax.plot(DEGREES, nothing, color=COLORS[i], marker=MARKERS[i], markersize=4, label=said)[
                0
            ]
            for i, said in enumerate(["bias²", "variance", "error, new data"])
        ]
        self._noise = ax.axhline(1, color="black", linestyle=":", linewidth=1.2, label="noise²")
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        return [self._guide, self._noise, self._band, *self._lines]

    def update(self, fits: Fits, degree: int) -> None:
        mean, low, high = interval_along(fits.error, axis=1)
        for line, values in zip(self._lines, (fits.bias2, fits.variance, mean), strict=True):
            line.set_ydata(values)
        self._band.set_data(np.array(DEGREES), np.maximum(low, 1e-6), high)
        self._noise.set_ydata([fits.noise**2] * 2)
        self._guide.set_xdata([degree, degree])


class _DegreeBoard(Board):
    def __init__(self) -> None:
        super().__init__(columns=2, height=3.4, widths=[1, 1.05])
        self.fits = self.add(_ManyFits(self.axes[0]))
        self.errors = self.add(_Errors(self.axes[1]))

    def update(self, at: At) -> None:
        self.fits.update(at.result, at.value)
        self.errors.update(at.result, at.value)

    def describe(self, at: At) -> str:
        fits, d = at.result, at.value
        error = estimate(fits.error[d])
        best = int(fits.error.mean(axis=1).argmin())
        parts = (fits.bias2[d], fits.variance[d], fits.noise**2)
        return (
            f"degree {d}: bias² {_short(parts[0])} + variance {_short(parts[1])} + noise² "
            f"{_short(parts[2])} = {_short(sum(parts))}; measured error on new data "
            f"{_short(error.mean)} ± {_short(error.half_width)} over {fits.error.shape[1]} data "
            f"sets; the error is lowest at degree {best}"
        )


def _short(number: float) -> str:
    """Three decimals are enough for an error of about 1, and 0.0 would look like none."""
    return "below 0.001" if number < 0.0005 else f"{number:.3f}" if number < 10 else f"{number:.0f}"
