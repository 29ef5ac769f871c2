"""Lesson 05: what transforms do to images, how strong they should be, and what flips confuse."""

from course_utils.experiments.flips import confusions, mixed_up_more
from course_utils.experiments.transforms import transform_of
from course_utils.panels.augmenting.flipping import flips
from course_utils.panels.augmenting.strengths import strength
from course_utils.panels.augmenting.transformed import gallery

__all__ = [
    "confusions",
    "flips",
    "gallery",
    "mixed_up_more",
    "strength",
    "transform_of",
]
