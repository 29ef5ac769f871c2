"""Visible checks of exercise 04: one module per task."""

from course_utils.exercises.lesson_04.batch_norm1d import (
    batch_norm,
    named_buffers,
    own_lines,
    refuses_one,
)
from course_utils.exercises.lesson_04.common import LIBRARY
from course_utils.exercises.lesson_04.does_it_help import does_it_help, sweeps
from course_utils.exercises.lesson_04.exposes_batch_dependence import (
    exposes_batch_dependence,
    verdict,
)
from course_utils.exercises.lesson_04.fold import FOLDING, fold
from course_utils.exercises.lesson_04.layer_norm import layer_norm
from course_utils.exercises.lesson_04.train_head import (
    only_the_head,
    train_head,
    watch_train_head,
)

__all__ = [
    "FOLDING",
    "LIBRARY",
    "batch_norm",
    "does_it_help",
    "exposes_batch_dependence",
    "fold",
    "layer_norm",
    "named_buffers",
    "only_the_head",
    "own_lines",
    "refuses_one",
    "sweeps",
    "train_head",
    "verdict",
    "watch_train_head",
]
