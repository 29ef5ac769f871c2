"""The error of polynomial fits, split into bias and variance.

The split is that of Geman, Bienenstock and Doursat (1992). Least squares has its solution in closed
form, so every degree is fitted to hundreds of data sets at once.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.polynomial import legendre
from numpy.typing import NDArray

from course_utils.data import true_function
from course_utils.data.splits import normals

Array = NDArray[np.float64]

DEGREES = tuple(range(16))
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
        points: per data set, evenly spaced in [-1, 1]; the data sets differ in their noise.
        noise: standard deviation of the noise on y.
    """
    x = (2 * np.arange(points) + 1) / points - 1
    y = truth(x) + noise * normals("degree: noise", 0, data_sets, points)
    # Orthonormal columns make the fits nested: degree d is the sum of the first d + 1 terms.
    top = DEGREES[-1]
    q, r = np.linalg.qr(legendre.legvander(x, top))
    basis = np.linalg.solve(r.T, legendre.legvander(GRID, top).T)
    curves = np.cumsum((y @ q).T[:, :, None] * basis[:, None, :], axis=0)
    mean_fit = np.cumsum((truth(x) @ q)[:, None] * basis, axis=0)
    new = truth(GRID) + noise * normals("degree: new points", 0, data_sets, len(GRID))
    return Fits(
        noise=noise,
        x=x,
        y=y,
        curves=curves,
        error=((curves - new) ** 2).mean(axis=2),
        bias2=((mean_fit - truth(GRID)) ** 2).mean(axis=1),
        variance=curves.var(axis=1).mean(axis=1),
    )


def truth(x: Array) -> Array:
    """The function that the points are drawn from, x [n] -> y [n]."""
    return np.asarray(true_function(torch.from_numpy(x)).numpy(), dtype=float)
