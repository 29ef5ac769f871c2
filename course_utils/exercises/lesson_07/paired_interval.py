"""Visible check of exercise 07: ``paired_interval``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.evidence import estimate, interval_along, paired_difference
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SPREAD_OF_SINGLE_PAIRS = (
        "√n is missing: this is the spread of single pairs, not the uncertainty of the mean"
    )
    DIVIDED_BY_N = "this divides s by n; divide by the root of n"
    BIASED_DEVIATION = "s must divide by n - 1: np.std needs ddof=1"
    UNPAIRED = "the two sides were treated as if they were not paired"
    N_DEGREES_OF_FREEDOM = "the degrees of freedom are n - 1, not n"
    ONE_SIDED = "0.95 leaves 5% on one side; 2.5% must be on each side, so use 0.975"
    NORMAL_INTERVAL = "1.96 is for infinitely many seeds; use t for n = 4"
    NOT_THREE = "end with `return mean, low, high`"
    THE_OTHER_WAY_ROUND = "this is b - a; the task asks for a - b"
    MEAN_IN_THE_MIDDLE = "this is the lower end; the order is mean, low, high"


INTERVALS = (estimate, paired_difference, interval_along)


def paired_interval(answer: Callable[[Any, Any], Any]) -> None:
    """Task ``paired_interval(a, b)`` -> mean, low and high."""
    with attempt("paired_interval", answer, by_hand=INTERVALS) as check:
        a, b = [0.80, 0.88, 0.90, 0.94], [0.79, 0.85, 0.88, 0.90]
        on = f"a = {a}, b = {b}: differences of 0.01, 0.03, 0.02 and 0.04"
        mean, low, high = triple(check, answer(a, b), on=on)
        t, s = 3.182446, 0.0129099
        check.close(
            "the mean is that of the differences a - b",
            mean,
            0.025,
            on=on,
            hint="subtract seed by seed, then average",
            mistakes={
                Mistake.THE_OTHER_WAY_ROUND: -0.025,
                Mistake.MEAN_IN_THE_MIDDLE: 0.025 - t * s / 2,
            },
        )
        apart = float(np.hypot(np.std(a, ddof=1), np.std(b, ddof=1)))
        widths: dict[str, float] = {
            Mistake.SPREAD_OF_SINGLE_PAIRS: t * s,
            Mistake.DIVIDED_BY_N: t * s / 4,
            Mistake.BIASED_DEVIATION: t * 0.0111803 / 2,
            Mistake.UNPAIRED: t * apart / 2,
            Mistake.N_DEGREES_OF_FREEDOM: 2.776445 * s / 2,
            Mistake.ONE_SIDED: (2.353363 * s / 2),
            Mistake.NORMAL_INTERVAL: 1.96 * s / 2,
        }
        check.close(
            "the interval is t s / √n to each side",
            [low, high],
            [0.025 - t * s / 2, 0.025 + t * s / 2],
            on=on,
            hint="t times the standard deviation of the differences, divided by √n",
            mistakes={hint: [0.025 - width, 0.025 + width] for hint, width in widths.items()},
        )


def triple(check: Check, got: Any, *, on: str) -> tuple[Any, Any, Any]:
    """Check that `got` is three numbers, and return it."""
    check.that(
        isinstance(got, tuple | list) and len(got) == 3,
        "returns three numbers",
        on=on,
        expected="(mean, low, high)",
        got=got,
        hint=Mistake.NOT_THREE,
    )
    return got[0], got[1], got[2]
