"""The table of accuracies for the question in words of exercise 07."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


def small_table() -> dict[str, Scores]:
    """Accuracies of five mixes on the judged half, 8 seeds each, for the question in words."""
    seeds = np.array([0.861, 0.874, 0.852, 0.869, 0.880, 0.858, 0.866, 0.872])
    wave = np.array([1.0, -1.0, 0.5, -0.5, -1.0, 1.0, 0.5, -0.5])
    return {
        "nothing": seeds,
        "dropout": seeds + 0.021 + 0.004 * wave,
        "augmentation": seeds + 0.038 - 0.005 * wave,
        "dropout, augmentation": seeds + 0.041 + 0.006 * wave,
        "all five": seeds + 0.033 + 0.004 * wave,
    }
