"""Blanks in a lesson, `____`, and the course's own lines in their place until they are filled."""

from course_utils.blanks.fill import ____, yours_or_ours

__all__ = ["____", "yours_or_ours"]
