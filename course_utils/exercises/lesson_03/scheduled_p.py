"""Visible check of exercise 03: ``scheduled_p``."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.exercises.attempt import attempt


def scheduled_p(answer: Callable[[int, int, float], float]) -> None:
    """Task ``scheduled_p(epoch, warmup, p_max)``."""
    with attempt("scheduled_p", answer) as check:
        for epoch, warmup, expected, hint in (
            (0, 10, 0.0, "in epoch 0 nothing is dropped yet"),
            (5, 10, 0.2, "half of the warm-up has passed, so half of p_max"),
            (10, 10, 0.4, "the warm-up is over: p_max"),
            (25, 10, 0.4, "after the warm-up p stays at p_max; it must not grow on"),
            (0, 0, 0.4, "without a warm-up it is p_max from the start; look at warmup first"),
        ):
            check.close(
                "p rises in a straight line, then stays",
                answer(epoch, warmup, 0.4),
                expected,
                on=f"epoch = {epoch}, warmup = {warmup}, p_max = 0.4",
                hint=hint,
            )
