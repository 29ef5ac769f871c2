"""Deadlines, extensions and penalties for lateness, from `class.toml` in the class's folder.

    timezone = "Europe/Berlin"   # of the times in zips and worksheets; by default this computer's

    [deadlines]
    03_dropout = 2026-12-01T23:59:00+01:00

    [extensions.03_dropout]
    m002 = 2026-12-03T23:59:00+01:00

    [late]
    per_day = 0.1        # the share of the marks lost for each day begun
    at_most = 0.5        # the largest share lost; by default 1, all the marks
    grace_minutes = 10   # no later than this counts as in time

Without the file, or without a deadline, nothing is late. The marks of the tasks do not change: the
penalty is subtracted from their sum, in `feedback`, `report` and `export`.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from instructor.content import exercise_names

DAY = timedelta(days=1)
STAMP = "timestamp.txt"  # beside a submission: when it came in
NAMES = "names.json"  # in the class's folder: ids and names from the list of the class
LATE_MARK = "late.txt"  # beside a submission that the platform calls late, without a time
LATE = ("per_day", "at_most", "grace_minutes")


@dataclass(frozen=True)
class Terms:
    """The deadlines of a class and the penalty for being late."""

    deadlines: dict[str, datetime] = field(default_factory=dict)
    extensions: dict[tuple[str, str], datetime] = field(default_factory=dict)
    per_day: float = 0.0
    at_most: float = 1.0
    grace: timedelta = timedelta()

    @classmethod
    def read(cls, folder: Path) -> Terms:
        """Read `class.toml`; without it nothing is late.

        Raises:
            ValueError: An entry is invalid; the message names it.
        """
        path = folder / "class.toml"
        if not path.is_file():
            return cls()
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is no TOML: {error}") from None
        deadlines = {
            _known(name, path): _moment(when, path, name)
            for name, when in told.get("deadlines", {}).items()
        }
        extensions = {
            (student, _known(name, path)): _moment(when, path, student)
            for name, own in told.get("extensions", {}).items()
            for student, when in own.items()
        }
        late = told.get("late", {})
        unknown = [name for name in late if name not in LATE]
        if unknown:
            raise ValueError(f"{path}: [late] knows {', '.join(LATE)}, got {unknown[0]!r}")
        per_day = _share(late.get("per_day", 0.0), path, "per_day")
        at_most = _share(late.get("at_most", 1.0), path, "at_most")
        grace = timedelta(minutes=float(late.get("grace_minutes", 0)))
        return cls(deadlines, extensions, per_day, at_most, grace)

    def days_late(
        self, student: str, exercise: str, when: datetime | None, *, late: bool = False
    ) -> int:
        """The number of days begun since the deadline; 0 if in time.

        If no time is known, it is 1 for a submission that the platform calls `late`, since at least
        one day has begun; but 0 with an extension, which the platform does not know.
        """
        own = self.extensions.get((student, exercise))
        deadline = own or self.deadlines.get(exercise)
        if deadline is None:
            return 0
        if when is None:
            return int(late and own is None)
        if when <= deadline + self.grace:
            return 0
        return math.ceil((when - deadline) / DAY)

    def lost(self, days: int) -> float:
        """The share of the marks lost by being late by so many days."""
        return min(days * self.per_day, self.at_most)


def unknown_extensions(folder: Path, terms: Terms) -> list[str]:
    """A line for each extension whose id has handed in nothing and is on no list of the class, with
    the most similar ids."""
    known = {path.name for path in (folder / "submitted").glob("*")} | {*listed(folder)}
    lines = []
    for student, exercise in terms.extensions:
        if student not in known:
            near = difflib.get_close_matches(student, sorted(known), 3, 0.5)
            like = f"; is {' or '.join(near)} meant?" if near else ""
            lines.append(f"class.toml: nobody here has the id {student!r} ({exercise}){like}")
    return lines


def listed(folder: Path) -> dict[str, str]:
    """The names of the class by id, from the list given to `course collect`; empty without one."""
    path = folder / NAMES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def handed_in_at(folder: Path, student: str, exercise: str) -> datetime | None:
    """When a submission came in, as recorded by `course collect` or nbgrader; None if not recorded.

    Raises:
        ValueError: The note is no time.
    """
    path = folder / "submitted" / student / exercise / STAMP
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8").strip().removesuffix(" UTC")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{path} must hold a time such as 2026-12-01 12:00:00 UTC, got {text[:50]!r}"
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def called_late(folder: Path, student: str, exercise: str) -> bool:
    """Whether the platform calls a submission late without saying when it came in."""
    return (folder / "submitted" / student / exercise / LATE_MARK).is_file()


def _known(name: str, path: Path) -> str:
    if name not in exercise_names():
        raise ValueError(
            f"{path}: no exercise is called {name!r}; there are {', '.join(exercise_names())}"
        )
    return name


def _moment(when: Any, path: Path, name: str) -> datetime:
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise ValueError(
            f"{path}: the deadline of {name} must be a time with its zone, such as "
            f"2026-12-01T23:59:00+01:00, got {when}"
        )
    return when


def _share(value: Any, path: Path, name: str) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{path}: {name} must be a share from 0 to 1, got {value!r}")
    return float(value)
