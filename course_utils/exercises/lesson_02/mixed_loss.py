"""Visible check of exercise 02: ``mixed_loss``."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import unique
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.penalties import Mistake as PenaltiesMistake
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_02.elastic_net import Mistake as ElasticNetMistake


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    TENSOR_REPORTED = (
        "a log of tensors can keep every step's graph in memory; `.item()` gives the number"
    )
    PENALTY_REPORTED = "the reported loss includes the penalty; losses at different λ then differ"
    PENALTY_NOT_ADDED = "the penalty is defined but never added"
    NO_DATA_LOSS = "the data loss is missing"
    LAYERS_EXCHANGED = (
        "L1 is on the first layer and L2 on the second; it must be the other way round"
    )
    STRENGTHS_EXCHANGED = "the strengths are swapped: l2 multiplies the squares"
    BOTH_EVERYWHERE = "every layer has both penalties"
    SUBTRACTED = "the penalty is subtracted"
    SUM_OF_THE_BATCH = "the cross-entropy is summed over the batch here; take its mean"


def mixed_loss(answer: Callable[[nn.Module, Tensor, Tensor, float, float], Any]) -> None:
    """Task ``mixed_loss(model, x, y, l2, l1)`` -> the loss to minimize, and the loss to report."""
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
                Mistake.PENALTY_NOT_ADDED: data,
                Mistake.NO_DATA_LOSS: 0.56,
                Mistake.LAYERS_EXCHANGED: (data + 0.1 * 4 + 0.01 * 10.5),
                Mistake.STRENGTHS_EXCHANGED: data + 0.1 * 6 + 0.01 * 5,
                PenaltiesMistake.WITH_BIASES: data + 0.01 * 11 + 0.1 * 6,
                Mistake.BOTH_EVERYWHERE: data + 0.01 * 16.5 + 0.1 * 9,
                PenaltiesMistake.WITHOUT_ABS: data + 0.36,
                ElasticNetMistake.WITH_HALF_THE_SQUARES: data + 0.03 + 0.5,
                Mistake.SUBTRACTED: data - 0.56,
                Mistake.SUM_OF_THE_BATCH: 4 * data + 0.56,
            },
        )
        check.that(
            minimized.requires_grad,
            "its gradient reaches the weights",
            on=on,
            expected="a tensor that `backward()` can start from",
            got="a tensor without a gradient",
            hint=Common.GRADIENT_CUT,
        )
        reported(check, logged, data, minimized.detach(), on)


def reported(check: Check, got: Any, data: Any, minimized: Any, on: str) -> None:
    """Check that the second loss is the data loss alone, and a plain number."""
    check.that(
        not isinstance(got, Tensor),
        "what is reported is a number",
        on=on,
        expected="a float",
        got="a tensor",
        hint=Mistake.TENSOR_REPORTED,
    )
    check.close(
        "what is reported is the data loss alone",
        got,
        data,
        on=on,
        hint="the cross-entropy of the same pass, and nothing else",
        mistakes={Mistake.PENALTY_REPORTED: minimized},
    )
