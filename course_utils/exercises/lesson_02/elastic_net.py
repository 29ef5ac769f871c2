"""Visible check of exercise 02: ``elastic_net``."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor, nn

from course_utils import checks, regularizers
from course_utils.checks.mistakes import Mistakes
from course_utils.checks.penalties import Mistake as PenaltiesMistake
from course_utils.checks.report import Check, CheckFailed, Passed
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SHARES_EXCHANGED = "alpha is the share of L1 and 1 - alpha that of L2; here they are swapped"
    WITHOUT_STRENGTH = "the overall strength is missing: it multiplies the mix of both parts"
    WITHOUT_PARENTHESES = "the strength multiplies only L1; put parentheses around the mix"
    STRENGTH_ON_L2 = "the strength multiplies only L2; it must multiply the whole mix"
    STRENGTH_TWICE = "the strength is applied twice"
    L2_IN_FULL = "both parts count in full; L2 has the share 1 - alpha"
    WITH_HALF_THE_SQUARES = "L2 is half the sum of squares here; this penalty has no ½"
    NORMS = "the square root of L2 was taken; L2 is the sum of squares itself"
    MEANS = (
        "these are means over the weights; a penalty is a sum, so that each weight costs the same"
    )


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
            hint="L1 is 3 here and L2 is 5",
            mistakes={
                Mistake.SHARES_EXCHANGED: 0.35,
                Mistake.WITHOUT_STRENGTH: 4.5,
                Mistake.WITHOUT_PARENTHESES: 3.825,
                Mistake.STRENGTH_ON_L2: 1.125,
                Mistake.STRENGTH_TWICE: 0.045,
                Mistake.L2_IN_FULL: 0.575,
                Mistake.WITH_HALF_THE_SQUARES: 0.2625,
                PenaltiesMistake.WITHOUT_ABS: 0.4,
                PenaltiesMistake.WITH_BIASES: 1.2,
                Mistake.NORMS: (0.1 * (0.75 + 0.75 * math.sqrt(5))),
                Mistake.MEANS: (0.225),
            },
        )
        alone(check, "alpha = 1 leaves L1 alone", checks.l1_penalty, answer, 1.0)
        alone(check, "alpha = 0 leaves L2 alone", checks.l2_penalty, answer, 0.0)


def alone(
    check: Check, what: str, lesson_check: Callable[..., Passed], answer: PenaltyFn, alpha: float
) -> None:
    """Check with the lesson's own check that at this `alpha` the mix is the lesson's penalty."""
    try:
        check.include(lesson_check(lambda model: answer(model, 1.0, alpha)))
    except CheckFailed as failed:
        text = f"{check.name}, strength = 1: {what}\n{failed}"
        raise CheckFailed(text, failed.mistake) from None
