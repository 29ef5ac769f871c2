"""Visible check of exercise 04: ``fold``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.exercises.attempt import attempt

FOLDING = (nn.utils.fuse_linear_bn_weights, nn.utils.fuse_linear_bn_eval)
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
            hint="what happens to a unit's sum is a scale and a shift; the scale goes to its row",
            mistakes={
                "the scale of a unit belongs to its row of weight: scale[:, None]": (
                    linear.weight * torch.tensor([3.0, 0.25])
                ),
                "eps is missing under the root": (
                    linear.weight * (norm.weight / v.sqrt())[:, None]
                ),
                "this divides by the variance; its square root is the standard deviation": (
                    linear.weight * (norm.weight / (v + 0.25))[:, None]
                ),
                "the norm's own weight is left out": linear.weight / (v + 0.25).sqrt()[:, None],
                "this is the weight of linear as it was": linear.weight,
            },
        )
        check.close(
            "the bias takes up the shift",
            check.tensor(folded[1], (2,), on=on),
            torch.tensor([-5.0, 1.5]),
            on=on,
            hint="send the input 0 through both layers by hand: what comes out is the bias",
            mistakes={
                "the mean is subtracted unscaled; it is scaled with all the rest": (
                    torch.tensor([3.0 - 5.0 + 7.0, 0.5 + 2.0 + 0.5])
                ),
                "the bias of linear is lost": torch.tensor([-15.0 + 7.0, 0.5 + 0.5]),
                "the bias of linear is added unscaled; it is scaled with all the rest": (
                    torch.tensor([1.0 - 15.0 + 7.0, 2.0 + 0.5 + 0.5])
                ),
                "the running mean is left out": torch.tensor([3.0 + 7.0, 0.5 + 0.5]),
                "the norm's own bias is left out": torch.tensor([-12.0, 1.0]),
            },
        )
