"""Visible check of exercise 06: ``exposes_wrong_rule``."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_06.common import Losses
from course_utils.exercises.verdicts import Verdicts, in_any_order
from course_utils.regularizers import stopping_epoch as right_rule


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = "write down a record on which this fault changes the epoch, with the right epoch"
    RIGHT_ACCUSED = (
        "a right rule is accused; go through your records by hand, or pass them to "
        "regularizers.stopping_epoch. Entry 0 is epoch 0, and None is right if patience "
        "never runs out"
    )


Rule = Callable[[Losses, int], int | None]


def exposes_wrong_rule(answer: Callable[[Rule], bool]) -> None:
    """Task ``exposes_wrong_rule(rule)`` -> True for a rule with a fault, else False."""
    with (
        attempt("exposes_wrong_rule", answer) as check,
        in_any_order(check, in_either_reading(answer)) as asked,
    ):
        verdict(asked, right_rule, "")
        verdict(asked, rule(late=1), "waits for one epoch more than `patience`")


def verdict(asked: Verdicts, rule: Rule, fault: str) -> None:
    """Add the case of `rule`; `fault` describes what is wrong with it, "" for a right rule."""
    asked.add(
        rule,
        broken=bool(fault),
        bug=f"a rule that {fault}",
        what=f"a rule that {fault}" if fault else "a right rule",
        missed=Mistake.BUG_MISSED,
        accused=Mistake.RIGHT_ACCUSED,
    )


def in_either_reading(answer: Callable[[Rule], Any]) -> Callable[[Rule], Any]:
    """`answer`, which then accepts a rule that it finds right in one of two readings of the task.

    The task leaves open whether epoch 0 counts as a waiting epoch if its loss is NaN, so an answer
    may expect either. A rule with a fault has it in both readings.
    """

    def said(rule: Rule) -> Any:
        got = answer(rule)
        if isinstance(got, bool | np.bool_) and got:
            got = answer(lambda losses, patience: rule(_begun(losses), patience))
        return got

    return said


def _begun(losses: Losses) -> Losses:
    """`losses` with a number above all others in entry 0, so that epoch 0 is no waiting epoch."""
    return [1e308, *losses[1:]] if len(losses) and math.isnan(losses[0]) else losses


def rule(
    improved: Callable[[float, float], bool] = lambda loss, best: loss < best,
    *,
    late: int = 0,
    resets: bool = True,
    previous: bool = False,
) -> Rule:
    """A stopping rule: right with the default arguments, and wrong with others.

    Args:
        improved: improved(loss, best) -> whether `loss` counts as an improvement.
        late: waiting epochs beyond `patience` (negative: fewer, but at least 1 in all).
        resets: whether an improvement sets the count of waiting epochs to 0.
        previous: compare with the epoch before instead of the best one.
    """

    def stop(losses: Losses, patience: int) -> int | None:
        best, waited = float("inf"), 0
        for epoch, loss in enumerate(losses):
            better = improved(loss, best)
            waited = waited + 1 if not better else 0 if resets else waited
            best = loss if better or previous else best
            if waited >= max(1, patience + late):
                return epoch
        return None

    return stop
