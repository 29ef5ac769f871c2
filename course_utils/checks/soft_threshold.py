"""Check of lesson 02: the soft-threshold step."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SIGN_FORGOTTEN = "the sign is lost: negative weights come back positive"
    POSITIVE_SIDE_ONLY = (
        "all negative weights became 0; shrink the size of a weight and keep its sign"
    )
    BY_THE_SLOPE_OF_L1 = "small weights jump over zero to the other side; cut at zero"
    HARD_THRESHOLD = "large weights keep their size, so this is a hard threshold, not a soft one"
    CLIPPED = "this cuts off what is large instead of what is small"
    SUBTRACTED_FROM_ALL = "this subtracts from all, which pushes negative weights away from 0"
    ADDED = "weights grow instead of shrinking: the threshold is added"
    SCALED = "weights are scaled by a factor; the threshold is subtracted from their size"
    UNCHANGED = "nothing happened to the weights"
    SIGN_BY_DIVISION = "the sign is lost at zero: w / |w| is 0 / 0 there"


def soft_threshold(fn: Callable[[Tensor, float], Tensor]) -> Passed:
    """Check ``fn(w, threshold)`` -> w shrunk towards 0 by `threshold`, and cut at 0; any shape.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("soft_threshold") as check:
        w = torch.tensor([-3.0, -1.0, -0.25, 0.0, 0.25, 1.0, 3.0])
        t = 0.5
        on = "w = [-3, -1, -0.25, 0, 0.25, 1, 3], threshold 0.5"
        given = w.clone()
        got = check.tensor(fn(given, t), tuple(w.shape), on=on)
        nan_at_zero = torch.tensor([-2.5, -0.5, 0.0, torch.nan, 0.0, 0.5, 2.5])
        if got.isnan().any():
            got_nan = torch.equal(got.isnan(), nan_at_zero.isnan())
            check.that(
                False,
                "zero stays zero",
                on=on,
                expected=[-2.5, -0.5, 0.0, 0.0, 0.0, 0.5, 2.5],
                got=got,
                hint=Mistake.SIGN_BY_DIVISION
                if got_nan
                else "NaN comes from 0 / 0 or from a root of a negative number",
            )
        sign, size = w.sign(), w.abs()
        check.close(
            "large entries move towards 0 by the threshold, small ones become 0",
            got,
            torch.tensor([-2.5, -0.5, 0.0, 0.0, 0.0, 0.5, 2.5]),
            on=on,
            hint="follow one large, one small and one negative entry by hand",
            mistakes={
                Mistake.SIGN_FORGOTTEN: (size - t).clamp(min=0),
                Mistake.POSITIVE_SIDE_ONLY: ((w - t).clamp(min=0)),
                Mistake.BY_THE_SLOPE_OF_L1: sign * (size - t),
                Mistake.HARD_THRESHOLD: (torch.where(size > t, w, torch.zeros_like(w))),
                Mistake.CLIPPED: w.clamp(-t, t),
                Mistake.SUBTRACTED_FROM_ALL: w - t,
                Mistake.ADDED: sign * (size + t),
                Mistake.SCALED: (w * (1 - t)),
                Mistake.UNCHANGED: w,
            },
        )
        check.that(
            torch.equal(given, w),
            "a new tensor comes back, the given one is kept",
            on=on,
            expected=w,
            got=given,
            hint="an operation whose name ends in _ or an assignment to w[...] changes the input",
        )
        matrix = torch.tensor([[2.0, -0.1], [-2.0, 0.1]])
        check.close(
            "it works for a matrix and for any threshold",
            fn(matrix.clone(), 1.5),
            torch.tensor([[0.5, 0.0], [-0.5, 0.0]]),
            on="w = [[2, -0.1], [-2, 0.1]], threshold 1.5",
            hint="the threshold that is passed in decides",
        )
        check.close(
            "a threshold of 0 changes nothing",
            fn(matrix.clone(), 0.0),
            matrix,
            on="w = [[2, -0.1], [-2, 0.1]], threshold 0",
            hint="with nothing to subtract, every entry stays",
        )
    return check.passed()
