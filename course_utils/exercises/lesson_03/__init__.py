"""Visible checks of exercise 03: one module per task."""

from course_utils.exercises.lesson_03.choose_p import choose_p, small_sweep
from course_utils.exercises.lesson_03.dropout import LIBRARY, dropout
from course_utils.exercises.lesson_03.exposes_frozen_mask import exposes_frozen_mask, fresh, verdict
from course_utils.exercises.lesson_03.fit_with_dropout import (
    FITS,
    OwnDropout,
    fit_with_dropout,
    modes,
    numbers,
    watch_fit,
)
from course_utils.exercises.lesson_03.mc_predict import mc_predict
from course_utils.exercises.lesson_03.scheduled_p import scheduled_p

__all__ = [
    "FITS",
    "LIBRARY",
    "OwnDropout",
    "choose_p",
    "dropout",
    "exposes_frozen_mask",
    "fit_with_dropout",
    "fresh",
    "mc_predict",
    "modes",
    "numbers",
    "scheduled_p",
    "small_sweep",
    "verdict",
    "watch_fit",
]
