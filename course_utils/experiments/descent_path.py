"""Gradient descent stopped early walks almost where L2 leads.

On a quadratic loss ``(w - best)ᵀ A (w - best) / 2`` both have closed forms in the directions of A's
eigenvectors. From a start at 0, t steps of size η keep the share ``1 - (1 - η a)^t`` of `best` in a
direction with curvature a; a penalty ``λ Σw² / 2`` keeps ``a / (a + λ)`` (Bishop 1995; Goodfellow
et al. 2016, chapter 7.8). For small shares the two agree at λ = 1 / (η t); for larger ones another
λ fits better, so the one is looked for that comes closest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

STARTS = {"at zero": (0.0, 0.0), "elsewhere": (1.4, -0.4)}
LR = 0.2
BEST = np.array([1.2, 0.8])  # the weights without a penalty, trained to the end
_ANGLE = np.deg2rad(25.0)
DIRECTIONS = np.array(
    [[np.cos(_ANGLE), np.sin(_ANGLE)], [-np.sin(_ANGLE), np.cos(_ANGLE)]]
)  # rows: steep, flat


@dataclass(frozen=True)
class Paths:
    """Both paths for one setting of the controls."""

    steps: int
    curvatures: Vector  # [2]: steep, flat
    start: Vector
    descent: Vector  # weights after 0, 1, ... steps, [steps + 1, 2]
    ridge: Vector  # minimizers for λ from infinity down to 0, [n, 2]
    strength: float  # the λ whose minimizer is closest to the weights of gradient descent
    matched: Vector  # that minimizer

    @property
    def rule_of_thumb(self) -> float:
        """The λ that matches the number of steps while both are close to the start."""
        return 1 / (LR * self.steps) if self.steps else float("inf")

    def kept_by_steps(self, curvatures: Vector) -> Vector:
        """The share of `BEST` that the steps reach from 0, in directions of such curvatures."""
        return np.asarray(1 - (1 - LR * curvatures) ** self.steps)

    def kept_by_penalty(self, curvatures: Vector) -> Vector:
        """The share of `BEST` that the closest penalty keeps, likewise."""
        return curvatures / (curvatures + self.strength)

    @property
    def apart(self) -> float:
        """Distance of the two solutions, as a share of the distance from 0 to `BEST`."""
        return float(np.linalg.norm(self.descent[-1] - self.matched) / np.linalg.norm(BEST))


def descend(curvatures: Vector, start: Vector, steps: int) -> Vector:
    """Gradient descent from `start`: the weights after 0, 1, ... `steps` steps, [steps + 1, 2]."""
    matrix = DIRECTIONS.T @ np.diag(curvatures) @ DIRECTIONS
    walked = [np.asarray(start, dtype=float)]
    for _ in range(steps):
        walked.append(walked[-1] - LR * matrix @ (walked[-1] - BEST))
    return np.array(walked)


def ridge(curvatures: Vector, strength: float) -> Vector:
    """The weights [2] that minimize the loss plus ``strength * Σw² / 2``."""
    kept = curvatures / (curvatures + strength) if np.isfinite(strength) else np.zeros(2)
    return np.asarray(DIRECTIONS.T @ (kept * (DIRECTIONS @ BEST)))


def solve(steps: int, ratio: float, start: str) -> Paths:
    """Both paths: curvature 1 in the steep direction, 1 / ratio in the flat one."""
    curvatures, begin = np.array([1.0, 1.0 / ratio]), np.array(STARTS[start])
    strengths = np.array([np.inf, *np.geomspace(1e3, 1e-4, 400), 0.0])
    descent = descend(curvatures, begin, steps)
    minimizers = np.array([ridge(curvatures, s) for s in strengths])
    near = int(np.linalg.norm(minimizers - descent[-1], axis=1).argmin())
    return Paths(
        steps, curvatures, begin, descent, minimizers, float(strengths[near]), minimizers[near]
    )
