"""What several checks of exercise 06 share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import unique
from typing import Any

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ONE_NUMBER = "one entry for each loss"


Losses = Sequence[float]


def listed(check: Check, got: Any, on: str) -> list[float]:
    """`got` as a list, if it is anything like one."""
    check.that(
        hasattr(got, "__len__"),
        "returns a list",
        on=on,
        expected="a list of losses",
        got=got,
        hint=Common.RETURNS_NOTHING if got is None else Mistake.ONE_NUMBER,
    )
    return list(got)
