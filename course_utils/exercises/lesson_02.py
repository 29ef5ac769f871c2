"""Visible checks of exercise 02, L1 and L2: the penalty and the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import checks, regularizers
from course_utils.checks.report import Check, CheckFailed, Passed
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_02_evidence import (
    choose_lambda,
    exposes_unused_penalty,
    is_clear,
    never_added,
    small_sweep,
    verdict,
)
from course_utils.exercises.lesson_02_step import THRESHOLDS, proximal_step

__all__ = [
    "PENALTIES",
    "THRESHOLDS",
    "choose_lambda",
    "elastic_net",
    "exposes_unused_penalty",
    "is_clear",
    "mixed_loss",
    "never_added",
    "proximal_step",
    "reported",
    "small_sweep",
    "verdict",
]

PENALTIES = (regularizers.elastic_net, regularizers.l1_penalty, regularizers.l2_penalty)

PenaltyFn = Callable[[nn.Module, float, float], Tensor]


def elastic_net(answer: PenaltyFn) -> None:
    """Task ``elastic_net(model, strength, alpha)`` -> strength times the mix of L1 and L2."""
    with attempt("elastic_net", answer, by_hand=PENALTIES) as check:
        model = nn.Linear(2, 1)
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[2.0, -1.0]]))
            model.bias.fill_(3.0)
        on = "weights [2, -1], bias 3, strength = 0.1, alpha = 0.25"
        check.close(
            "the strength times the mix of L1 and L2",
            check.tensor(answer(model, 0.1, 0.25), (), on=on),
            0.45,
            on=on,
            hint="L1 is 3 here and L2 is 5; print your terms beside them",
            mistakes={
                "alpha is the share of L1, and 1 - alpha that of L2; here they are exchanged": 0.35,
                "no overall strength: alpha only mixes, and the strength multiplies both": 4.5,
                "the strength multiplies L1 alone; parentheses around the mix": 3.825,
                "the strength multiplies L2 alone; it belongs to the whole mix": 1.125,
                "the strength is applied twice": 0.045,
                "both parts count in full; L2 has the share 1 - alpha": 0.575,
                "half of the squares: there is no ½ in this penalty": 0.2625,
                "negative weights cancel positive ones here; the `abs` is missing": 0.4,
                "biases are penalized too; the rule leaves them free": 1.2,
                "the square root of L2 was taken; it is the sum of squares itself": (
                    0.1 * (0.75 + 0.75 * math.sqrt(5))
                ),
                "means over the weights; a penalty adds up, so that each weight costs the same": (
                    0.225
                ),
            },
        )
        alone(check, "alpha = 1 leaves L1 alone", checks.l1_penalty, answer, 1.0)
        alone(check, "alpha = 0 leaves L2 alone", checks.l2_penalty, answer, 0.0)


def alone(
    check: Check, what: str, lessons: Callable[..., Passed], answer: PenaltyFn, alpha: float
) -> None:
    """One end of the mix is a penalty of the lesson, with the lesson's own check."""
    try:
        check.include(lessons(lambda model: answer(model, 1.0, alpha)))
    except CheckFailed as failed:
        raise CheckFailed(f"{check.name}, strength = 1: {what}\n{failed}") from None


def mixed_loss(answer: Callable[[nn.Module, Tensor, Tensor, float, float], Any]) -> None:
    """Task ``mixed_loss(model, x, y, l2, l1)`` -> what is minimized, and what is reported."""
    with attempt("mixed_loss", answer) as check:
        model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
        numbers = [[[1.0, -2.0], [0.0, 1.0]], [-1.0, -2.0], [[3.0, -1.0], [0.5, 0.5]], [0.5, 0.5]]
        with torch.no_grad():
            for p, values in zip(model.parameters(), numbers, strict=True):
                p.copy_(torch.tensor(values))
        on = (
            "layers with weights [[1, -2], [0, 1]] and [[3, -1], [0.5, 0.5]], l2 = 0.01, l1 = 0.1; "
            "the data loss is 0.6931"
        )
        got = answer(model, torch.zeros(4, 2), torch.tensor([0, 1, 1, 0]), 0.01, 0.1)
        minimized, logged = check.pair(got, "minimized, reported", on=on)
        data = math.log(2)
        check.close(
            "data loss, L2 of the first layer and L1 of the second",
            check.tensor(minimized, (), on=on),
            data + 0.06 + 0.5,
            on=on,
            hint="L2 of the first layer is 6, L1 of the second is 5; each with its own strength",
            mistakes={
                "the penalty is defined but never added": data,
                "the data loss is missing": 0.56,
                "L1 is on the first layer and L2 on the second; it is the other way round": (
                    data + 0.1 * 4 + 0.01 * 10.5
                ),
                "the strengths are exchanged: l2 belongs to the squares": data + 0.1 * 6 + 0.01 * 5,
                "biases are penalized too; the rule leaves them free": data + 0.01 * 11 + 0.1 * 6,
                "every layer pays both penalties": data + 0.01 * 16.5 + 0.1 * 9,
                "negative weights cancel positive ones here; the `abs` is missing": data + 0.36,
                "half of the squares: there is no ½ in this penalty": data + 0.03 + 0.5,
                "the penalty is subtracted": data - 0.56,
            },
        )
        check.that(
            minimized.requires_grad,
            "its gradient reaches the weights",
            on=on,
            expected="a tensor that `backward()` can start from",
            got="a tensor without a gradient",
            hint="`.item()`, `.detach()` and `torch.tensor(...)` cut the gradient off",
        )
        reported(check, logged, data, minimized.detach(), on)


def reported(check: Check, got: Any, data: Any, minimized: Any, on: str) -> None:
    """The second loss is the data's alone, and a plain number."""
    check.that(
        not (isinstance(got, Tensor) and got.requires_grad),
        "what is reported is a number",
        on=on,
        expected="a float",
        got="a tensor that requires a gradient",
        hint="a log of such tensors keeps every step's graph in memory; `.item()` gives the number",
    )
    check.close(
        "what is reported is the data loss alone",
        got,
        data,
        on=on,
        hint="the cross-entropy of the same pass, and nothing else",
        mistakes={
            "the penalty is in the reported loss; then every λ has a ruler of its own": minimized
        },
    )
