"""Visible checks of exercise 02: one module per task."""

from course_utils.exercises.lesson_02.choose_lambda import choose_lambda, is_clear, small_sweep
from course_utils.exercises.lesson_02.elastic_net import PENALTIES, elastic_net
from course_utils.exercises.lesson_02.exposes_unused_penalty import (
    exposes_unused_penalty,
    never_added,
    verdict,
)
from course_utils.exercises.lesson_02.mixed_loss import mixed_loss, reported
from course_utils.exercises.lesson_02.proximal_step import THRESHOLDS, proximal_step
from course_utils.exercises.lesson_02.useful_inputs import (
    chosen,
    some_inputs,
    useful_inputs,
)

__all__ = [
    "PENALTIES",
    "THRESHOLDS",
    "choose_lambda",
    "chosen",
    "elastic_net",
    "exposes_unused_penalty",
    "is_clear",
    "mixed_loss",
    "never_added",
    "proximal_step",
    "reported",
    "small_sweep",
    "some_inputs",
    "useful_inputs",
    "verdict",
]
