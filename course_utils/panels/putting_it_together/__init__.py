"""Lesson 07: five techniques on one board, and the search for a good mix."""

from course_utils.figures.putting_it_together import show_race
from course_utils.panels.putting_it_together.mixing import mixer
from course_utils.panels.putting_it_together.searching import search

__all__ = ["mixer", "search", "show_race"]
