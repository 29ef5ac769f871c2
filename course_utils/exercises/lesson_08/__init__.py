"""Visible checks of exercise 08: one module per task."""

from course_utils.exercises.lesson_08.adamw import (
    OPTIMIZERS,
    adamw,
    compare_with_adamw,
    like_adamw,
)
from course_utils.exercises.lesson_08.decay_groups import decay_groups, groups
from course_utils.exercises.lesson_08.ema_update import AVERAGES, ema_update, followed
from course_utils.exercises.lesson_08.expected_calibration_error import (
    calibrated,
    expected_calibration_error,
)
from course_utils.exercises.lesson_08.fine_tune import (
    accuracy,
    carried_over,
    fine_tune,
    in_two_calls,
    pretrained,
)
from course_utils.exercises.lesson_08.rms_norm import NORMS, Oracle, one_scale, own_norm, rms_norm

__all__ = [
    "AVERAGES",
    "NORMS",
    "OPTIMIZERS",
    "Oracle",
    "accuracy",
    "adamw",
    "calibrated",
    "carried_over",
    "compare_with_adamw",
    "decay_groups",
    "ema_update",
    "expected_calibration_error",
    "fine_tune",
    "followed",
    "groups",
    "in_two_calls",
    "like_adamw",
    "one_scale",
    "own_norm",
    "pretrained",
    "rms_norm",
]
