"""Small made-up problems that can be drawn: two in the plane, one on a line.

`seed` and `n` choose the training points only; validation and test points are drawn once, from
streams of their own, from the same distribution. With the same seed the first n points are the
same for every n, and a larger noise pushes the same points further in the same directions.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_utils.data.argument_checks import check_count, check_spread
from course_utils.data.dataset import Dataset
from course_utils.data.seal import SealedTestSet
from course_utils.data.splits import normals, uniforms

HELD_OUT = 500
"""Points in the validation set, and as many in the test set, of each problem in this module."""

Points = tuple[NDArray[np.float64], NDArray[np.float64 | np.int64]]


def moons(n: int = 200, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two half circles of radius 1 that reach into each other, centered on the origin.

    Args:
        n: training points, classes alternating; x is [n, 2].
        noise: standard deviation of the normal noise on each coordinate. Around 0.15 the classes
            begin to overlap.
        seed: which training points.
    """
    noise = check_spread(noise, "noise")

    def draw(stream: str, seed: int, n: int) -> Points:
        label = np.arange(n) % 2
        angle = np.pi * uniforms(f"moons {stream}", seed, n)
        side = 1 - 2 * label
        center = np.stack([side * (np.cos(angle) - 0.5), side * (np.sin(angle) - 0.25)], axis=1)
        return center + noise * normals(f"moons {stream} noise", seed, n, 2), label

    return _dataset("moons", draw, check_count(n, "n"), seed, num_classes=2)


def spirals(n: int = 300, noise: float = 0.04, seed: int = 0, *, num_classes: int = 2) -> Dataset:
    """Arms that wind once around the origin, one per class, out to radius 1.

    Args:
        n: training points, classes in turn; x is [n, 2].
        noise: standard deviation of the normal noise on each coordinate.
        seed: which training points.
        num_classes: number of arms, at least 2.
    """
    noise = check_spread(noise, "noise")
    arms = check_count(num_classes, "num_classes")
    if arms < 2:
        raise ValueError(f"num_classes must be at least 2, got {arms}; use num_classes=2")

    def draw(stream: str, seed: int, n: int) -> Points:
        label = np.arange(n) % arms
        # The square root spreads the points evenly along the arm instead of crowding the center.
        radius = 0.1 + 0.9 * np.sqrt(uniforms(f"spirals {stream}", seed, n))
        angle = 2 * np.pi * (radius + label / arms)
        center = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return center + noise * normals(f"spirals {stream} noise", seed, n, 2), label

    return _dataset("spirals", draw, check_count(n, "n"), seed, num_classes=arms)


def true_function(x: Tensor) -> Tensor:
    """What :func:`polynomial` samples: f(x) = sin(4x + 1/2), elementwise.

    It is smooth but no polynomial, and each degree from 2 up to about 8 brings one closer to it.
    """
    return torch.sin(4 * x + 0.5)


def polynomial(n: int = 30, noise: float = 0.3, seed: int = 0) -> Dataset:
    """A curve to fit polynomials to: y = true_function(x) + noise, a regression.

    Args:
        n: training points; x is [n, 1], uniform in [-1, 1], and y is float32 [n].
        noise: standard deviation of the normal noise on y, in all three parts of the data.
        seed: which training points, and their noise.
    """
    noise = check_spread(noise, "noise")

    def draw(stream: str, seed: int, n: int) -> Points:
        x = 2 * uniforms(f"polynomial {stream}", seed, n) - 1
        truth = true_function(torch.from_numpy(x)).numpy()
        return x[:, None], truth + noise * normals(f"polynomial {stream} noise", seed, n)

    return _dataset("polynomial", draw, check_count(n, "n"), seed, num_classes=None)


def _dataset(
    name: str, draw: Callable[[str, int, int], Points], n: int, seed: int, num_classes: int | None
) -> Dataset:
    """Put the parts together: training from the caller's seed, the others from fixed streams."""
    target = torch.float32 if num_classes is None else torch.int64

    def part(stream: str, seed: int, n: int) -> tuple[Tensor, Tensor]:
        x, y = draw(stream, seed, n)
        return torch.from_numpy(x).to(torch.float32), torch.from_numpy(y).to(target)

    x_train, y_train = part("train", seed, n)
    x_val, y_val = part("val", 0, HELD_OUT)
    test = SealedTestSet(*part("test", 0, HELD_OUT), name=name)
    return Dataset(name, x_train, y_train, x_val, y_val, test, num_classes)
