"""Visible check of exercise 05: ``clearly_confused``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    READ_FIRST = "a pair is (true, read): the row first, then the column"
    SMALLEST_FIRST = "the largest rise comes first, the smallest last"
    BY_COUNTS = (
        "this is the order by numbers of images, or by shares of something else; the "
        "share is that of the true class, row by row: a row divided by its own sum"
    )
    INTERVALS_APART = (
        "0 read as 1 is missing: its values before and after overlap, but the runs are paired"
    )
    IN_THE_ORDER_OF_CLASSES = (
        "the pairs are right, but the one with the largest mean rise comes first"
    )
    BETTER_READ_THAN_BEFORE = (
        "the diagonal holds images that were read correctly, which is no confusion"
    )
    EVERY_RISE = "2 read as 0 rises in only one seed; a higher mean is not yet a clear rise"
    EVERY_CLEAR_CHANGE = "2 read as 1 has become rarer: a clear change, but no rise"
    NOT_PAIRS = "each entry is a pair (true, read) of two whole numbers"


def clearly_confused(answer: Callable[[Any, Any], list[tuple[int, int]]]) -> None:
    """Task ``clearly_confused(before, after)`` -> pairs (true, read), largest rise first."""
    with attempt("clearly_confused", answer) as check:
        before, after = small_confusions()
        on = "before and after of 4 seeds and 3 classes, as in the cell above"
        got = pairs(check, answer(before, after), on)
        check.that(
            got == CLEAR,
            "the clear rises, the largest first",
            on=on,
            expected=CLEAR,
            got=got,
            hint=what_instead(got),
        )


CLEAR = [(1, 2), (0, 1), (0, 2)]


def what_instead(got: list[tuple[int, int]]) -> str:
    """The hint for pairs `got` that are not `CLEAR`."""
    known = {
        Mistake.READ_FIRST: [(j, i) for i, j in CLEAR],
        Mistake.SMALLEST_FIRST: CLEAR[::-1],
        Mistake.BY_COUNTS: [*((0, 1), (1, 2), (0, 2))],
        Mistake.INTERVALS_APART: [
            (1, 2),
            (0, 2),
        ],
    }
    for hint, wrong in known.items():
        if got == wrong:
            return hint
    if sorted(got) == sorted(CLEAR):
        return Mistake.IN_THE_ORDER_OF_CLASSES
    if any(true == read for true, read in got):
        return Mistake.BETTER_READ_THAN_BEFORE
    if (2, 0) in got and {*CLEAR} <= {*got}:
        return Mistake.EVERY_RISE
    if (2, 1) in got and {*CLEAR} <= {*got}:
        return Mistake.EVERY_CLEAR_CHANGE
    return "take one pair at a time: its share in each seed, before and after, and the difference"


def pairs(check: Check, got: Any, on: str) -> list[tuple[int, int]]:
    """Check that `got` is a list of pairs, and return it as a list of tuples."""
    check.that(
        isinstance(got, list | tuple) and all(np.shape(pair) == (2,) for pair in got),
        "returns a list of pairs",
        on=on,
        expected="a list such as [(1, 2), (0, 1)]",
        got=got,
        hint=Mistake.NOT_PAIRS,
    )
    return [(int(true), int(read)) for true, read in got]


def small_confusions() -> tuple[Any, Any]:
    """Counts [4 seeds, 3 classes, 3 classes] of classes with 100, 40 and 50 images."""
    by_seed = np.array([2, 6, 10, 14])
    zero = np.zeros(4, dtype=int)
    before = {(0, 1): by_seed, (0, 2): zero + 2, (1, 0): zero + 3, (1, 2): zero + 1}
    before |= {(2, 0): zero + 1, (2, 1): zero + 6}
    changes = {
        (0, 1): [8, 8, 9, 8],
        (0, 2): [2, 2, 3, 2],
        (1, 0): [1, -1, 0, 0],
        (1, 2): [6, 7, 6, 6],
    }
    changes |= {(2, 0): [0, 0, 0, 7], (2, 1): [-4, -5, -4, -4]}
    after = {pair: n + np.array(changes.get(pair, zero)) for pair, n in before.items()}
    return counts(before), counts(after)


def counts(wrong: dict[tuple[int, int], Any]) -> Any:
    """Confusion matrices whose rows add up to 100, 40 and 50."""
    made = np.zeros((4, 3, 3), dtype=int)
    for (true, read), n in wrong.items():
        made[:, true, read] = n
    for i, size in enumerate((100, 40, 50)):
        made[:, i, i] = size - made[:, i].sum(1)
    return made
