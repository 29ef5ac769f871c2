"""The visible checks of the exercises: one folder per lesson, one module per task.

A check calls the learner's answer. It prints one line if all is right, else the input, what was
expected, what the answer returned, and a hint; never a solution. For an untouched stub it prints
"not attempted yet", and the notebook runs on. The hidden checks, on other inputs, are in the
instructor's part.
"""

from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import in_any_order

__all__ = ["attempt", "in_any_order"]
