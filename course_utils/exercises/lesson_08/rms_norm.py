"""Visible check of exercise 08: ``RMSNorm``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    MEAN_SUBTRACTED = "the mean was subtracted; RMSNorm keeps it"
    STANDARD_DEVIATION = "this divides by the standard deviation, not by the root mean square"
    ROOT_FORGOTTEN = "this divides by the mean square; the root is missing"
    WITHOUT_THE_MEAN = (
        "this divides by the length of the vector; take the mean of the squares, not their sum"
    )
    OVER_THE_BATCH = (
        "the mean of the squares is taken over the first dimension; take it over the last"
    )
    OVER_EVERYTHING = "one root mean square serves all vectors; each has its own"
    WITHOUT_SCALE = "the result is not multiplied by `weight`"
    WEIGHT_IS_NO_PARAMETER = (
        "the layer has one parameter, self.weight = nn.Parameter(...) of shape [features], and "
        "nothing else that is learned or kept"
    )
    EPS_OUTSIDE_THE_ROOT = "eps was added to the root; add it to the mean square, under the root"


#: Library classes and functions that do the whole task.
NORMS = (
    *(F.rms_norm, torch.rms_norm, nn.RMSNorm.forward),
    *(F.layer_norm, torch.layer_norm, torch.native_layer_norm, nn.LayerNorm.forward),
    torch._ops.OpOverloadPacket.__call__,
)


def rms_norm(answer: Callable[..., nn.Module]) -> None:
    """Task ``RMSNorm(features, eps)``."""
    with attempt("RMSNorm", answer, by_hand=NORMS) as check:
        own_norm(check, answer)
        x = torch.tensor([[3.0, 4.0, 0.0], [1.0, 1.0, 4.0], [0.0, 0.0, 0.0]])
        weight = torch.tensor([1.0, 2.0, -1.0])
        on = "x [[3, 4, 0], [1, 1, 4], [0, 0, 0]], weight [1, 2, -1], eps = 0.1"
        layer = answer(3, eps=0.1)
        one_scale(check, layer, 3)
        with torch.no_grad():
            layer.get_parameter("weight").copy_(weight)
        given = x.clone()
        got = check.tensor(layer(given), (3, 3), on=on)
        square = x.square().mean(-1, keepdim=True)
        variance = x.var(-1, correction=0, keepdim=True)
        center = x - x.mean(-1, keepdim=True)
        check.close(
            "each vector is divided by its root mean square, and scaled",
            got,
            x / (square + 0.1).sqrt() * weight,
            on=on,
            hint="square, mean along the last dimension, plus eps, root; then weight",
            mistakes={
                mistake: wrong * scale
                for mistake, wrong, scale in (
                    (Mistake.MEAN_SUBTRACTED, center / (variance + 0.1).sqrt(), weight),
                    (Mistake.STANDARD_DEVIATION, x / (variance + 0.1).sqrt(), weight),
                    (Mistake.ROOT_FORGOTTEN, x / (square + 0.1), weight),
                    (Mistake.WITHOUT_THE_MEAN, x / (3 * square + 0.1).sqrt(), weight),
                    (Mistake.OVER_THE_BATCH, x / (x.square().mean(0) + 0.1).sqrt(), weight),
                    (Mistake.OVER_EVERYTHING, x / (square.mean() + 0.1).sqrt(), weight),
                    (Mistake.WITHOUT_SCALE, x / (square + 0.1).sqrt(), torch.ones(3)),
                    (Mistake.EPS_OUTSIDE_THE_ROOT, x / (square.sqrt() + 0.1), weight),
                )
            },
        )
        check.kept([given], [x], on=on)


def own_norm(check: Check, answer: Callable[..., nn.Module]) -> None:
    """Check that `answer` does not inherit from a norm of PyTorch."""
    parents = getattr(answer, "__mro__", ())
    check.that(
        nn.RMSNorm not in parents and nn.LayerNorm not in parents,
        "written by hand",
        on="the base classes of yours",
        expected="class RMSNorm(nn.Module)",
        got=[parent.__name__ for parent in parents],
        hint=Common.LIBRARY_USED,
    )


def one_scale(check: Check, layer: nn.Module, features: int) -> None:
    """Check that the layer's only parameter or buffer is a scale that starts at 1."""
    kept = {name: tuple(value.shape) for name, value in layer.state_dict().items()}
    learned = [name for name, _ in layer.named_parameters()]
    on = f"RMSNorm({features}).state_dict()"
    held = learned == ["weight"] and kept == {"weight": (features,)}
    hint = Mistake.WEIGHT_IS_NO_PARAMETER if kept else Mistake.WITHOUT_SCALE
    if not kept and isinstance(getattr(layer, "weight", None), torch.Tensor):
        hint = Mistake.WEIGHT_IS_NO_PARAMETER
    check.that(
        held,
        "its one parameter is `weight`",
        on=on,
        expected={"weight": (features,)},
        got=kept,
        hint=hint,
    )
    check.close(
        "the scale starts at 1",
        layer.get_parameter("weight"),
        torch.ones(features),
        on=on,
        hint="torch.ones(features)",
    )


class Oracle(nn.Module):
    """PyTorch's layer, with the arguments of the task."""

    def __init__(self, features: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(features)), eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
