"""Visible check of exercise 06: ``smoothed``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from enum import unique
from numbers import Real
from typing import Any

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, shown
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_06.common import Losses, listed


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    IN_PLACE = "the record was changed; write into a new list"
    POISONED_BY_NAN = "a NaN must change nothing, but here it stays for ever: NaN + anything is NaN"
    BETA_FOR_THE_NEW = "beta and 1 - beta are swapped: beta multiplies the smoothed entry before"
    FROM_ZERO = "it starts from 0, so the first entries are too small; the first is the loss itself"
    PAIRS_OF_LOSSES = "this uses the loss before; use the smoothed entry before"
    ONE_ENTRY_SHORT = "the first entry is missing: smoothed has as many entries as val_losses"
    NO_LIST = "return a plain list with a float for each loss; arrays have .tolist()"
    LAST_ENTRY = "this is only the last entry; return all of them"


def smoothed(answer: Callable[[Losses, float], Any]) -> None:
    """Task ``smoothed(val_losses, beta)`` -> as many running means."""
    with attempt("smoothed", answer) as check:
        running_mean(check, answer, [4, 2, 2, 6], 0.75, [4, 3.5, 3.125, 3.84375])
        nan = float("nan")
        running_mean(check, answer, [4, 2, nan, 6], 0.75, [4, 3.5, 3.5, 4.125])


def running_mean(
    check: Check,
    answer: Callable[[Losses, float], Any],
    losses: list[float],
    beta: float,
    wanted: list[float],
) -> None:
    """Check that `answer` smooths `losses`, and leaves them unchanged."""
    given, on = list(losses), f"val_losses = {losses}, beta = {beta}"
    got = answer(given, beta)
    numbers = isinstance(got, list | tuple) and all(isinstance(entry, Real) for entry in got)
    check.that(
        numbers or not hasattr(got, "__len__"),
        "a list of floats is returned",
        on=on,
        expected="a list of floats",
        got=f"{shown(got)}, of type {type(got).__name__}",
        hint=Mistake.NO_LIST,
    )
    check.close(
        "each entry mixes the smoothed one before with the loss",
        listed(check, got, on),
        wanted,
        on=on,
        hint="beta times the smoothed entry before, plus (1 - beta) times the loss",
        mistakes={
            Mistake.POISONED_BY_NAN: (
                _mixed(losses, lambda mean, loss: beta * mean + (1 - beta) * loss)
            ),
            Mistake.BETA_FOR_THE_NEW: (
                _mixed(losses, lambda mean, loss: (1 - beta) * mean + beta * loss)
            ),
            Mistake.FROM_ZERO: (
                _mixed([0.0, *losses], lambda mean, loss: beta * mean + (1 - beta) * loss)[1:]
            ),
            Mistake.PAIRS_OF_LOSSES: [
                losses[0],
                *(beta * old + (1 - beta) * new for old, new in itertools.pairwise(losses)),
            ],
            Mistake.ONE_ENTRY_SHORT: wanted[1:],
            Mistake.LAST_ENTRY: [wanted[-1]],
        },
    )
    off = max(abs(float(a) - b) for a, b in zip(got, wanted, strict=True))
    check.that(
        off < 1e-6,
        "the means are not rounded",
        on=on,
        expected=wanted,
        got=repr(got),
        hint="return the results of the formula with all their digits",
    )
    check.that(
        got is not given,
        "the list is a new one",
        on=on,
        expected="a new list, which can be changed without changing the record",
        got="the same list that was passed in",
        hint=Mistake.IN_PLACE,
    )
    check.that(
        repr(given) == repr(losses),
        "the record of losses is kept",
        on=f"val_losses = {losses}",
        expected=losses,
        got=given,
        hint=Mistake.IN_PLACE,
    )


def _mixed(losses: list[float], mix: Callable[[float, float], float]) -> list[float]:
    return list(itertools.accumulate(losses, mix))
