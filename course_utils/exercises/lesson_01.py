"""Visible checks of exercise 01, overfitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_01_labels import LABELS_LIBRARY, Corrupt, labels_redrawn
from course_utils.exercises.lesson_01_training import (
    TRAINING_LIBRARY,
    TrainOneEpoch,
    as_in_fit,
    mean_of_the_epoch,
)

__all__ = [
    "LABELS_LIBRARY",
    "TRAINING_LIBRARY",
    "bias_variance",
    "corrupt_labels",
    "exposes_leak",
    "overfits_since",
    "train_one_epoch",
]

Split = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]


def train_one_epoch(answer: TrainOneEpoch) -> None:
    """Task ``train_one_epoch(model, data, optimizer, batches)`` -> the mean loss of its samples."""
    with attempt("train_one_epoch", answer, by_hand=TRAINING_LIBRARY) as check:
        as_in_fit(check, answer)
        mean_of_the_epoch(check, answer, [2, 2, 1])


def corrupt_labels(answer: Corrupt) -> None:
    """Task ``corrupt_labels(y, fraction, num_classes, generator)`` -> new labels [n]."""
    with attempt("corrupt_labels", answer, by_hand=LABELS_LIBRARY) as check:
        labels_redrawn(check, answer, fraction=0.6, num_classes=10, truth=3)


def bias_variance(answer: Callable[[Tensor, Tensor], Any]) -> None:
    """Task ``bias_variance(predictions, truth)`` -> squared bias and variance."""
    with attempt("bias_variance", answer) as check:
        fits, truth = torch.tensor([[0.0, 5.0], [4.0, 9.0]]), torch.tensor([3.0, 5.0])
        on = "predictions [[0, 5], [4, 9]] of 2 fits, truth [3, 5]"
        bias, variance = check.pair(answer(fits, truth), "bias2, variance", on=on)
        check.close(
            "the squared bias",
            bias,
            2.5,
            on=on,
            hint="the mean fit has an error at each point: square it there, then average",
            mistakes={
                "the fits are averaged along the wrong axis: predictions are [fits, points]": 1.25,
                "errors of opposite sign cancel here; square at each point, then average": 0.25,
                "this is the whole error, bias² + variance; average the fits, then square": 6.5,
                "these are distances, not squares": 1.5,
                "this is the sum over the points; asked for is the mean": 5.0,
            },
        )
        check.close(
            "the variance",
            variance,
            4.0,
            on=on,
            hint="at each point, the variance of the fits; then the mean over the points",
            mistakes={
                "this divides by fits - 1; only with correction=0 do the two parts add up to the "
                "whole error": 8.0,
                "this is the variance among points; asked for is the one among fits": 6.25,
                "this is the variance of all numbers at once; take it at each point": 10.25,
                "this is the standard deviation": 2.0,
            },
        )


def exposes_leak(answer: Callable[[Split], bool]) -> None:
    """Task ``exposes_leak(split)`` -> True if training and validation share samples."""
    with attempt("exposes_leak", answer) as check:
        leak = "draws the validation samples from all samples again"
        verdict(check, answer, shuffled_twice, leak=leak)
        verdict(check, answer, cut, right="a right split")


def verdict(
    check: Check, answer: Callable[[Split], bool], split: Split, *, leak: str = "", right: str = ""
) -> None:
    """`answer` says of `split` whether it leaks; either `leak` or `right` tells what it does."""
    check.verdict(
        answer(split),
        broken=bool(leak),
        bug="a leak",
        on=f"a split that {leak}" if leak else right,
        missed="look for each training sample in the whole validation part, wherever it stands "
        "there",
        accused="a right split is accused; are two of your samples equal, so that one is taken for "
        "the other? Only a sample in both parts is a leak",
    )


def cut(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three quarters for training, the rest for validation, at random.

    Raises:
        ValueError: x and y are not what a split is asked to take.
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
    """Training and validation samples come from two shuffles, and many are in both."""
    middle = len(x) * 3 // 4
    train, val = torch.randperm(len(x))[:middle], torch.randperm(len(x))[middle:]
    return x[train], y[train], x[val], y[val]


def overfits_since(answer: Callable[[Any, Any], Any]) -> None:
    """Task ``overfits_since(train_loss, val_loss)`` -> the turn, and since when it overfits."""
    with attempt("overfits_since", answer) as check:
        train_loss, val_loss = small_record()
        on = "the losses of 4 seeds over 8 epochs, as in the cell above"
        turn, since = check.pair(answer(train_loss, val_loss), "turn, since", on=on)
        check.close(
            "the turn has the lowest mean validation loss",
            turn,
            3,
            on=on,
            hint="the mean over the seeds, at each epoch; then the epoch of the lowest",
            mistakes={
                "this is the epoch of the lowest single loss; one seed is no evidence": 4,
                "this is where the training loss is lowest": 8,
            },
        )
        check.close(
            "since when it overfits clearly, to the end",
            since,
            7,
            on=on,
            hint="from this epoch on, each epoch up to the last is clearly worse than the turn",
            mistakes={
                "epoch 5 is clearly worse, but epoch 6 is not; it has to last to the end": 5,
                "the mean is higher from here on, but the intervals include 0": 4,
                "the intervals of the two means overlap, but the runs are paired: compare within "
                "each seed, and epoch 7 is clear": None,
            },
        )
        level = 0 * train_loss + 1
        got = check.pair(answer(level, val_loss.copy()), "turn, since", on=on)[1]
        check.close(
            "it takes a training loss that falls",
            got,
            None,
            on="the same validation losses, but training losses that are 1 all along",
            hint="overfitting is both: validation clearly up, and training clearly down",
        )


def small_record() -> tuple[Any, Any]:
    """Training and validation losses of four seeds over 8 epochs, [4, 9] each."""
    train = np.array([2.3, 1.4, 1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2])
    val = np.array(
        [
            [2.3, 1.6, 1.2, 1.0, 1.15, 1.2, 1.0, 1.3, 1.5],
            [2.3, 1.5, 1.1, 0.9, 0.8, 1.0, 1.1, 1.1, 1.4],
            [2.4, 1.4, 0.9, 0.7, 0.45, 0.9, 0.7, 1.0, 1.2],
            [2.2, 1.2, 0.7, 0.5, 0.8, 0.6, 0.6, 0.7, 1.0],
        ]
    )
    return train + np.array([[0.1], [0.05], [0.0], [-0.05]]), val
