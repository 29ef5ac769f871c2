"""Visible check of exercise 03: ``mc_predict``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    MODE_LEFT = "store model.training first, and restore it with model.train(stored)"
    GRADIENTS_RECORDED = "put `with torch.no_grad():` around the passes"
    GRADIENTS_LEFT_OFF = "`with torch.no_grad():` switches gradients off, and on again at its end"
    MEAN_OF_LOGITS = "this is the mean of the logits; apply softmax to each pass, then average"
    SOFTMAX_OF_THE_MEAN = "logits were averaged before the softmax; softmax first, pass by pass"
    IN_EVALUATION_MODE = "this is the result of evaluation mode; keep the masks on"
    ONE_LARGE_BATCH = (
        "the model was called once: copies of x in one batch are one pass; call it for each pass"
    )
    SUM_OVER_PASSES = "this is the sum over the passes; divide by their number"
    SOFTMAX_OVER_THE_IMAGES = (
        "the softmax ran over the images; it belongs over the classes, the last axis: "
        "softmax(-1), before and after stacking"
    )
    SOFTMAX_OVER_THE_PASSES = (
        "the softmax ran over the passes; it belongs over the classes, the last axis: "
        "softmax(-1), before and after stacking"
    )
    UNBIASED_SPREAD = (
        "this divides by passes - 1; the spread of exactly these passes divides by their number "
        "(correction=0)"
    )
    VARIANCE_FOR_SPREAD = "this is the variance; take its square root"


def mc_predict(answer: Callable[[nn.Module, Tensor, int], Any]) -> None:
    """Task ``mc_predict(model, x, passes)`` -> mean [n, classes] and spread [n]."""
    with attempt("mc_predict", answer) as check:
        x, on = (
            torch.ones(3, 4),
            "a model with probabilities 90 : 10 and 50 : 50 in turn, 4 passes, 3 images",
        )
        model = TwoMinds()
        got = answer(model, x, 4)
        mean, spread = check.pair(got, "mean, spread", on=on)
        mean = check.tensor(mean, (3, 2), on=on)
        once = model.asked == 1 and model.asked_in == {True}
        check.close(
            "the mean is taken over probabilities",
            mean,
            torch.tensor([0.7, 0.3]).expand(3, 2),
            on=on,
            hint="average over the passes, and over nothing else",
            mistakes={
                Mistake.MEAN_OF_LOGITS: (TwoMinds.logits().mean(0).expand(3, 2)),
                Mistake.SOFTMAX_OF_THE_MEAN: (TwoMinds.logits().mean(0).softmax(0).expand(3, 2)),
                Mistake.ONE_LARGE_BATCH if once else Mistake.IN_EVALUATION_MODE: (
                    torch.tensor([0.9, 0.1]).expand(3, 2)
                ),
                Mistake.SUM_OVER_PASSES: (torch.tensor([2.8, 1.2]).expand(3, 2)),
                Mistake.SOFTMAX_OVER_THE_IMAGES: torch.full((3, 2), 1 / 3),
                Mistake.SOFTMAX_OVER_THE_PASSES: torch.full((3, 2), 1 / 4),
            },
        )
        check.close(
            "the spread is the standard deviation of the top class",
            check.tensor(spread, (3,), on=on),
            torch.full((3,), 0.2),
            on=on,
            hint="over the passes, of the probability of the class whose mean is highest",
            mistakes={
                Mistake.UNBIASED_SPREAD: torch.full((3,), 0.2309401),
                Mistake.VARIANCE_FOR_SPREAD: torch.full((3,), 0.04),
            },
        )
        check.that(
            model.asked == 4,
            "the model is called once in each pass",
            on=on,
            expected="4 times",
            got=f"{model.asked} times",
            hint="make as many passes as `passes` says, and no other calls",
        )
        leaves_the_mode_alone(check, answer)


def leaves_the_mode_alone(check: Check, answer: Callable[[nn.Module, Tensor, int], Any]) -> None:
    """Check that the passes are in training mode, and that mode and gradients stay as they were."""
    for training in (False, True):
        model = TwoMinds().train(training)
        got = answer(model, torch.ones(2, 4), 2)
        mode = {True: "training", False: "evaluation"}
        check.that(
            model.asked_in == {True},
            "the passes are stochastic",
            on=f"a model in {mode[training]} mode",
            expected="passes in training mode, where dropout draws masks",
            got="a pass in evaluation mode",
            hint="model.train() turns the masks on",
        )
        check.that(
            model.training is training,
            "the mode is left as it was",
            on=f"a model in {mode[training]} mode",
            expected=f"{mode[training]} mode afterwards",
            got=f"{mode[model.training]} mode",
            hint=Mistake.MODE_LEFT,
        )
        for name, tensor in zip(("the mean", "the spread"), got, strict=True):
            check.that(
                not tensor.requires_grad,
                "no gradients are recorded",
                on=name,
                expected="numbers without a graph behind them",
                got="a tensor that requires a gradient",
                hint=Mistake.GRADIENTS_RECORDED,
            )
        check.that(
            model.scale.requires_grad and torch.is_grad_enabled(),
            "later computations can record gradients",
            on="the model's parameters, and PyTorch's own switch",
            expected="gradients as before",
            got="gradients switched off",
            hint=Mistake.GRADIENTS_LEFT_OFF,
        )


class TwoMinds(nn.Module):
    """Gives 90 : 10 and 50 : 50 in turn in training mode, and always 90 : 10 in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.asked = 0
        #: The modes (`training`) of its forward passes so far.
        self.asked_in: set[bool] = set()

    @staticmethod
    def logits() -> Tensor:
        """The two outputs for a sample, [2, 2 classes]."""
        return torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()

    def forward(self, x: Tensor) -> Tensor:
        vote = self.logits()[self.asked % 2 if self.training else 0]
        self.asked += 1
        self.asked_in.add(self.training)
        return vote.expand(len(x), 2) * self.scale
