"""Visible check of exercise 04: ``fold``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SCALES_THE_COLUMNS = "a unit's scale multiplies its row of the weight: scale[:, None]"
    FORGETS_EPS = "eps of this norm, 0.25, is missing under the root"
    DIVIDES_BY_THE_VARIANCE = (
        "this divides by the variance; its square root is the standard deviation"
    )
    FORGETS_THE_WEIGHT_OF_NORM = "the norm's own weight is left out"
    WEIGHT_UNCHANGED = "this is the unchanged weight of linear"
    MEAN_UNSCALED = "the mean is subtracted unscaled; the scale multiplies it too"
    LOSES_THE_BIAS = "the bias of linear is lost"
    BIAS_UNSCALED = "the bias of linear is added unscaled; the scale multiplies it too"
    WITHOUT_THE_MEAN = "the running mean is left out"
    FORGETS_THE_BIAS_OF_NORM = "the norm's own bias is left out"


FOLDING = (
    *(nn.utils.fuse_linear_bn_weights, nn.utils.fuse_linear_bn_eval),
    *(nn.utils.fuse_conv_bn_weights, nn.utils.fuse_conv_bn_eval),
)
Fold = Callable[[nn.Linear, nn.BatchNorm1d], tuple[Tensor, Tensor]]


def fold(answer: Fold) -> None:
    """Task ``fold(linear, norm)`` -> weight [out, in] and bias [out]."""
    with attempt("fold", answer, by_hand=FOLDING) as check:
        linear, norm = nn.Linear(2, 2), nn.BatchNorm1d(2, eps=0.25).eval()
        values = {
            linear.weight: [[3.0, 1.0], [2.0, -1.0]],
            linear.bias: [1.0, 2.0],
            norm.weight: [6.0, 1.0],
            norm.bias: [7.0, 0.5],
            norm.running_mean: [5.0, -2.0],
            norm.running_var: [3.75, 15.75],
        }
        with torch.no_grad():
            for tensor, given in values.items():
                assert tensor is not None
                tensor.copy_(torch.tensor(given))
        on = "2 inputs, 2 units: the first is that of the text, with a second input of weight 1"
        folded = check.pair(answer(linear, norm), "weight, bias", on=on)
        weight = torch.tensor([[9.0, 3.0], [0.5, -0.25]])
        v = norm.running_var
        assert v is not None
        check.close(
            "the weight of each unit is scaled",
            check.tensor(folded[0], (2, 2), on=on),
            weight,
            on=on,
            hint="the norm scales and shifts each unit's sum; multiply a unit's row by its scale",
            mistakes={
                Mistake.SCALES_THE_COLUMNS: (linear.weight * torch.tensor([3.0, 0.25])),
                Mistake.FORGETS_EPS: (linear.weight * (norm.weight / v.sqrt())[:, None]),
                Mistake.DIVIDES_BY_THE_VARIANCE: (
                    linear.weight * (norm.weight / (v + 0.25))[:, None]
                ),
                Mistake.FORGETS_THE_WEIGHT_OF_NORM: linear.weight / (v + 0.25).sqrt()[:, None],
                Mistake.WEIGHT_UNCHANGED: linear.weight,
            },
        )
        check.close(
            "the bias contains the shift",
            check.tensor(folded[1], (2,), on=on),
            torch.tensor([-5.0, 1.5]),
            on=on,
            hint="follow the input 0 through both layers by hand: the output is the bias",
            mistakes={
                Mistake.MEAN_UNSCALED: (torch.tensor([3.0 - 5.0 + 7.0, 0.5 + 2.0 + 0.5])),
                Mistake.LOSES_THE_BIAS: torch.tensor([-15.0 + 7.0, 0.5 + 0.5]),
                Mistake.BIAS_UNSCALED: (torch.tensor([1.0 - 15.0 + 7.0, 2.0 + 0.5 + 0.5])),
                Mistake.WITHOUT_THE_MEAN: torch.tensor([3.0 + 7.0, 0.5 + 0.5]),
                Mistake.FORGETS_THE_BIAS_OF_NORM: torch.tensor([-12.0, 1.0]),
            },
        )
