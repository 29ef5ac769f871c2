"""A submission on its way to a worker, and the record of one that is not marked.

Nothing here loads PyTorch: whoever sends submissions has no need of it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instructor.content import ROOT, Exercise
from instructor.content import Task as Asked
from instructor.course import records
from instructor.course.records import Record, Task


class NotMarked(Exception):
    """A submission for which there is no record; the message says why."""


@dataclass(frozen=True)
class Job:
    """A submission to mark: data alone, so that it can go to another computer.

    `course` is the digest of the course that has to mark it, `seed` the run's.
    """

    student: str
    exercise: str
    data: bytes
    course: str
    seed: int
    protected: bool
    notes: tuple[str, ...] = ()  # what was repaired to find the file

    @property
    def key(self) -> list[Any]:
        """What the record depends on: two jobs with equal keys get equal records."""
        file = hashlib.sha256(self.data).hexdigest()
        return [
            self.student,
            self.exercise,
            file,
            self.course,
            self.seed,
            self.protected,
            *self.notes,
        ]


@functools.cache
def digest(exercise: str) -> str:
    """Changes when something changes that a mark depends on: the tasks, the course, the judge."""
    return _of(code_digest(), [*(ROOT / "instructor" / "tasks" / exercise).rglob("*.*")])


@functools.cache
def code_digest() -> str:
    """The part of `digest` that is not the tasks. A process that may live longer than a copy of
    the course stays as it is asks for it first: it is that of the code which it then loads."""
    home = ROOT / "instructor"
    files = [
        path for place in (ROOT / "course_utils", home / "course") for path in place.rglob("*")
    ]
    return _of("", [*files, *(home / f"{n}.py" for n in ("answers", "content", "limits", "trial"))])


def _of(begin: str, files: Iterable[Path]) -> str:
    found = hashlib.sha256(begin.encode())
    for path in sorted(files):
        if path.suffix in (".py", ".toml"):
            name = path.relative_to(ROOT).as_posix()
            found.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def unread(job: Job, exercise: Exercise, reason: str) -> Record:
    """The record of a submission that nothing can be said of but why."""
    tasks = tuple(
        Task(t.name, kind_of(t), t.title, records.NOT_READ, None, t.points) for t in exercise.parts
    )
    return record_of(job, tasks, reason=reason)


def record_of(job: Job, tasks: tuple[Task, ...], **more: Any) -> Record:
    """The record of a job, once its tasks are known."""
    _, _, file, *_ = job.key
    record = records.made(
        student=job.student,
        exercise=job.exercise,
        tasks=tasks,
        file=file,
        course=job.course,
        seed=job.seed,
        protected=job.protected,
        **more,
    )
    # Names of files, answers and errors are a student's, and everything else is made of records.
    return records.from_json(records.plain(record.as_json()))


def kind_of(task: Asked) -> str:
    """Who marks a task: "code" is for its checks, "prose" for a person."""
    return "prose" if task.prose else "code"
