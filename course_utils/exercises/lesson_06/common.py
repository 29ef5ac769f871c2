"""The type of loss records, and the check of a returned list, for exercise 06."""

from __future__ import annotations

from collections.abc import Sequence
from enum import unique
from typing import Any

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ONE_NUMBER = "return one entry for each loss"


Losses = Sequence[float]


def listed(check: Check, got: Any, on: str) -> list[float]:
    """Check that `got` is a list, a tuple or an array, and return it as a list."""
    check.that(
        hasattr(got, "__len__"),
        "returns a list",
        on=on,
        expected="a list of losses",
        got=got,
        hint=Common.RETURNS_NOTHING if got is None else Mistake.ONE_NUMBER,
    )
    return list(got)
