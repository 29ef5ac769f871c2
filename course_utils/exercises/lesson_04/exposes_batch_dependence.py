"""Visible check of exercise 04: ``exposes_batch_dependence``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = (
        "keep one sample and change the others: what must stay the same? Test every sample and "
        "every output, for any difference above 1e-4"
    )
    RIGHT_ACCUSED = (
        "a right model is accused: in training mode outputs may depend on the batch and on "
        "masks, and in any mode on rounding"
    )


Judge = Callable[[nn.Module, Tensor], bool]


def exposes_batch_dependence(answer: Judge) -> None:
    """Task ``exposes_batch_dependence(model, x)`` -> True if it is there, else False."""
    with attempt("exposes_batch_dependence", answer) as check, in_any_order(check, answer) as asked:
        x = torch.randn(6, 4)
        broken = nn.Sequential(nn.Linear(4, 3), AlwaysByTheBatch(), nn.Linear(3, 2))
        verdict(asked, broken, x, broken=True, what="a norm with the batch's statistics")
        right = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))
        verdict(asked, right, x, broken=False, what="batch norm and dropout, both right")


def verdict(asked: Verdicts, model: nn.Module, x: Tensor, *, broken: bool, what: str) -> None:
    """Add the cases of `model` in both modes."""
    for training in (True, False):
        asked.add(
            copy.deepcopy(model).train(training),
            x.clone(),
            broken=broken,
            bug="the dependence on the batch",
            what=f"{what}, passed in {'training' if training else 'evaluation'} mode",
            missed=Mistake.BUG_MISSED,
            accused=Mistake.RIGHT_ACCUSED,
        )


class AlwaysByTheBatch(nn.Module):
    """Normalizes with the statistics of the batch in both modes."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5).sqrt()
