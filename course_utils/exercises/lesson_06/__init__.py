"""Visible checks of exercise 06: one module per task."""

from course_utils.exercises.lesson_06.choose_patience import choose_patience, small_record
from course_utils.exercises.lesson_06.exposes_wrong_rule import (
    exposes_wrong_rule,
    in_either_reading,
    rule,
    verdict,
)
from course_utils.exercises.lesson_06.smoothed import running_mean, smoothed
from course_utils.exercises.lesson_06.stopping_epoch import LIBRARY, stopping_epoch
from course_utils.exercises.lesson_06.train_and_stop import (
    in_two_calls,
    loss_on,
    samples,
    stopped_in_time,
    train_and_stop,
)
from course_utils.exercises.lesson_06.train_to_best import play, train_to_best

__all__ = [
    "LIBRARY",
    "choose_patience",
    "exposes_wrong_rule",
    "in_either_reading",
    "in_two_calls",
    "loss_on",
    "play",
    "rule",
    "running_mean",
    "samples",
    "small_record",
    "smoothed",
    "stopped_in_time",
    "stopping_epoch",
    "train_and_stop",
    "train_to_best",
    "verdict",
]
