"""What several checks of exercise 06 share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course_utils.checks.report import Check

Losses = Sequence[float]


def listed(check: Check, got: Any, on: str) -> list[float]:
    """`got` as a list, if it is anything like one."""
    check.that(
        hasattr(got, "__len__"),
        "returns a list",
        on=on,
        expected="a list of losses",
        got=got,
        hint="the function gives nothing back" if got is None else "one entry for each loss",
    )
    return list(got)
