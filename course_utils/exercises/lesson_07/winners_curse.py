"""Visible check of exercise 07: ``winners_curse``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.attempt import attempt


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
