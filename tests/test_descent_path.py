"""The path of gradient descent from zero, beside that of an L2 penalty."""

from typing import Any

import numpy as np
import pytest

from course_utils.experiments.descent_path import BEST, LR, descend, ridge, solve
from course_utils.panels.early_stopping.descent_path import RATIOS, STEPS

NOISE = 0.2
EPOCHS, SEEDS = 12, 2


# The path.


@pytest.mark.parametrize("ratio", RATIOS)
def test_both_paths_are_what_their_formulas_say(ratio: float) -> None:
    curvatures = np.array([1.0, 1 / ratio])
    assert np.allclose(solve(1, ratio, "at zero").curvatures, curvatures)
    for steps in STEPS:
        end = descend(curvatures, np.zeros(2), steps)[-1]
        shares = 1 - (1 - LR * curvatures) ** steps
        assert np.isclose(np.linalg.norm(end), _length(shares))
        if steps:
            lam = 1 / (LR * steps)
            kept = curvatures / (curvatures + lam)
            assert np.isclose(np.linalg.norm(ridge(curvatures, lam)), _length(kept))


def _length(shares: Any) -> float:
    """Length of the weights that keep these shares of `BEST` in the two directions."""
    steep = ridge(np.array([1.0, 0.0]), 1e-12)  # what BEST has in the steep direction
    parts = np.array([np.linalg.norm(steep), np.linalg.norm(BEST - steep)])
    return float(np.linalg.norm(shares * parts))


def test_from_zero_the_two_stay_within_some_hundredths_and_elsewhere_they_do_not() -> None:
    apart = [solve(steps, ratio, "at zero").apart for steps in STEPS for ratio in RATIOS]
    assert max(apart) < 0.07
    assert max(solve(steps, 1, "at zero").apart for steps in STEPS) < 0.005
    assert solve(12, 10, "elsewhere").apart > 0.3
