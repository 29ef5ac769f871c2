"""Lesson 08: decay, dropout in one pass and in many, averaging, ensembles, pretraining."""

from course_utils.panels.today.averaging import averaging
from course_utils.panels.today.decay import memory
from course_utils.panels.today.members import members
from course_utils.panels.today.passes import passes
from course_utils.panels.today.pretraining import pretraining

__all__ = ["averaging", "members", "memory", "passes", "pretraining"]
