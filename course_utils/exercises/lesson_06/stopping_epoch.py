"""Visible check of exercise 06: ``stopping_epoch``."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import unique

import numpy as np
from torch.optim.lr_scheduler import ReduceLROnPlateau

from course_utils import checks, regularizers
from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_06.common import Losses


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    STARTS_WITH_THE_FIRST_LOSS = (
        "the NaN in entry 0 became the best loss, and no loss lies below NaN"
    )


LIBRARY = (regularizers.stopping_epoch, regularizers.early_stopping, ReduceLROnPlateau.step)


def stopping_epoch(answer: Callable[..., int | None]) -> None:
    """Task ``stopping_epoch(val_losses, patience, min_delta=0.0)`` -> an epoch or None."""

    def plain(losses: Losses, patience: int, min_delta: float) -> int | None:
        got = answer(losses, patience, min_delta)
        return int(got) if isinstance(got, np.integer) else got

    with attempt("stopping_epoch", answer, by_hand=LIBRARY) as check:
        check.include(checks.early_stopping(plain))
        got = plain([math.nan, 3, 2, 2.5, 1], 2, 0.0)
        check.that(
            got is None,
            "after a NaN in entry 0, the first number is an improvement",
            on="val_losses = [nan, 3, 2, 2.5, 1], patience = 2",
            expected=None,
            got=got,
            hint=Mistake.STARTS_WITH_THE_FIRST_LOSS
            if got == 2
            else "follow the best loss and the count of waiting epochs by hand",
        )
