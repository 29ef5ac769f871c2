"""Many runs at once: seeds x values of one hyperparameter, each equal to the same run alone."""

from course_utils.fleet.fleet import Fleet, iter_fleet, train_fleet
from course_utils.fleet.run import Run

__all__ = ["Fleet", "Run", "iter_fleet", "train_fleet"]
