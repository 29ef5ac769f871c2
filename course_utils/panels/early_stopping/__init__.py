"""Lesson 06: how long to wait, what to watch, and the path that training takes."""

from course_utils.figures.early_stopping import show_count
from course_utils.panels.early_stopping.descent_path import path
from course_utils.panels.early_stopping.waiting import patience
from course_utils.panels.early_stopping.watching import which_metric

__all__ = ["path", "patience", "show_count", "which_metric"]
