"""Random and grid search under one budget: which settings to try."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The range of a setting: from `low` to `high`, uniform, or uniform in its logarithm."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (self.low < self.high and (self.low > 0 or not self.log)):
            raise ValueError(
                f"a range must rise, from above 0 if it is logarithmic, got {self.low} to "
                f"{self.high}; write Range(1e-5, 1e-1, log=True)"
            )

    def at(self, share: float) -> float:
        """The value at `share` of the way: 0 is `low`, 1 is `high`."""
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)


Box = Mapping[str, Range]


def random_settings(box: Box, budget: int, seed: int = 0) -> list[dict[str, float]]:
    """`budget` settings, each value drawn independently (Bergstra and Bengio 2012)."""
    rng = random.Random(seed)
    return [{name: r.at(rng.random()) for name, r in box.items()} for _ in range(_checked(budget))]


def grid_settings(box: Box, budget: int) -> list[dict[str, float]]:
    """`budget` settings on a grid: the centers of equal cells.

    Raises ValueError if `budget` is not a number of values per axis to the power of the axes.
    """
    per_axis = round(_checked(budget) ** (1 / len(box)))
    if per_axis ** len(box) != budget:
        raise ValueError(
            f"a grid over {len(box)} settings needs a budget of k to the power {len(box)}, got "
            f"{budget}; the nearest is {per_axis ** len(box)}"
        )
    axes = [[r.at((i + 0.5) / per_axis) for i in range(per_axis)] for r in box.values()]
    return [dict(zip(box, point, strict=True)) for point in itertools.product(*axes)]


def chance_of_hit(share: float, budget: int) -> float:
    """The probability that one of `budget` random settings is among the best `share` of the box."""
    return 1 - math.pow(1 - share, budget)


def _checked(budget: int) -> int:
    if budget < 1:
        raise ValueError(f"budget must be at least 1 setting, got {budget}")
    return budget
