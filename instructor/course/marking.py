"""One submission becomes a record: what a worker process does, with the judge that it keeps."""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import threading
import traceback
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import Any

from instructor.content import ROOT, Exercise
from instructor.content import Task as Asked
from instructor.content import read as read_exercise
from instructor.course import records
from instructor.course.judging.cells import body
from instructor.course.judging.judge import Judge
from instructor.course.judging.sandbox import Unfit
from instructor.course.records import Check, Record, Task
from instructor.course.submission import Submission, Unreadable, read

# What an answer to no task of this course needs; somebody may look why it is there.
UNUSUAL = {
    *("ctypes", "gc", "inspect", "importlib", "subprocess", "socket", "threading", "pickle"),
    *("setprofile", "settrace", "_getframe", "system", "exec", "eval", "__builtins__"),
}


TEXT_OF_SCRIPT = "no answer in words was recognized in the .py file; a person reads the file itself"


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
    found = hashlib.sha256()
    home = ROOT / "instructor"
    places = [home / "tasks" / exercise, ROOT / "course_utils", home / "course"]
    files = [path for place in places for path in place.rglob("*.*")]
    files += [home / f"{name}.py" for name in ("answers", "content", "limits", "trial")]
    for path in sorted(files):
        if path.suffix in (".py", ".toml"):
            name = path.relative_to(ROOT).as_posix()
            found.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


_judge: Judge | None = None  # of the exercise that this process marked last


def prepare() -> None:
    """Make a process a worker: it ends with the one that started it, and leaves Ctrl-C to that."""
    if os.name == "posix":
        os.setpgid(0, 0)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def mark(job: Job) -> dict[str, Any]:
    """The record of a submission, as JSON.

    Raises:
        Unfit: Nothing can be marked on this computer as it is.
        NotMarked: This one could not be marked.
    """
    global _judge
    exercise = read_exercise(job.exercise)
    if job.course != digest(job.exercise):
        raise Unfit("the worker's course is another than the one that sends submissions")
    if _judge is None or _judge.exercise.name != job.exercise:
        release()
        _judge = Judge(exercise, protected=job.protected)
    try:
        return marked(_judge, job).as_json()
    except Unfit:
        raise
    except Exception as error:  # one submission must not end the run of a class
        release()
        told = "".join(traceback.format_exception(error))[-2000:]
        raise NotMarked(f"marking it failed, which is the course's fault: {told}") from None


def release() -> None:
    """End what this process keeps for the next submission."""
    global _judge
    if _judge is not None:
        _judge.close()
        _judge = None


def marked(judge: Judge, job: Job) -> Record:
    """The record of a submission to the judge's exercise."""
    exercise = judge.exercise
    try:
        submission = read(job.data, exercise)
    except Unreadable as error:
        return unread(job, exercise, str(error))
    judge.take(submission.own())
    tasks = tuple(
        _prose(submission, task) if task.prose else _code(judge, submission, task, job)
        for task in exercise.parts
    )
    return _record(job, tasks, notes=(*job.notes, *submission.notes))


def unread(job: Job, exercise: Exercise, reason: str) -> Record:
    """The record of a submission that nothing can be said of but why."""
    tasks = tuple(
        Task(t.name, _kind(t), t.title, records.NOT_READ, None, t.points) for t in exercise.parts
    )
    return _record(job, tasks, reason=reason)


def _record(job: Job, tasks: tuple[Task, ...], **more: Any) -> Record:
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


def _prose(submission: Submission, task: Asked) -> Task:
    answer, notes = submission.prose(task), tuple[str, ...]()
    state = records.WAITS if answer.text else records.EMPTY
    if submission.script and not answer.text:
        state, notes = records.WAITS, (TEXT_OF_SCRIPT,)
    return Task(
        *(task.name, _kind(task), task.title, state, None, task.points),
        answer=answer.text,
        notes=(*answer.notes, *notes),
    )


def _code(judge: Judge, submission: Submission, task: Asked, job: Job) -> Task:
    answer = submission.answer(task)
    own = [(task.name, answer.text)] if answer.text else []
    seed = seed_of(job, task.name)
    result = judge.marks(task, own, seed=seed)
    broken = tuple(failure.broken for failure in result.failures if failure.broken)
    if broken:  # no mark follows from a check that fails of itself; a person mends it
        return Task(
            *(task.name, _kind(task), task.title, records.WAITS, None, task.points),
            answer=answer.text,
            notes=answer.notes,
            flags=broken,
            seed=seed,
        )
    failed = {failure.check: failure for failure in result.failures}
    checks = []
    for cell in task.checks:
        points, failure = cell.points or 0.0, failed.get(cell.grade_id)
        if failure is None:
            checks.append(Check(cell.grade_id, points, points))
        else:
            checks.append(Check(cell.grade_id, points, 0.0, failure.text, failure.mistake))
    return Task(
        *(task.name, _kind(task), task.title, records.MARKED, result.marks, task.points),
        checks=tuple(checks),
        answer=answer.text,
        text="\n".join(dict.fromkeys(check.text for check in checks if check.text)),
        notes=answer.notes,
        flags=tuple(unusual(answer.text)),
        seed=seed,
    )


def _kind(task: Asked) -> str:
    return "prose" if task.prose else "code"


def seed_of(job: Job, task: str) -> int:
    """The seed of the draws of one task's checks: the same whenever the submission is marked."""
    text = f"{job.seed}/{job.student}/{job.exercise}/{task}"
    return int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:4], "big")


def unusual(source: str) -> list[str]:
    """Names in an answer that a person may want to look at."""
    found = set()
    for node in (node for stmt in body(source) or () for node in ast.walk(stmt)):
        names = [getattr(node, "id", ""), getattr(node, "attr", "")]
        if isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.name.partition(".")[0] for alias in node.names]
            names.append((getattr(node, "module", "") or "").partition(".")[0])
        found |= UNUSUAL & set(names)
    return [f"uses {name}" for name in sorted(found)]
