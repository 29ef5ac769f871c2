"""Visible check of exercise 03: ``choose_p``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SWAPPED = "both values are right, but the order must be best, smallest"
    BEST_SINGLE_RUN = "this is the p of the single best run; one lucky seed is no evidence"
    PLACE = "this is the position in the list; look up the p there"
    OVERLAPPING_INTERVALS = (
        "seed by seed, p = 0 is worse than the best, and the interval of this difference excludes "
        "0; find the smallest p that is not clearly worse"
    )
    BEST_ONLY = "this is the best p itself; a smaller one is not clearly worse"


def choose_p(answer: Callable[[Sequence[float], Any], tuple[float, float]]) -> None:
    """Task ``choose_p(values, val_acc)`` -> the best p and the smallest not clearly worse."""
    with attempt("choose_p", answer) as check:
        values, acc = small_sweep()
        on = "values = [0, 0.3, 0.5, 0.8], val_acc of 4 seeds, as in the cell above"
        got = answer(values, acc)
        best, smallest = check.pair(got, "best, smallest", on=on)
        check.close(
            "the best p has the highest mean",
            best,
            0.5,
            on=on,
            hint="take the mean over the seeds for each p; then the p of the highest mean",
            mistakes={
                (Mistake.SWAPPED if smallest == 0.5 else Mistake.BEST_SINGLE_RUN): 0.3,
                Mistake.PLACE: 2.0,
            },
        )
        check.close(
            "the smallest p that is not clearly worse",
            smallest,
            0.3,
            on=on,
            hint="compare each p with the best, paired by seed; it is not clearly worse if the "
            "interval of the difference includes 0",
            mistakes={
                Mistake.OVERLAPPING_INTERVALS: 0.0,
                Mistake.BEST_ONLY: 0.5,
            },
        )


def small_sweep() -> tuple[list[float], Any]:
    """Four values of p with four seeds each: accuracies that spread more between seeds than
    between values, and one lucky run."""
    by_seed = np.array([0.80, 0.84, 0.88, 0.92])
    gains = [
        np.array([0.0, 0.0, 0.001, 0.0]),
        np.array([0.02, 0.01, 0.035, 0.05]),
        np.array([0.03, 0.031, 0.029, 0.03]),
        np.array([-0.05, -0.06, -0.05, -0.04]),
    ]
    return [0.0, 0.3, 0.5, 0.8], np.stack([by_seed + gain for gain in gains])
