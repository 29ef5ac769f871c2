"""Visible check of exercise 05: ``exposes_augmented_validation``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = (
        "the bug is missed: your own `augment` receives every image that is augmented; how can it "
        "recognize one of the validation set, alone or among others?"
    )
    RIGHT_ACCUSED = (
        "a right training is accused: training images may go through `augment` at any time, "
        "in any order and number, or never; only validation images of this call matter"
    )


Augment = Callable[[Tensor], Tensor]
#: Trains on (x_train, y_train) with an augmentation, and returns the accuracy on (x_val, y_val).
TrainFn = Callable[[Tensor, Tensor, Tensor, Tensor, Augment], float]


def exposes_augmented_validation(answer: Callable[[TrainFn], bool]) -> None:
    """Task ``exposes_augmented_validation(train)`` -> True if validation images are augmented."""
    with (
        attempt("exposes_augmented_validation", answer) as check,
        in_any_order(check, answer) as asked,
    ):
        verdict(asked, careless, broken=True, what="one that augments before it scores")
        verdict(asked, training, broken=False, what="one that augments training batches")


#: ``verdict(asked, code, broken=..., what=...)`` adds the case of `code`; `what` describes it.
verdict = partial(
    Verdicts.add,
    bug="an augmented validation image",
    missed=Mistake.BUG_MISSED,
    accused=Mistake.RIGHT_ACCUSED,
)


def training(
    x_train: Tensor, y_train: Tensor, x_val: Tensor, y_val: Tensor, augment: Augment
) -> float:
    """Right training: three epochs of a linear classifier, augmenting training images only."""
    torch.manual_seed(0)
    classes = int(max(y_train.max(), y_val.max())) + 1
    _, channels, height, width = x_train.shape
    weight = torch.zeros(classes, channels * height * width, requires_grad=True)
    for _ in range(3):
        for batch in torch.randperm(len(x_train)).split(4):
            logits = F.linear(augment(x_train[batch]).flatten(1).float(), weight)
            loss = F.cross_entropy(logits, y_train[batch])
            (slope,) = torch.autograd.grad(loss, weight)
            with torch.no_grad():
                weight -= 0.1 * slope
    return scored(weight, x_val, y_val)


def scored(weight: Tensor, x: Tensor, y: Tensor) -> float:
    """The accuracy of a linear classifier."""
    with torch.no_grad():
        right = F.linear(x.flatten(1).float(), weight).argmax(1) == y
    return float(right.float().mean())


def careless(
    x_train: Tensor, y_train: Tensor, x_val: Tensor, y_val: Tensor, augment: Augment
) -> float:
    """Broken training: like `training`, but validation images are augmented as well."""
    with torch.no_grad():
        x_val = augment(x_val)
    return training(x_train, y_train, x_val, y_val, augment)
