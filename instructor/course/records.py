"""Read and write the record of each graded submission, and describe a class's folder.

A class has one folder, `grading/` in the course unless another is named::

    submitted/STUDENT/EXERCISE/EXERCISE.ipynb   what was handed in; it is never changed
    grades/STUDENT/EXERCISE.json                the record of its grading, a `Record`
    autograded/STUDENT/EXERCISE/EXERCISE.ipynb  what formgrader shows: answers, and what checks said
    source/EXERCISE/EXERCISE.ipynb              formgrader's list of exercises
    feedback/STUDENT/EXERCISE.html              the page for the student
    gradebook.db                                nbgrader's gradebook, unless --db names another
    nbgrader_config.py                          these paths, for nbgrader and formgrader
    journal.jsonl                               what `course grade` has done, a line per submission
    journal.lock                                held while a command changes the folder

EXERCISE is a name such as `03_dropout`. STUDENT is an id that is a folder's name: see `student_id`.

`course grade` writes records from the submission alone: marks that a person gives, in formgrader,
are in the gradebook and not here. A record is JSON, in UTF-8: the fields of the dataclasses below
under their names. Marks are numbers, or null where there is none: only what was judged has a mark,
and a 0 never stands for "could not be read", "nothing handed in" or "waits for a person".
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1  # of a record; files with another number are not read

# The states of a task. The state of a record is the last of these that one of its tasks has.
MARKED = "marked"
EMPTY = "nothing handed in"  # a question in prose that was left as it was
WAITS = "waits for a person"
NOT_READ = "could not be read"
STATES = (MARKED, EMPTY, WAITS, NOT_READ)

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Check:
    """One check of a task: `name` is its grade_id in nbgrader ("dropout-hidden"), `marks` are those
    given of `points`. If it failed, `text` is what the student reads and `mistake` the id of the
    mistake, "unnamed" if none was recognized."""

    name: str
    points: float
    marks: float
    text: str = ""
    mistake: str = ""


@dataclass(frozen=True)
class Task:
    """One task of a submission.

    `kind` is "code" or "prose". `marks` is null unless the state is "marked". `checks` are those of
    a code task. `answer` is the student's text that counts: code or Markdown, as it was written and
    not made safe for a page. `notes` describe what was repaired to find it. `flags` are for a
    person to look at; they do not change the mark, and students do not see them. `seed` is that of
    the checks' random numbers.
    """

    name: str
    kind: str
    title: str
    state: str
    marks: float | None
    of: float
    checks: tuple[Check, ...] = ()
    answer: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The ids of the mistakes that its checks recognized."""
        return tuple(check.mistake for check in self.checks if check.mistake)


@dataclass(frozen=True)
class Record:
    """One graded submission.

    `marks` is the sum of the tasks' marks, null if the submission could not be read; `of` is the
    most marks that all tasks can give. `reason` is why it could not be read, else "". `notes`
    describe what was repaired in the whole file. `file` is the SHA-256 of the notebook, `course`
    the digest of everything that a mark depends on: checks, course and judge. `protected` is
    whether it ran in a sandbox.
    """

    student: str
    exercise: str
    state: str
    marks: float | None
    of: float
    tasks: tuple[Task, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    file: str = ""
    course: str = ""
    seed: int = 0
    protected: bool = True
    format: int = field(default=FORMAT)

    def task(self, name: str) -> Task:
        """The task of that name; `KeyError` if there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(f"{self.exercise} of {self.student} has no task {name!r}")

    def as_json(self) -> dict[str, Any]:
        """The record as the file has it."""
        return asdict(self)


def made(**values: Any) -> Record:
    """A record with state and marks computed from its tasks; `values` are its other fields."""
    tasks = values["tasks"]
    given = [task.marks for task in tasks if task.marks is not None]
    return Record(
        state=max((task.state for task in tasks), key=STATES.index),
        marks=sum(given) if given else None,
        of=sum(task.of for task in tasks),
        **values,
    )


def from_json(told: dict[str, Any]) -> Record:
    """A record from the JSON in its file.

    Raises:
        ValueError: It is no record, or one of another format.
    """
    try:
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']!r}, and this course reads {FORMAT}")
        tasks = [
            Task(
                **{
                    **task,
                    "checks": tuple(Check(**check) for check in task["checks"]),
                    "notes": tuple(task["notes"]),
                    "flags": tuple(task["flags"]),
                }
            )
            for task in told["tasks"]
        ]
        return Record(**{**told, "tasks": tuple(tasks), "notes": tuple(told["notes"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"no record of a grading: {error}") from error


def record_path(folder: Path, student: str, exercise: str) -> Path:
    """The path of the record of one submission in a class's folder."""
    return folder / "grades" / student / f"{exercise}.json"


def write_record(folder: Path, record: Record) -> Path:
    """Write a record into a class's folder, replacing an older one atomically."""
    path = record_path(folder, record.student, record.exercise)
    text = json.dumps(record.as_json(), ensure_ascii=False, indent=1)
    replace(path, text + "\n")
    return path


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        OSError: There is none.
        ValueError: It is no record; the message names the file and the remedy.
    """
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; delete it and run `course grade` again") from error


def records(folder: Path, *, student: str = "", exercise: str = "") -> Iterator[Record]:
    """All records of a class, or those of one student or exercise, in order."""
    for path in sorted((folder / "grades").glob(f"{student or '*'}/{exercise or '*'}.json")):
        yield read_record(path)


def plain(told: Any) -> Any:
    """JSON without half surrogates and control characters in its texts.

    Databases and files refuse these, and terminals obey them; a hostile submission may have them.
    """
    if isinstance(told, str):
        return _UNFIT.sub("\ufffd", told)
    if isinstance(told, dict):
        return {name: plain(value) for name, value in told.items()}
    return [plain(value) for value in told] if isinstance(told, list | tuple) else told


def replace(path: Path, text: str) -> None:
    """Write a file atomically: a reader finds either the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    os.replace(partial, path)


def student_id(text: str) -> str:
    """Check a student's id, which is the name of a folder in a class, and return it.

    Raises:
        ValueError: It cannot be one on every system: it is empty, longer than 80 characters, hidden
            or a device of Windows, or holds a separator, a control character or a wildcard.
    """
    bad = set('/\\:*?"<>|[]') | {chr(i) for i in range(32)} | {chr(127)}
    devices = {"CON", "PRN", "AUX", "NUL", *(f"{d}{i}" for d in ("COM", "LPT") for i in range(10))}
    if (
        not text
        or len(text) > 80
        or text[0] in ". ~"
        or text[-1] in ". "
        or bad & set(text)
        or text.partition(".")[0].upper() in devices
    ):
        raise ValueError(
            f"{text[:100]!r} is no id of a student; it must be the name of a folder: at most 80 "
            'characters, none of / \\ : * ? " < > | [ ], no dot or space at its ends; rename it'
        )
    return text
