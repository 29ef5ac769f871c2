"""Visible check of exercise 06: ``choose_patience``."""

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

    LAST_WEIGHTS_JUDGED = (
        "patience 4 restores the best epoch of the whole run here, so it cannot be worse; "
        "did you take the last weights instead of the best?"
    )
    COST_NOT_CLEAR = (
        "patience 2 costs a little, but on the fresh half the interval of its cost includes 0"
    )
    OVERLAPPING_INTERVALS = (
        "patience 1 stops in epoch 3 and restores epoch 2; its cost over the best epoch of "
        "the whole run is clear, if the difference is paired by seed"
    )
    SAVED_SINCE_THE_BEST = (
        "this counts from the epoch restored; the epochs up to the stop have been trained too"
    )
    EPOCHS_TRAINED = "this is the mean epoch of the stop: the epochs trained, not those saved"
    ENTRIES_FOR_EPOCHS = "this is the number of entries after which it stopped, not of epochs"
    COUNTS_ENTRIES = (
        "this is one more than the mean over the seeds; entry 0 of the record is not an epoch of "
        "training, each seed has a stop of its own, and a median is not a mean"
    )
    MEAN_OF_THE_STOPPED_ONLY = "the run that was never stopped is left out; it saves 0"
    SUMMED = "this is the sum over the seeds; take the mean"


def choose_patience(answer: Callable[..., Any]) -> None:
    """Task ``choose_patience(watched, fresh, patiences)`` -> a patience and the epochs saved."""
    with attempt("choose_patience", answer) as check:
        watched, fresh = small_record()
        on = "watched and fresh of 5 seeds, as in the cell above, patiences = [1, 2, 4]"
        patience, saved = check.pair(answer(watched, fresh, [1, 2, 4]), "patience, saved", on=on)
        check.that(
            patience is not None,
            "the smallest patience that is not clearly worse",
            on=on,
            expected=2,
            got=None,
            hint=Mistake.LAST_WEIGHTS_JUDGED,
        )
        check.close(
            "the smallest patience that is not clearly worse",
            patience,
            2,
            on=on,
            hint="restore the best watched epoch up to the stop, and look up its *fresh* loss",
            mistakes={
                Mistake.COST_NOT_CLEAR: 4,
                Mistake.OVERLAPPING_INTERVALS: 1,
            },
        )
        check.close(
            "the epochs that it saves",
            saved,
            3.0,
            on=on,
            hint="count the epochs of the record after the stop, and take the mean over the seeds; "
            "a run that is never stopped saves 0",
            mistakes={
                Mistake.SAVED_SINCE_THE_BEST: 4.6,
                Mistake.EPOCHS_TRAINED: 7.0,
                Mistake.ENTRIES_FOR_EPOCHS: 8.0,
                Mistake.COUNTS_ENTRIES: 4.0,
                Mistake.MEAN_OF_THE_STOPPED_ONLY: 3.75,
                Mistake.SUMMED: 15.0,
            },
        )


def small_record() -> tuple[Any, Any]:
    """Losses of the watched and of the fresh half for 5 seeds and 10 epochs, [5, 11] each."""
    watched = np.array(
        [
            [2.0, 1.5, 1.0, 1.1, 0.6, 0.7, 0.7, 0.5, 0.8, 0.9, 1.0],
            [2.4, 1.9, 1.4, 1.5, 1.0, 1.1, 1.1, 0.9, 1.2, 1.3, 1.4],
            [1.9, 1.4, 0.9, 1.0, 0.6, 0.5, 0.7, 0.6, 0.4, 0.8, 0.9],
            [1.8, 1.3, 0.9, 1.0, 0.7, 0.8, 0.9, 0.6, 0.7, 0.8, 0.9],
            [2.2, 1.7, 1.2, 1.3, 1.0, 1.1, 0.9, 1.0, 0.8, 0.9, 0.7],
        ]
    )
    fresh = np.array(
        [
            [2.1, 1.6, 1.0, 1.2, 0.7, 0.9, 1.1, 0.65, 0.9, 1.0, 1.1],
            [2.3, 1.8, 1.5, 1.6, 1.1, 1.3, 1.45, 1.0, 1.3, 1.4, 1.5],
            [2.0, 1.5, 0.8, 1.1, 0.7, 0.6, 0.8, 1.05, 0.65, 0.9, 1.0],
            [1.9, 1.4, 1.1, 1.2, 0.8, 1.0, 1.2, 0.75, 0.8, 0.9, 1.0],
            [2.1, 1.6, 1.2, 1.3, 1.0, 1.1, 0.9, 1.0, 0.9, 1.0, 0.85],
        ]
    )
    return watched, fresh
