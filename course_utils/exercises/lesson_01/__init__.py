"""Visible checks of exercise 01: one module per task."""

from course_utils.exercises.lesson_01.bias_variance import bias_variance
from course_utils.exercises.lesson_01.corrupt_labels import LABELS_LIBRARY, corrupt_labels
from course_utils.exercises.lesson_01.exposes_leak import cut, exposes_leak, shuffled_twice, verdict
from course_utils.exercises.lesson_01.memorize import (
    by_heart,
    in_three_calls,
    memorize,
    nonsense,
)
from course_utils.exercises.lesson_01.overfits_since import overfits_since, small_record
from course_utils.exercises.lesson_01.train_one_epoch import TRAINING_LIBRARY, train_one_epoch

__all__ = [
    "LABELS_LIBRARY",
    "TRAINING_LIBRARY",
    "bias_variance",
    "by_heart",
    "corrupt_labels",
    "cut",
    "exposes_leak",
    "in_three_calls",
    "memorize",
    "nonsense",
    "overfits_since",
    "shuffled_twice",
    "small_record",
    "train_one_epoch",
    "verdict",
]
