"""Visible check of exercise 07: ``winners_curse``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    TWO_MAXIMA = "this is the best fresh score, but it is not the winner's"
    WINNER_ON_FRESH_SAMPLES = "the winner was found by its fresh score; find it by the judged one"
    TRIES_ALL = "all settings took part; only the first `tried` were tried"
    THE_WRONG_SIGN_OF_LUCK = "this is fresh - judged; the task asks for judged - fresh"
    ONE_WINNER_FOR_ALL = "one winner was taken for all searches; each search has its own"
    SUMMED = "this is the sum over the searches; divide by their number"
    MEAN_OF_ALL = "this is the mean over all settings; only the winner is reported"


def winners_curse(answer: Callable[[Any, Any, int], Any]) -> None:
    """Task ``winners_curse(judged, fresh, tried)``."""
    with attempt("winners_curse", answer) as check:
        judged = np.array([[0.70, 0.90, 0.80, 0.85, 0.60], [0.95, 0.75, 0.50, 0.97, 0.99]])
        fresh = np.array([[0.75, 0.80, 0.88, 0.90, 0.60], [0.75, 0.80, 0.85, 0.70, 0.66]])
        for tried, expected in ((3, 0.15), (1, 0.075)):
            a, b = judged[:, :tried], fresh[:, :tried]
            of_all = (judged.max(1) - fresh[range(2), judged.argmax(1)]).mean()
            check.close(
                "how much too good the winner's score is",
                answer(judged.copy(), fresh.copy(), tried),
                expected,
                on=f"judged = {judged.tolist()}, fresh = {fresh.tolist()}, tried = {tried}",
                hint="in each search find the winner by its judged score, and look up the fresh "
                "score of that same setting",
                mistakes={
                    Mistake.TWO_MAXIMA: ((a.max(1) - b.max(1)).mean()),
                    Mistake.WINNER_ON_FRESH_SAMPLES: ((a[range(2), b.argmax(1)] - b.max(1)).mean()),
                    Mistake.TRIES_ALL: of_all,
                    Mistake.THE_WRONG_SIGN_OF_LUCK: -expected,
                    Mistake.ONE_WINNER_FOR_ALL: ((a - b).mean(0)[a.mean(0).argmax()]),
                    Mistake.SUMMED: 2 * expected,
                    Mistake.MEAN_OF_ALL: ((a - b).mean()),
                },
            )
