"""Train many runs at once, seeds x values of one hyperparameter, each equal to that run alone."""

from course_utils.fleet.run import Run
from course_utils.fleet.train import Fleet, iter_fleet, train_fleet

__all__ = ["Fleet", "Run", "iter_fleet", "train_fleet"]
