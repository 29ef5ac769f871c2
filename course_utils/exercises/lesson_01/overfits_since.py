"""Visible check of exercise 01: ``overfits_since``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    WITHOUT_THE_TRAINING_LOSS = (
        "overfitting takes both: a validation loss clearly up and a training loss clearly down"
    )
    LOWEST_SINGLE_LOSS = (
        "the lowest loss of a single seed is in this epoch, but it is the mean that counts: "
        "average the losses of the seeds first, then look for the lowest"
    )
    TURN_OF_THE_TRAINING_LOSS = "this is where the training loss is lowest"
    FIRST_CLEAR_EPOCH = "epoch 5 is clearly worse, but epoch 6 is not; it must last to the end"
    BY_THE_MEANS = "the mean is higher from here on, but the intervals include 0"
    OVERLAPPING_INTERVALS = (
        "the intervals of the two means overlap, but the runs are paired: compare within each"
        " seed, and epoch 7 is clear"
    )


def overfits_since(answer: Callable[[Any, Any], Any]) -> None:
    """Task ``overfits_since(train_loss, val_loss)`` -> two epochs: the turn, and overfits since."""
    with attempt("overfits_since", answer) as check:
        train_loss, val_loss = small_record()
        on = "the losses of 4 seeds over 8 epochs, as in the cell above"
        turn, since = check.pair(answer(train_loss, val_loss), "turn, since", on=on)
        check.close(
            "the turn has the lowest mean validation loss",
            turn,
            3,
            on=on,
            hint="take the mean over the seeds at each epoch; then the epoch of the lowest mean",
            mistakes={
                Mistake.LOWEST_SINGLE_LOSS: 4,
                Mistake.TURN_OF_THE_TRAINING_LOSS: 8,
            },
        )
        check.close(
            "since when it overfits clearly, to the end",
            since,
            7,
            on=on,
            hint="from this epoch to the last, every epoch is clearly worse than the turn",
            mistakes={
                Mistake.FIRST_CLEAR_EPOCH: 5,
                Mistake.BY_THE_MEANS: 4,
                Mistake.OVERLAPPING_INTERVALS: None,
            },
        )
        level = 0 * train_loss + 1
        got = check.pair(answer(level, val_loss.copy()), "turn, since", on=on)[1]
        check.close(
            "it takes a training loss that falls",
            got,
            None,
            on="the same validation losses, but training losses that are always 1",
            hint="there is no such epoch, so return None"
            if isinstance(got, int) and got in (-1, len(level[0]))
            else Mistake.WITHOUT_THE_TRAINING_LOSS,
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
