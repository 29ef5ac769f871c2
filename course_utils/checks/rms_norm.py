"""Check of lesson 08: RMSNorm."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    CENTERED = "the mean is subtracted first: that is LayerNorm; RMSNorm leaves it in"
    SUM_OF_SQUARES = "divided by the root of the sum of squares; take their mean"
    MEAN_SQUARE = "divided by the mean square itself; its root is missing"
    OVER_THE_BATCH = (
        "the mean square is over the samples; take it over the last axis, each vector's"
    )
    OVER_ALL = "the mean square is over everything; each vector is divided by its own"
    NO_KEEPDIM = (
        "there is one mean square for each vector, but without keepdim=True the vectors are "
        "divided by one another's"
    )
    NOT_SCALED = "the learned scale, self.weight, is not used"


def rms_norm(layer: Callable[[int], nn.Module]) -> Passed:
    """Check ``layer(features)``: x [..., features] over the root mean square of each vector, times
    a learned `weight` [features] that begins at 1.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("rms_norm") as check:
        norm = layer(2)
        x = torch.tensor([[3.0, 4.0], [-6.0, 8.0]])
        on = "x = [[3, 4], [-6, 8]], weight [1, 1]"
        with torch.no_grad():
            got = check.tensor(norm(x.clone()), (2, 2), on=on)
        square = x.square()
        check.close(
            "each vector is divided by the root of the mean of its squares",
            got,
            x / square.mean(-1, keepdim=True).sqrt(),
            on=on,
            hint="(9 + 16) / 2 is the mean square of the first vector, and 3.54 its root",
            atol=1e-4,
            mistakes={
                Mistake.CENTERED: torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]),
                Mistake.SUM_OF_SQUARES: x / square.sum(-1, keepdim=True).sqrt(),
                Mistake.MEAN_SQUARE: x / square.mean(-1, keepdim=True),
                Mistake.OVER_THE_BATCH: x / square.mean(0).sqrt(),
                Mistake.OVER_ALL: x / square.mean().sqrt(),
                Mistake.NO_KEEPDIM: x / square.mean(-1).sqrt(),
            },
        )
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([2.0, -1.0]))  # type: ignore[operator,union-attr]
            scaled = norm(x.clone())
        check.close(
            "the result is multiplied by the learned weight",
            scaled,
            torch.tensor([2.0, -1.0]) * x / square.mean(-1, keepdim=True).sqrt(),
            on="the same x, weight [2, -1]",
            hint="each feature has a factor of its own",
            atol=1e-4,
            mistakes={Mistake.NOT_SCALED: got},
        )
        with torch.no_grad():
            zero, places = layer(2)(torch.zeros(1, 2)), layer(2)(x.reshape(1, 2, 2))
        check.close(
            "a vector of zeros stays one",
            zero,
            torch.zeros(1, 2),
            on="x = [[0, 0]]",
            hint="eps is added to the mean square, before the root",
        )
        check.close(
            "it works for a vector at each place of each sample, too",
            places,
            got.reshape(1, 2, 2),
            on="the same x as [1 sample, 2 places, 2 features]",
            hint="the features are the last axis, whatever stands before: axis -1",
            atol=1e-4,
        )
    return check.passed()
