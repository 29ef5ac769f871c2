"""What is read from a fleet over learning rates, first all with batch norm, then all without."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.fleet import Fleet

Array = NDArray[Any]

WORKS = 0.7  # of the best mean accuracy in the fleet: from there on a rate counts as working


def last_accuracies(fleet: Fleet) -> Array:
    """Validation accuracy now, [with and without batch norm, lrs, seeds]; 0 if diverged."""
    now = np.nan_to_num(fleet.val_acc[:, :, fleet.epoch])
    return now.reshape(2, -1, now.shape[1])


def workable(fleet: Fleet) -> tuple[list[float], list[float]]:
    """The rates that work with batch norm, and those that work without.

    A rate works if its mean accuracy is at least `WORKS` of the best in the fleet.
    """
    mean = last_accuracies(fleet).mean(axis=2)
    lrs = [lr for _, lr in fleet.values[: mean.shape[1]]]
    with_it, without = (
        [lr for lr, acc in zip(lrs, run, strict=True) if acc >= WORKS * mean.max()] for run in mean
    )
    return with_it, without
