"""Lesson 05: what transforms do to images, how strong they should be, and what flips confuse."""

from course_utils.experiments.flips import confusions, mixed_up_more
from course_utils.experiments.transforms import transform_of
from course_utils.panels.augmentation.flipping import flips
from course_utils.panels.augmentation.strengths import strength
from course_utils.panels.augmentation.transformed import gallery

__all__ = ["confusions", "flips", "gallery", "mixed_up_more", "strength", "transform_of"]
