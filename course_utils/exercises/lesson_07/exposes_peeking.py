"""Visible check of exercise 07: ``exposes_peeking``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from functools import partial
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = (
        "count the calls of your own `open_test`, and let it return very different test scores, "
        "high and low, also where judged scores are equal: do they change the choice?"
    )
    RIGHT_ACCUSED = (
        "a right choice is accused: it may open the test set once, and use any rule on the judged"
        " scores; count anew for each call of `choose`"
    )


Choose = Callable[[Any, Callable[[], Any]], Any]
Judge = Callable[[Choose], bool]


def exposes_peeking(answer: Judge) -> None:
    """Task ``exposes_peeking(choose)`` -> True if the test set has a say, else False."""
    with attempt("exposes_peeking", answer) as check, in_any_order(check, answer) as asked:
        for choose, broken, what in (
            (best_on_test, True, "takes the best test score"),
            (opens_for_each, True, "opens the seal for each candidate"),
            (highest, False, "takes the highest judged score"),
            (
                first_that_is_near,
                False,
                "takes the first candidate within 0.02 of the highest judged score",
            ),
        ):
            verdict(asked, choose, broken=broken, what=f"a choice that {what}")


#: ``verdict(asked, code, broken=..., what=...)`` adds the case of `code`; `what` describes it.
verdict = partial(
    Verdicts.add, bug="peeking", missed=Mistake.BUG_MISSED, accused=Mistake.RIGHT_ACCUSED
)


def highest(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """Right: chooses by the judged scores, and opens the test set once."""
    winner = int(np.argmax(np.asarray(judged)))
    return winner, float(open_test()[winner])


def first_that_is_near(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """Right too: chooses by another rule on the judged scores."""
    scores = np.asarray(judged)
    winner = int(np.argmax(scores >= scores.max() - 0.02))
    return winner, float(open_test()[winner])


def best_on_test(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """Broken: chooses by the test scores."""
    test = np.asarray(open_test())
    return int(test.argmax()), float(test.max())


def opens_for_each(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """Broken: chooses by the judged scores, but opens the test set for each candidate."""
    test = [open_test()[i] for i in range(len(judged))]
    winner = int(np.argmax(np.asarray(judged)))
    return winner, float(test[winner])
