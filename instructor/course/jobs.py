"""Jobs, which take a submission to a worker, and the record of a submission that is not marked.

Nothing here loads PyTorch, because the process that sends submissions does not need it.
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
    """A submission to mark. It is only data, so that it can be sent to another computer.

    `course` is the digest of the course that must mark it, `seed` the seed of the run.
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


@dataclass(frozen=True)
class Ahead:
    """What jobs will ask for, so that a process prepares itself before the first one comes."""

    exercise: str
    course: str
    protected: bool


@functools.cache
def digest(exercise: str) -> str:
    """A digest of everything that a mark depends on: the tasks, the course, the judge."""
    return _of(code_digest(), [*(ROOT / "instructor" / "tasks" / exercise).rglob("*.*")])


@functools.cache
def code_digest() -> str:
    """The part of `digest` without the tasks.

    A long-lived process calls this before it loads the code, so that the digest is that of the code
    it runs, even if the course's files change later.
    """
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
    """The record of a submission that could not be read, with the reason."""
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
    # Names of files, answers and errors come from a student, and must be made harmless.
    return records.from_json(records.plain(record.as_json()))


def kind_of(task: Asked) -> str:
    """How a task is marked: "code" by its checks, "prose" by a person."""
    return "prose" if task.prose else "code"
