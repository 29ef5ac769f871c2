"""Lesson 07: five techniques on one board, and the search for a good mix."""

from course_utils.figures.combining import show_race
from course_utils.panels.combining.mixing import mixer
from course_utils.panels.combining.searching import search

__all__ = [
    "mixer",
    "search",
    "show_race",
]
