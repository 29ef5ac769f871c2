"""Visible check of exercise 02: ``choose_lambda``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    VERDICT_NOT_A_BOOL = "`paired_difference(a, b).is_clear` is such a value"
    OVERLAPPING_INTERVALS = (
        "seed by seed, λ = 0.01 gains 0.03, 0.034, 0.029 and 0.033, and the interval of this gain "
        "excludes 0"
    )
    ANY_GAIN_IS_CLEAR = (
        "a higher mean is not yet a clear gain: does the interval of the paired difference "
        "exclude 0?"
    )
    DIVERGED_CHOSEN = (
        "this λ has a run that diverged (NaN), so it has no mean; NumPy's argmax takes NaN "
        "for the largest, and nanmean leaves the failure out"
    )
    BEST_SINGLE_RUN = (
        "this λ has the single best run, but another has the higher mean; one lucky seed is no "
        "evidence"
    )
    PLACE = "this is the position in the list; look up the λ there"


def choose_lambda(answer: Callable[[Sequence[float], Any], tuple[float, bool]]) -> None:
    """Task ``choose_lambda(values, val_acc)`` -> the best λ, and whether it clearly helps."""
    with attempt("choose_lambda", answer) as check:
        values, acc = small_sweep()
        on = "values = [0, 0.001, 0.01, 0.1], val_acc of 4 seeds, as in the cell above"
        got = answer(values, acc)
        best, clear = check.pair(got, "best, clear", on=on)
        check.close(
            "the best λ has the highest mean",
            best,
            0.01,
            on=on,
            hint="take the mean over the seeds for each λ; then the λ of the highest mean",
            mistakes={
                Mistake.DIVERGED_CHOSEN: 0.1,
                Mistake.BEST_SINGLE_RUN: 0.001,
                Mistake.PLACE: 2.0,
            },
        )
        is_clear(
            check,
            clear,
            True,
            on=on,
            hint=Mistake.OVERLAPPING_INTERVALS,
        )
        on = "the first two rows of the same sweep"
        best, clear = answer(values[:2], acc[:2])
        check.close(
            "the best λ has the highest mean",
            best,
            0.001,
            on=on,
            hint="the higher mean of the two decides",
        )
        is_clear(
            check,
            clear,
            False,
            on=on,
            hint=Mistake.ANY_GAIN_IS_CLEAR,
        )


def is_clear(check: Check, got: object, expected: bool, *, on: str, hint: str) -> None:
    """Check that the verdict is a bool, and the right one."""
    check.that(
        isinstance(got, bool | np.bool_),
        "the verdict is True or False",
        on=on,
        expected="True or False",
        got=got,
        hint=Mistake.VERDICT_NOT_A_BOOL,
    )
    check.that(
        bool(got) is expected,
        "whether it clearly beats λ = 0",
        on=on,
        expected=expected,
        got=bool(got),
        hint=hint,
    )


def small_sweep() -> tuple[list[float], Any]:
    """Four values of λ with four seeds each: seeds that differ by more than the values do, one
    lucky run, and one that diverged."""
    by_seed = np.array([0.78, 0.82, 0.86, 0.90])
    gains = [
        np.zeros(4),
        np.array([-0.01, 0.005, -0.012, 0.055]),
        np.array([0.03, 0.034, 0.029, 0.033]),
        np.array([0.05, 0.045, np.nan, 0.048]),
    ]
    return [0.0, 0.001, 0.01, 0.1], np.stack([by_seed + gain for gain in gains])
