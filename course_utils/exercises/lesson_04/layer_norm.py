"""Visible check of exercise 04: ``layer_norm``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor

from course_utils.checks.batch_norm import Mistake as BatchNormMistake
from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_04.common import LIBRARY


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    WITHOUT_EPS = "a constant sample has variance 0, and dividing by that is 0 / 0; eps guards it"
    OVER_THE_BATCH = "the statistics are taken over the batch: this is batch normalization"
    OVER_EVERYTHING = "one mean and variance serve all samples together"
    WITHOUT_KEEPDIM = "the statistics of rows are applied to columns; use keepdim=True"
    UNBIASED = "this divides by features - 1; normalize with the biased variance"
    WITHOUT_SCALE_AND_SHIFT = "scale and shift are left out"


LayerNormFn = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def layer_norm(answer: LayerNormFn) -> None:
    """Task ``layer_norm(x, weight, bias, eps)``."""
    with attempt("layer_norm", answer, by_hand=LIBRARY) as check:
        x = torch.tensor([[1.0, 2.0, 6.0], [5.0, 5.0, 5.0], [-4.0, 0.0, 1.0]])
        weight, bias = torch.tensor([1.0, 2.0, -1.0]), torch.tensor([0.0, 0.5, 3.0])
        on = "3 samples of 3 features, the second one constant, weight [1, 2, -1], bias [0, 0.5, 3]"

        def scaled(dim: int | None, correction: int = 0, keepdim: bool = True) -> Tensor:
            mean = x.mean(dim, keepdim=keepdim)
            var = x.var(dim, correction=correction, keepdim=keepdim)
            return (x - mean) / (var + 1e-5).sqrt() * weight + bias

        got = check.tensor(answer(x.clone(), weight, bias, 1e-5), (3, 3), on=on)
        bad = not got.isfinite().all()
        check.close(
            "each sample gets mean 0 and variance 1, then scale and shift",
            got,
            scaled(1),
            on=on,
            atol=1e-3,  # rounding in a constant sample is divided by the root of eps
            hint=Mistake.WITHOUT_EPS
            if bad
            else "mean and variance over the features of each sample; then scale and shift",
            mistakes={
                Mistake.OVER_THE_BATCH: scaled(0),
                Mistake.OVER_EVERYTHING: scaled(None),
                Mistake.WITHOUT_KEEPDIM: (scaled(1, keepdim=False)),
                Mistake.UNBIASED: scaled(1, 1),
                Mistake.WITHOUT_SCALE_AND_SHIFT: (scaled(1) - bias) / weight,
                BatchNormMistake.DIVIDED_BY_THE_VARIANCE: (
                    (x - x.mean(1, keepdim=True))
                    / (x.var(1, correction=0, keepdim=True) + 1e-5)
                    * weight
                    + bias
                ),
            },
        )
