"""What a set of runs shows: means with their intervals, and differences between paired runs.

One run is an anecdote. Every score in the course is a mean over seeds with the 95% interval of
that mean, and every comparison is a difference between runs that share their seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Samples = Iterable[float] | npt.NDArray[np.floating]


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` seeds and the confidence interval of that mean, in the samples' own units.

    With one sample nothing is known about the spread, and the interval is infinite.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the width of the interval: the number after the ±."""
        return (self.high - self.low) / 2

    def percent(self) -> str:
        """For shares in [0, 1]: ``91.8% ± 0.3``."""
        return f"{100 * self.mean:.1f}% ± {100 * self.half_width:.1f}"

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.half_width:.3f}"


@dataclass(frozen=True)
class Difference(Estimate):
    """A mean difference between paired runs."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0, so that the sign of the difference is known."""
        return self.low > 0 or self.high < 0

    def points(self) -> str:
        """For differences of shares: ``+3.0 ± 0.3 points``."""
        return f"{signed(100 * self.mean, 1)} ± {100 * self.half_width:.1f} points"

    def verdict(self, what: str = "the score", *, points: bool = True) -> str:
        """A sentence that claims no more than the interval supports.

        Args:
            what: what was compared, the subject of the sentence.
            points: whether the samples were shares, so that the difference is given in percentage
                points.
        """
        if math.isnan(self.mean):
            return f"{what} cannot be compared: a run has no score (NaN); did it diverge?"
        if self.n == 1:
            one = f"{signed(100 * self.mean, 1)} points" if points else signed(self.mean, 3)
            return f"{what} differs by {one} in one pair of runs, which says nothing about others"
        if self.is_clear:
            change = "goes up" if self.mean > 0 else "goes down"
        else:
            change = "does not change clearly"
        size = self.points() if points else f"{signed(self.mean, 3)} ± {self.half_width:.3f}"
        return f"{what} {change}: {size}, {self.n} paired seeds"


def signed(number: float, digits: int) -> str:
    """ "+3.0" or "-3.0"; a number that is rounded to 0 has no sign."""
    text = f"{number:+.{digits}f}"
    return text if float(text) else text[1:]


def estimate(samples: Samples, level: float = 0.95) -> Estimate:
    """Mean of `samples`, one per seed, with its t interval at confidence `level`.

    The interval is that of Student (1908): mean ± t · s / √n with n - 1 degrees of freedom. It is
    about the *mean* over seeds; single runs scatter √n times as widely.
    """
    return Estimate(*_interval(_checked(samples), level))


def paired_difference(a: Samples, b: Samples, level: float = 0.95) -> Difference:
    """Mean of ``a - b``, where a[i] and b[i] come from runs that share their seed.

    Sharing weights, batches and noise cancels what the two have in common, so that small effects
    show with 8 seeds.
    """
    first, second = _checked(a), _checked(b)
    if len(first) != len(second):
        raise ValueError(
            f"paired runs need one score for each seed on both sides, got {len(first)} and "
            f"{len(second)}; compare runs with the same seeds"
        )
    return Difference(*_interval(first - second, level))


def _checked(samples: Samples) -> npt.NDArray[np.float64]:
    values = np.asarray(samples if isinstance(samples, np.ndarray) else list(samples), dtype=float)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"need one score for each seed, got an array of shape {values.shape}")
    return values


def _interval(values: npt.NDArray[np.float64], level: float) -> tuple[float, float, float, int]:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be in (0, 1), got {level}; 0.95 is usual")
    n, mean = len(values), float(values.mean())
    if n == 1:
        return mean, -math.inf, math.inf, 1
    t = float(stdtrit(n - 1, (1 + level) / 2))
    half = t * float(values.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half, n


def interval_along(
    samples: npt.NDArray[np.float64], axis: int, level: float = 0.95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """`estimate` for a whole array at once: (mean, low, high) over the seeds on `axis`.

    NaN samples (an epoch not trained yet, a run that diverged) make that entry NaN. With one seed
    there is no interval, and low and high are the mean, so that no band is drawn.
    """
    n = samples.shape[axis]
    mean = samples.mean(axis)
    if n == 1:
        return mean, mean, mean
    t = float(stdtrit(n - 1, (1 + level) / 2))
    half = t * samples.std(axis, ddof=1) / math.sqrt(n)
    return mean, mean - half, mean + half
