"""Visible checks of exercise 07: one module per task."""

from course_utils.exercises.lesson_07.by_budget import (
    by_budget,
    by_length,
    small_training,
    up_and_down,
)
from course_utils.exercises.lesson_07.defend import small_table
from course_utils.exercises.lesson_07.exposes_peeking import exposes_peeking, highest, verdict
from course_utils.exercises.lesson_07.paired_interval import INTERVALS, paired_interval
from course_utils.exercises.lesson_07.prune import prune, pruned
from course_utils.exercises.lesson_07.random_settings import (
    SEARCH,
    evenly_drawn,
    independently_drawn,
    own_dice,
    random_settings,
)
from course_utils.exercises.lesson_07.winners_curse import winners_curse

__all__ = [
    "INTERVALS",
    "SEARCH",
    "by_budget",
    "by_length",
    "evenly_drawn",
    "exposes_peeking",
    "highest",
    "independently_drawn",
    "own_dice",
    "paired_interval",
    "prune",
    "pruned",
    "random_settings",
    "small_table",
    "small_training",
    "up_and_down",
    "verdict",
    "winners_curse",
]
