"""Visible check of exercise 02: ``proximal_step``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.soft_threshold import Mistake as SoftThresholdMistake
from course_utils.exercises.attempt import attempt
from course_utils.regularizers import soft_threshold


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ON_A_COPY = (
        "the model's parameters have not changed: an assignment to a name makes a new tensor; "
        "write into the old one, for example with w.copy_(...) under torch.no_grad()"
    )
    HARD_THRESHOLD = "large weights keep their size: this is a hard threshold, not a soft one"
    THRESHOLD_WITHOUT_LR = "the threshold is lr * strength; here the strength alone was taken"
    THRESHOLD_FIRST = "the threshold came before the gradient step; it acts after it"
    WITHOUT_THRESHOLD = "the gradient step is there, but the threshold is missing"
    WITHOUT_GRADIENT_STEP = "the threshold is there, but the gradient step is missing"
    UPHILL = "this steps uphill; the step goes against the gradient"
    BIASES_SHRINK = "the threshold has moved the biases too; it applies to weights only"
    RETURNS_SOMETHING = "change the model in place, and return nothing"
    BIASES_STAY = "the bias took no gradient step; every parameter takes one"


THRESHOLDS = (F.softshrink, soft_threshold)


def proximal_step(answer: Callable[[nn.Module, float, float], None]) -> None:
    """Task ``proximal_step(model, lr, strength)``: the gradient step, then the threshold."""
    with attempt("proximal_step", answer, by_hand=THRESHOLDS) as check:
        model = nn.Linear(5, 1)
        weight, bias = model.weight, model.bias
        w, g = torch.tensor([[0.5, -0.5, 0.1, 0.0, 0.25]]), torch.tensor([[1.0, 1, -0.5, 0, 3]])
        with torch.no_grad():
            weight.copy_(w)
            bias.fill_(0.3)
        weight.grad, bias.grad = g.clone(), torch.ones(1)
        on = (
            "weights [0.5, -0.5, 0.1, 0, 0.25] with gradients [1, 1, -0.5, 0, 3], "
            "lr = 0.1, strength = 2"
        )
        got = answer(model, 0.1, 2.0)  # type: ignore[func-returns-value]
        moved, t = w - 0.1 * g, 0.2
        sign, size = moved.sign(), moved.abs()
        nothing = torch.equal(weight, w) and torch.equal(bias, torch.full_like(bias, 0.3))
        check.close(
            "a gradient step, then every weight moves toward 0 by lr * strength",
            weight,
            sign * (size - t).clamp(min=0) + 0.0,  # no -0 among the expected numbers
            on=on,
            hint=Mistake.ON_A_COPY
            if nothing
            else "follow each weight by hand: first the gradient, then the threshold",
            mistakes={
                SoftThresholdMistake.SIGN_BY_DIVISION: (moved / size * (size - t).clamp(min=0)),
                SoftThresholdMistake.SIGN_FORGOTTEN: (size - t).clamp(min=0),
                SoftThresholdMistake.POSITIVE_SIDE_ONLY: ((moved - t).clamp(min=0)),
                SoftThresholdMistake.BY_THE_SLOPE_OF_L1: sign * (size - t),
                Mistake.HARD_THRESHOLD: (torch.where(size > t, moved, torch.zeros_like(w))),
                Mistake.THRESHOLD_WITHOUT_LR: (sign * (size - 2.0).clamp(min=0)),
                Mistake.THRESHOLD_FIRST: (w.sign() * (w.abs() - t).clamp(min=0) - 0.1 * g),
                Mistake.WITHOUT_THRESHOLD: moved,
                Mistake.WITHOUT_GRADIENT_STEP: (w.sign() * (w.abs() - t).clamp(min=0)),
                Mistake.UPHILL: (F.softshrink(w + 0.1 * g, t)),
            },
        )
        check.close(
            "biases take the gradient step and no threshold",
            bias,
            torch.tensor([0.2]),
            on="a bias of 0.3 with gradient 1, lr = 0.1, strength = 2",
            hint="the threshold is for weights, the gradient step for every parameter",
            mistakes={
                Mistake.BIASES_SHRINK: [0.0],
                Mistake.BIASES_STAY: [0.3],
            },
        )
        check.that(
            got is None,
            "it returns nothing",
            on=on,
            expected=None,
            got=got,
            hint=Mistake.RETURNS_SOMETHING,
        )
