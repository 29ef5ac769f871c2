"""Visible checks of exercise 07, putting it together (pruning and searching: beside it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.checks.report import Check
from course_utils.evidence import estimate, interval_along, paired_difference
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_07_pruning import prune, pruned
from course_utils.exercises.lesson_07_search import (
    SEARCH,
    evenly_drawn,
    independently_drawn,
    own_dice,
    random_settings,
)

__all__ = [
    "INTERVALS",
    "SEARCH",
    "evenly_drawn",
    "exposes_peeking",
    "highest",
    "independently_drawn",
    "own_dice",
    "paired_interval",
    "prune",
    "pruned",
    "random_settings",
    "small_table",
    "verdict",
    "winners_curse",
]

INTERVALS = (estimate, paired_difference, interval_along)

Scores = npt.NDArray[np.float64]
Choose = Callable[[Any, Callable[[], Any]], Any]
Judge = Callable[[Choose], bool]


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
                "this is b - a; asked is how much a is above b": -0.025,
                "this is the lower end; the order is mean, low, high": 0.025 - t * s / 2,
            },
        )
        apart = float(np.hypot(np.std(a, ddof=1), np.std(b, ddof=1)))
        widths: dict[str, float] = {
            "√n is missing: this is how single pairs scatter, not how sure the mean is": t * s,
            "this divides by n; what is left of s is divided by the root of n": t * s / 4,
            "s divides by n - 1: np.std needs ddof=1": t * 0.0111803 / 2,
            "the two sides were treated as if they were not paired": t * apart / 2,
            "the degrees of freedom are n - 1, not n": 2.776445 * s / 2,
            "0.95 leaves 5 % on one side; half of that is to lie on each side: 0.975": (
                2.353363 * s / 2
            ),
            "1.96 is for endless seeds; with n = 4 take t": 1.96 * s / 2,
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
    """`got` itself, if it is three numbers."""
    check.that(
        isinstance(got, tuple | list) and len(got) == 3,
        "returns three numbers",
        on=on,
        expected="(mean, low, high)",
        got=got,
        hint="end with `return mean, low, high`",
    )
    return got[0], got[1], got[2]


def winners_curse(answer: Callable[[Any, Any, int], Any]) -> None:
    """Task ``winners_curse(judged, fresh, tried)``."""
    with attempt("winners_curse", answer) as check:
        judged = np.array([[0.70, 0.90, 0.80, 0.60], [0.95, 0.75, 0.50, 0.60]])
        fresh = np.array([[0.75, 0.80, 0.88, 0.60], [0.75, 0.80, 0.85, 0.70]])
        for tried, expected in ((3, 0.15), (1, 0.075)):
            a, b = judged[:, :tried], fresh[:, :tried]
            check.close(
                "how much too good the winner's score is",
                answer(judged.copy(), fresh.copy(), tried),
                expected,
                on=f"judged = {judged.tolist()}, fresh = {fresh.tolist()}, tried = {tried}",
                hint="in each search find the winner by its judged score, and look up the fresh "
                "score of that same setting",
                mistakes={
                    "this is the best fresh score, but of another setting than the winner": (
                        (a.max(1) - b.max(1)).mean()
                    ),
                    "the winner was found by its fresh score; what has chosen is the judged one": (
                        (a[range(2), b.argmax(1)] - b.max(1)).mean()
                    ),
                    "all settings took part; only the first `tried` were tried": (
                        0.15 if tried == 1 else -1.0
                    ),
                    "this is fresh - judged; asked is how much too good": -expected,
                    "one winner was taken for all searches; each search has its own": (
                        (a - b).mean(0)[a.mean(0).argmax()]
                    ),
                    "the sum over the searches is to be divided by their number": 2 * expected,
                    "this is the mean over all settings; only the winner is reported": (
                        (a - b).mean()
                    ),
                },
            )


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


def exposes_peeking(answer: Judge) -> None:
    """Task ``exposes_peeking(choose)`` -> True if the test set has a say, else False."""
    with attempt("exposes_peeking", answer) as check:
        verdict(check, answer, best_on_test, broken=True, what="takes the best test score")
        verdict(
            check, answer, opens_for_each, broken=True, what="opens the seal for each candidate"
        )
        verdict(check, answer, highest, broken=False, what="takes the highest judged score")
        what = "takes the first candidate within 0.02 of the highest judged score"
        verdict(check, answer, first_that_is_near, broken=False, what=what)


def verdict(check: Check, answer: Judge, choose: Choose, *, broken: bool, what: str) -> None:
    """`answer` says of `choose` what is true of it."""
    check.verdict(
        answer(choose),
        broken=broken,
        bug="peeking",
        on=f"a choice that {what}",
        missed="let your spy count, and let it hand out very different test scores: whom do they "
        "tempt?",
        accused="a right choice is accused: it may open once, and may have any rule on judged "
        "scores; count anew for each call of `choose`",
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
