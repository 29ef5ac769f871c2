"""Visible check of exercise 01: ``exposes_leak``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = (
        "pass a hundred samples, of both classes, and look for each training sample in the whole "
        "validation part: is one of its rows equal?"
    )
    RIGHT_ACCUSED = (
        "a right split is accused: none of its samples is in both parts, and only that is a leak. "
        "Did you take two different samples with equal values for the same one?"
    )


Split = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]


def exposes_leak(answer: Callable[[Split], bool]) -> None:
    """Task ``exposes_leak(split)`` -> True if training and validation share samples."""
    with attempt("exposes_leak", answer) as check, in_any_order(check, answer) as asked:
        leak = "draws the validation samples from all samples again"
        verdict(asked, shuffled_twice, leak=leak)
        verdict(asked, cut, right="a right split")


def verdict(asked: Verdicts, split: Split, *, leak: str = "", right: str = "") -> None:
    """Add the case of `split`; either `leak` or `right` describes what it does."""
    asked.add(
        split,
        broken=bool(leak),
        bug="a leak",
        what=f"a split that {leak}" if leak else right,
        missed=Mistake.BUG_MISSED,
        accused=Mistake.RIGHT_ACCUSED,
    )


def cut(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A right split: a random three quarters for training, the rest for validation.

    Raises:
        ValueError: x is not [n, features], or y is not n labels 0 or 1.
    """
    if (
        x.ndim != 2
        or y.shape != x.shape[:1]
        or y.dtype != torch.long
        or not set(y.tolist()) <= {0, 1}
    ):
        raise ValueError(
            f"x must be [n, features] and y n class labels, whole numbers 0 or 1; got shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}, and y = {y[:3].tolist()}... of {y.dtype}"
        )
    order, middle = torch.randperm(len(x)), len(x) * 3 // 4
    train, val = order[:middle], order[middle:]
    return x[train], y[train], x[val], y[val]


def shuffled_twice(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A leaking split: two shuffles draw training and validation samples, so many are in both."""
    middle = len(x) * 3 // 4
    train, val = torch.randperm(len(x))[:middle], torch.randperm(len(x))[middle:]
    return x[train], y[train], x[val], y[val]
