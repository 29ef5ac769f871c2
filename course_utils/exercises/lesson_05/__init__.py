"""Visible checks of exercise 05: one module per task."""

from course_utils.exercises.lesson_05.clearly_confused import clearly_confused, small_confusions
from course_utils.exercises.lesson_05.exposes_augmented_validation import (
    exposes_augmented_validation,
    training,
    verdict,
)
from course_utils.exercises.lesson_05.mixup import kept, mixup
from course_utils.exercises.lesson_05.random_shift import SHIFTS, random_shift
from course_utils.exercises.lesson_05.smoothed_cross_entropy import LOSSES, smoothed_cross_entropy
from course_utils.exercises.lesson_05.train_shifted import (
    digits,
    in_two_calls,
    knows_moved,
    moved_accuracy,
    train_shifted,
)

__all__ = [
    "LOSSES",
    "SHIFTS",
    "clearly_confused",
    "digits",
    "exposes_augmented_validation",
    "in_two_calls",
    "kept",
    "knows_moved",
    "mixup",
    "moved_accuracy",
    "random_shift",
    "small_confusions",
    "smoothed_cross_entropy",
    "train_shifted",
    "training",
    "verdict",
]
