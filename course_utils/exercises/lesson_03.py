"""Visible checks of exercise 03, dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import checks
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.regularizers import Dropout

LIBRARY = (F.dropout, F.alpha_dropout, torch.dropout, nn.Dropout.forward, Dropout.forward)

DropoutFn = Callable[[Tensor, float, bool], Tensor]


def dropout(answer: DropoutFn) -> None:
    """Task ``dropout(x, p, training)``."""
    with attempt("dropout", answer, by_hand=LIBRARY) as check:
        check.include(checks.dropout(answer))


def mc_predict(answer: Callable[[nn.Module, Tensor, int], Any]) -> None:
    """Task ``mc_predict(model, x, passes)`` -> mean [n, classes] and spread [n]."""
    with attempt("mc_predict", answer) as check:
        x, on = (
            torch.ones(3, 4),
            "a model that votes 90 : 10 and 50 : 50 in turn, 4 passes, 3 images",
        )
        got = answer(TwoMinds(), x, 4)
        mean, spread = check.pair(got, "mean, spread", on=on)
        mean = check.tensor(mean, (3, 2), on=on)
        check.close(
            "the mean is that of the probabilities",
            mean,
            torch.tensor([0.7, 0.3]).expand(3, 2),
            on=on,
            hint="average over the passes, and over nothing else",
            mistakes={
                "this is the mean of the logits; apply softmax to each pass, then average": (
                    TwoMinds.logits().mean(0).expand(3, 2)
                ),
                "logits were averaged before the softmax; softmax first, pass by pass": (
                    TwoMinds.logits().mean(0).softmax(0).expand(3, 2)
                ),
                "this is what evaluation mode gives, or one pass; keep the masks on": (
                    torch.tensor([0.9, 0.1]).expand(3, 2)
                ),
                "the sum over the passes is to be divided by their number": (
                    torch.tensor([2.8, 1.2]).expand(3, 2)
                ),
                "the softmax ran over the images; it belongs over the classes, the last axis: "
                "softmax(-1), before and after stacking": torch.full((3, 2), 1 / 3),
                "the softmax ran over the passes; it belongs over the classes, the last axis: "
                "softmax(-1), before and after stacking": torch.full((3, 2), 1 / 4),
            },
        )
        check.close(
            "the spread is the standard deviation of the top class",
            check.tensor(spread, (3,), on=on),
            torch.full((3,), 0.2),
            on=on,
            hint="over the passes, of the probability of the class whose mean is highest",
            mistakes={
                "this divides by passes - 1; the spread of these very passes divides by their "
                "number (correction=0)": torch.full((3,), 0.2309401),
                "this is the variance; take its square root": torch.full((3,), 0.04),
            },
        )
        leaves_the_mode_alone(check, answer)


def leaves_the_mode_alone(check: Check, answer: Callable[[nn.Module, Tensor, int], Any]) -> None:
    """`answer` asks in training mode, and leaves the mode and the gradients as they were."""
    for training in (False, True):
        model = TwoMinds().train(training)
        mean = answer(model, torch.ones(2, 4), 2)[0]
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
            hint="note model.training first, and go back to it with model.train(noted)",
        )
        check.that(
            not mean.requires_grad,
            "no gradients are recorded",
            on="the mean",
            expected="numbers without a graph behind them",
            got="a tensor that requires a gradient",
            hint="`with torch.no_grad():` around the passes",
        )


class TwoMinds(nn.Module):
    """Votes 90 : 10 and 50 : 50 in turn in training, always 90 : 10 in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.asked = 0
        #: The modes it was asked in.
        self.asked_in: set[bool] = set()

    @staticmethod
    def logits() -> Tensor:
        """The two votes, [2, 2]."""
        return torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()

    def forward(self, x: Tensor) -> Tensor:
        vote = self.logits()[self.asked % 2 if self.training else 0]
        self.asked += 1
        self.asked_in.add(self.training)
        return vote.expand(len(x), 2) * self.scale


def scheduled_p(answer: Callable[[int, int, float], float]) -> None:
    """Task ``scheduled_p(epoch, warmup, p_max)``."""
    with attempt("scheduled_p", answer) as check:
        for epoch, warmup, expected, hint in (
            (0, 10, 0.0, "in epoch 0 nothing is dropped yet"),
            (5, 10, 0.2, "half of the warm-up has passed, so half of p_max"),
            (10, 10, 0.4, "the warm-up is over: p_max"),
            (25, 10, 0.4, "after the warm-up p stays at p_max; it must not grow on"),
            (0, 0, 0.4, "without a warm-up it is p_max from the start; look at warmup first"),
        ):
            check.close(
                "p rises in a straight line, then stays",
                answer(epoch, warmup, 0.4),
                expected,
                on=f"epoch = {epoch}, warmup = {warmup}, p_max = 0.4",
                hint=hint,
            )


def exposes_frozen_mask(answer: Callable[[DropoutFn], bool]) -> None:
    """Task ``exposes_frozen_mask(dropout)`` -> True for a frozen mask, else False."""
    with attempt("exposes_frozen_mask", answer) as check:
        verdict(check, answer, seeded_inside, broken=True, what="one that calls manual_seed inside")
        verdict(check, answer, fresh, broken=False, what="a right dropout")


def verdict(
    check: Check, answer: Callable[[DropoutFn], bool], fn: DropoutFn, *, broken: bool, what: str
) -> None:
    """`answer` says of `fn` what is true of it."""
    check.verdict(
        answer(fn),
        broken=broken,
        bug="a frozen mask",
        on=what,
        missed="call it twice on the same input in training mode: what must differ?",
        accused="a right dropout is accused; in evaluation mode two outputs agree, and so do two "
        "outputs on too small an input, by chance",
    )


def fresh(x: Tensor, p: float, training: bool) -> Tensor:
    """Dropout as it should be."""
    return F.dropout(x, p, training)


def seeded_inside(x: Tensor, p: float, training: bool) -> Tensor:
    """Dropout whose mask never changes."""
    torch.manual_seed(0)
    return F.dropout(x, p, training)


def choose_p(answer: Callable[[Sequence[float], Any], tuple[float, float]]) -> None:
    """Task ``choose_p(values, val_acc)`` -> the best p and the smallest not clearly worse."""
    with attempt("choose_p", answer) as check:
        values, acc = small_sweep()
        on = "values = [0, 0.3, 0.5, 0.8], val_acc of 4 seeds, as in the cell above"
        got = answer(values, acc)
        best, smallest = check.pair(got, "best, smallest", on=on)
        check.close(
            "the best p has the highest mean",
            best,
            0.5,
            on=on,
            hint="the mean over the seeds, of each p; then the p of the highest",
            mistakes={
                "this is the p of the single best run; one lucky seed is no evidence": 0.3,
                "this is its place in the list; look the p up": 2.0,
            },
        )
        check.close(
            "the smallest p that is not clearly worse",
            smallest,
            0.3,
            on=on,
            hint="compare each p with the best, paired by seed; it stays in the race while the "
            "interval of the difference includes 0",
            mistakes={
                "p = 0 is clearly worse, for the runs are paired; asked for is the first p that "
                "is not, and overlapping intervals of two means do not tell": 0.0,
                "this is the best p itself; a smaller one is not clearly worse": 0.5,
            },
        )


def small_sweep() -> tuple[list[float], Any]:
    """Four values of p with four seeds each: accuracies that spread more between seeds than
    between values, and one lucky run."""
    by_seed = np.array([0.80, 0.84, 0.88, 0.92])
    gains = [
        np.array([0.0, 0.0, 0.001, 0.0]),
        np.array([0.02, 0.01, 0.035, 0.05]),
        np.array([0.03, 0.031, 0.029, 0.03]),
        np.array([-0.05, -0.06, -0.05, -0.04]),
    ]
    return [0.0, 0.3, 0.5, 0.8], np.stack([by_seed + gain for gain in gains])
