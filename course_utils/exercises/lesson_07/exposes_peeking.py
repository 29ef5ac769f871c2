"""Visible check of exercise 07: ``exposes_peeking``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = (
        "let your spy count, and let it hand out very different test scores, high and low, also "
        "where judged scores are equal: whom do they tempt?"
    )
    RIGHT_ACCUSED = (
        "a right choice is accused: it may open once, and may have any rule on judged scores;"
        " count anew for each call of `choose`"
    )


Choose = Callable[[Any, Callable[[], Any]], Any]
Judge = Callable[[Choose], bool]


def exposes_peeking(answer: Judge) -> None:
    """Task ``exposes_peeking(choose)`` -> True if the test set has a say, else False."""
    with attempt("exposes_peeking", answer) as check, in_any_order(check, answer) as asked:
        verdict(asked, best_on_test, broken=True, what="takes the best test score")
        verdict(asked, opens_for_each, broken=True, what="opens the seal for each candidate")
        verdict(asked, highest, broken=False, what="takes the highest judged score")
        what = "takes the first candidate within 0.02 of the highest judged score"
        verdict(asked, first_that_is_near, broken=False, what=what)


def verdict(asked: Verdicts, choose: Choose, *, broken: bool, what: str) -> None:
    """Ask about `choose`, which is `broken` or not."""
    asked.add(
        choose,
        broken=broken,
        bug="peeking",
        on=f"a choice that {what}",
        missed=Mistake.BUG_MISSED,
        accused=Mistake.RIGHT_ACCUSED,
    )


def highest(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """As it should be: the judged scores choose, the test set is opened once."""
    winner = int(np.argmax(np.asarray(judged)))
    return winner, float(open_test()[winner])


def first_that_is_near(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """Right as well, by another rule."""
    scores = np.asarray(judged)
    winner = int(np.argmax(scores >= scores.max() - 0.02))
    return winner, float(open_test()[winner])


def best_on_test(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """The test set chooses."""
    test = np.asarray(open_test())
    return int(test.argmax()), float(test.max())


def opens_for_each(judged: Any, open_test: Callable[[], Any]) -> tuple[int, float]:
    """The choice is right, but the seal is broken again and again."""
    test = [open_test()[i] for i in range(len(judged))]
    winner = int(np.argmax(np.asarray(judged)))
    return winner, float(test[winner])
