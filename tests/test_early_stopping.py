"""The rule of early stopping: patience and min_delta, asked at the end or epoch by epoch."""

import math

import pytest

from course_utils.history import History
from course_utils.regularizers import (
    early_stopping,
    stopping_epoch,
)

nan, inf = math.nan, math.inf


SCRIPTS = [
    # patience runs out after exactly so many epochs without improvement
    ([3, 2, 1, 2, 2, 2, 2], 1, 0.0, 3),
    ([3, 2, 1, 2, 2, 2, 2], 2, 0.0, 4),
    ([3, 2, 1, 2, 2, 2, 2], 3, 0.0, 5),
    ([3, 2, 1, 2, 2, 2, 2], 5, 0.0, None),
    # patience 1
    ([1, 2], 1, 0.0, 1),
    ([3, 2, 2.5, 0], 1, 0.0, 2),
    # never firing
    ([5, 4, 3, 2, 1], 1, 0.0, None),
    ([], 1, 0.0, None),
    ([1], 1, 0.0, None),
    # an improvement resets the count, and must beat the best, not the one before
    ([3, 4, 2, 4, 1, 4, 4], 2, 0.0, 6),
    ([2, 4, 3.5, 3, 2.5], 4, 0.0, 4),
    # ties
    ([2, 2, 2], 2, 0.0, 2),
    ([3, 2, 2, 1, 1, 1], 2, 0.0, 5),
    # NaN
    ([3, 2, nan, nan, 1], 2, 0.0, 3),
    ([3, nan, 2, nan, 1, nan], 2, 0.0, None),
    ([nan, nan, 1], 2, 0.0, 1),
    ([nan, 3, 2, 1], 2, 0.0, None),
    # infinity is a loss that anything improves on
    ([inf, inf, 1], 2, 0.0, 1),
    ([inf, 5, 4], 2, 0.0, None),
    # min_delta
    ([2, 1.75, 1.5, 1.25], 2, 0.5, 2),  # 1.5 is better by exactly min_delta
    ([2, 1.75, 1.25, 1.0], 2, 0.5, None),
    ([4, 3.6, 3.2, 2.8, 2.4], 2, 0.5, None),  # small steps add up
    ([2, 2.4, 2.4, 1.4], 3, 0.5, None),
]


@pytest.mark.parametrize(("losses", "patience", "min_delta", "epoch"), SCRIPTS)
def test_stopping_scripts(losses, patience, min_delta, epoch):
    assert stopping_epoch(losses, patience, min_delta) == epoch


@pytest.mark.parametrize(("losses", "patience", "min_delta", "epoch"), SCRIPTS)
def test_the_rule_asked_epoch_by_epoch_stops_there_too(losses, patience, min_delta, epoch):
    rule, history = early_stopping(patience, min_delta), History()
    stopped = None
    for e, loss in enumerate(losses):
        history.record((0.0, 0.0), (loss, 0.0))
        if rule(history):
            stopped = e
            break
    assert stopped == epoch


def test_one_rule_serves_many_runs():
    rule = early_stopping(2)
    for _ in range(2):
        history = History()
        answers = []
        for loss in (1.0, 2.0, 2.0):
            history.record((0.0, 0.0), (loss, 0.0))
            answers.append(rule(history))
        assert answers == [False, False, True]
