"""What a class leaves on disk: the folders, and the record of each graded submission.

A class has one folder, `grading/` in the course unless another is named::

    submitted/STUDENT/EXERCISE/EXERCISE.ipynb   handed in; read, and never changed
    grades/STUDENT/EXERCISE.json                the record of its grading, a `Record`
    autograded/STUDENT/EXERCISE/EXERCISE.ipynb  what formgrader shows: answers, and what checks said
    source/EXERCISE/EXERCISE.ipynb              what formgrader lists exercises by
    feedback/STUDENT/EXERCISE.html              the page for the student
    gradebook.db                                nbgrader's gradebook, unless --db names another
    nbgrader_config.py                          tells nbgrader and formgrader these places
    journal.jsonl                               what `course grade` has done, a line per submission
    journal.lock                                held while a command changes what is in the folder

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

FORMAT = 1  # of a record; another number is another course's file

# The states of a task. Those of a record are the last of these that one of its tasks has.
MARKED = "marked"
EMPTY = "nothing handed in"  # a question in prose that was left as it was
WAITS = "waits for a person"
NOT_READ = "could not be read"
STATES = (MARKED, EMPTY, WAITS, NOT_READ)

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Check:
    """One check of a task: `name` is its grade_id in nbgrader ("dropout-hidden"), `points` what it
    is worth, `marks` what it gave. For one that failed, `text` is what the student reads and
    `mistake` the id of the mistake, "unnamed" where none was recognized."""

    name: str
    points: float
    marks: float
    text: str = ""
    mistake: str = ""


@dataclass(frozen=True)
class Task:
    """One task of a submission.

    `kind` is "code" or "prose". `marks` is null unless the state is "marked". `checks` are those of
    code. `answer` is the text that counts as the student's: code or Markdown, as it was written and
    not made safe for a page. `notes` say what was repaired to find it. `flags` are for a person to
    look at, are no ground for a mark, and students do not read them. `seed` is the one with which
    its checks drew their random numbers.
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

    `marks` is the sum of what has marks, null where the submission could not be read; `of` is what
    all tasks are worth. `reason` says why it could not be read, "" otherwise. `notes` say what was
    repaired in the whole file. `file` is the SHA-256 of the notebook, `course` the digest of all
    that a mark depends on: checks, course and judge. `protected` is whether it ran in a sandbox.
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
        """The task of that name; `KeyError` where there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(f"{self.exercise} of {self.student} has no task {name!r}")

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return asdict(self)


def made(**values: Any) -> Record:
    """A record whose state and marks follow from its tasks."""
    tasks = values["tasks"]
    given = [task.marks for task in tasks if task.marks is not None]
    return Record(
        state=max((task.state for task in tasks), key=STATES.index),
        marks=sum(given) if given else None,
        of=sum(task.of for task in tasks),
        **values,
    )


def from_json(told: dict[str, Any]) -> Record:
    """A record from what stands in its file.

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
    """Where the record of one submission lies in a class's folder."""
    return folder / "grades" / student / f"{exercise}.json"


def write_record(folder: Path, record: Record) -> Path:
    """Write a record into a class's folder, in the place of an older one at once."""
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
    """JSON, in whose texts nothing is left that a database, a file or a terminal would refuse or
    obey: half surrogates and control characters, which a hostile submission brings."""
    if isinstance(told, str):
        return _UNFIT.sub("\ufffd", told)
    if isinstance(told, dict):
        return {name: plain(value) for name, value in told.items()}
    return [plain(value) for value in told] if isinstance(told, list | tuple) else told


def replace(path: Path, text: str) -> None:
    """Write a file so that whoever reads it finds the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    os.replace(partial, path)


def student_id(text: str) -> str:
    """A student's id, which is a folder's name in a class.

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
