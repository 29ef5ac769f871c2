"""Many runs at once: seeds x values of one hyperparameter, each equal to the same run alone."""

from course_utils.fleet.run import Run
from course_utils.fleet.train import Fleet, iter_fleet, train_fleet

__all__ = ["Fleet", "Run", "iter_fleet", "train_fleet"]
