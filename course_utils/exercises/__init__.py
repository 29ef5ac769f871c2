"""The visible checks of the exercises: one folder per lesson, one module per task.

A check calls the learner's answer and prints one line when all is right, or what was got, what was
expected, on which input, and a hint. It never shows a solution. On a stub that nobody has touched
it says so, and the notebook runs on. The graders' checks on other inputs are not here.
"""

from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import in_any_order

__all__ = ["attempt", "in_any_order"]
