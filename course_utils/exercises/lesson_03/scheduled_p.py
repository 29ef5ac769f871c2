"""Visible check of exercise 03: ``scheduled_p``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import numpy as np
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NOT_0_AT_FIRST = "in epoch 0 nothing is dropped yet"
    NOT_HALF_WAY = "half of the warm-up has passed, so p is half of p_max"
    GROWS_FOR_EVER = "the warm-up is over, and p stays at p_max"
    DIVIDES_BY_ZERO = "without a warm-up p is p_max from the start; check whether warmup is 0 first"
    WHOLE_NUMBER = "0 is an int in Python; 0.0 is a float"


def scheduled_p(answer: Callable[[int, int, float], float]) -> None:
    """Task ``scheduled_p(epoch, warmup, p_max)``."""
    with attempt("scheduled_p", answer) as check:
        for epoch, warmup, expected, hint in (
            (0, 10, 0.0, Mistake.NOT_0_AT_FIRST),
            (5, 10, 0.2, Mistake.NOT_HALF_WAY),
            (10, 10, 0.4, "the warm-up is over, so p is p_max"),
            (25, 10, 0.4, Mistake.GROWS_FOR_EVER),
            (0, 0, 0.4, Mistake.DIVIDES_BY_ZERO),
        ):
            on, got = f"epoch = {epoch}, warmup = {warmup}, p_max = 0.4", answer(epoch, warmup, 0.4)
            check.close(
                "p rises in a straight line, then stays",
                got,
                expected,
                on=on,
                hint=hint,
            )
            check.that(
                isinstance(got, float | np.floating),
                "a float is returned",
                on=on,
                expected="a float",
                got=f"{got}, of type {type(got).__name__}",
                hint="`.item()` turns a tensor of one number into a float"
                if isinstance(got, Tensor)
                else Mistake.WHOLE_NUMBER,
            )
