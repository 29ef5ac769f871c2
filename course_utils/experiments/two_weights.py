"""Two weights under an L2 and an L1 penalty, solved exactly.

Two standardized inputs with correlation ρ give the least-squares loss
``(w - best)ᵀ A (w - best) / 2`` with ``A = [[1, ρ], [ρ, 1]]``, where `best` is the fit without a
penalty.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.floating]

STRENGTHS = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2]
FIRST = 1.5  # the first weight without a penalty


def ridge(curvature: Vector, best: Vector, strength: float) -> Vector:
    """The weights [2] that minimize loss + strength * (w₁² + w₂²)."""
    found: Vector = np.linalg.solve(curvature + 2 * strength * np.eye(2), curvature @ best)
    return found


def lasso(curvature: Vector, best: Vector, strength: float) -> Vector:
    """The weights [2] that minimize loss + strength * (|w₁| + |w₂|), exactly.

    Once the signs are known (−, 0 or +) the problem is linear; there are nine cases, and the best
    one whose solution has the signs it assumed is the answer.
    """
    pull = curvature @ best
    found, lowest = np.zeros(2), np.inf
    for signs in product((-1.0, 0.0, 1.0), repeat=2):
        s = np.array(signs)
        free = s != 0
        w = np.zeros(2)
        w[free] = np.linalg.solve(curvature[np.ix_(free, free)], pull[free] - strength * s[free])
        if np.all(np.sign(w) == s):
            off = w - best
            cost = off @ curvature @ off / 2 + strength * np.abs(w).sum()
            if cost < lowest:
                found, lowest = w, cost
    return found


@dataclass(frozen=True)
class Solved:
    """The problem at one setting of the sliders, and both solutions for all smaller strengths."""

    strength: float
    curvature: Vector
    best: Vector
    #: For every λ of `grid`: the solutions [λ, 2] by kind.
    paths: dict[str, Vector]
    grid: Vector

    def path(self, kind: str) -> Vector:
        """The way from the best fit to the solution at `strength`, [n, 2]."""
        return self.paths[kind][self.grid <= self.strength + 1e-9]

    def solution(self, kind: str) -> Vector:
        """The weights [2] at `strength`."""
        return self.path(kind)[-1]


def solve(strength: float, second: float, correlation: float) -> Solved:
    """Both paths for one setting of the sliders."""
    curvature = np.array([[1.0, correlation], [correlation, 1.0]])
    best = np.array([FIRST, second])
    grid = np.union1d(np.linspace(0, max(STRENGTHS), 81), STRENGTHS)
    paths = {
        "L2": np.array([ridge(curvature, best, s) for s in grid]),
        "L1": np.array([lasso(curvature, best, s) for s in grid]),
    }
    return Solved(strength, curvature, best, paths, grid)
