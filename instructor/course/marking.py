"""Mark one submission, with the judge that this process keeps, and make its record."""

from __future__ import annotations

import ast
import gc
import hashlib
import platform
import traceback
from typing import Any

from instructor.content import Task as Asked
from instructor.content import read as read_exercise
from instructor.course import records
from instructor.course.jobs import Ahead, Job, NotMarked, digest, kind_of, record_of, unread
from instructor.course.judging.cells import body
from instructor.course.judging.judge import Judge
from instructor.course.judging.pages import settle
from instructor.course.judging.sandbox import Unfit
from instructor.course.records import Check, Record, Task
from instructor.course.submission import Submission, Unreadable, read

# Names that no answer in this course needs; they are flagged for a person to look at.
UNUSUAL = {
    *("ctypes", "gc", "inspect", "importlib", "subprocess", "socket", "threading", "pickle"),
    *("setprofile", "settrace", "_getframe", "system", "builtins", "__builtins__"),
}
UNUSUAL_CALLS = {"exec", "eval"}  # by themselves: `model.eval()` is in most right answers

TEXT_OF_SCRIPT = "no answer in words was recognized in the .py file; a person reads the file itself"

_judge: Judge | None = None  # the judge that this process used last
_for = ("", False)  # its exercise, and whether it has a sandbox


def mark(job: Job) -> dict[str, Any]:
    """The record of a submission, as JSON.

    Raises:
        Unfit: Nothing can be marked on this computer as it is.
        NotMarked: This one could not be marked.
    """
    judge = _judge_of(job)
    try:
        return marked(judge, job).as_json()
    except Unfit:
        raise
    except Exception as error:  # one submission must not end the run of a class
        release()
        told = "".join(traceback.format_exception(error))[-2000:]
        raise NotMarked(f"marking it failed, which is the course's fault: {told}") from None


def prepare(ahead: Ahead) -> None:
    """Start all that the jobs to come will need.

    Raises:
        Unfit: Nothing can be marked on this computer as it is.
    """
    _judge_of(ahead).prepare()


def _judge_of(job: Job | Ahead) -> Judge:
    """The judge that this process keeps, or a new one."""
    global _judge, _for
    if job.course != digest(job.exercise):
        raise Unfit(
            f"the course on {platform.node()} is another than the one that sends submissions; "
            "give all workers the same copy, and start them again"
        )
    if _judge is None or _for != (job.exercise, job.protected):
        release()
        exercise = read_exercise(job.exercise)
        try:
            _judge = Judge(exercise, protected=job.protected)
        except ValueError as error:
            raise Unfit(f"on {platform.node()} nothing can be marked: {error}") from error
        _for = job.exercise, job.protected
        gc.unfreeze()  # the judge before is garbage
        settle()
    return _judge


def release() -> None:
    """Close the judge that this process keeps for the next submission."""
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
    return record_of(job, tasks, notes=(*job.notes, *submission.notes))


def _prose(submission: Submission, task: Asked) -> Task:
    answer, notes = submission.prose(task), tuple[str, ...]()
    state = records.WAITS if answer.text else records.EMPTY
    if submission.script and not answer.text:
        state, notes = records.WAITS, (TEXT_OF_SCRIPT,)
    return Task(
        *(task.name, kind_of(task), task.title, state, None, task.points),
        answer=answer.text,
        notes=(*answer.notes, *notes),
    )


def _code(judge: Judge, submission: Submission, task: Asked, job: Job) -> Task:
    answer = submission.answer(task)
    own = [(task.name, answer.text)] if answer.text else []
    seed = seed_of(job, task.name)
    result = judge.marks(task, own, seed=seed)
    broken = tuple(failure.broken for failure in result.failures if failure.broken)
    if broken:  # a check that itself fails gives no mark; a person must correct it
        return Task(
            *(task.name, kind_of(task), task.title, records.WAITS, None, task.points),
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
        *(task.name, kind_of(task), task.title, records.MARKED, result.marks, task.points),
        checks=tuple(checks),
        answer=answer.text,
        text="\n".join(dict.fromkeys(check.text for check in checks if check.text)),
        notes=answer.notes,
        flags=tuple(unusual(answer.text)),
        seed=seed,
    )


def seed_of(job: Job, task: str) -> int:
    """The seed of the draws of one task's checks, the same each time the submission is marked."""
    text = f"{job.seed}/{job.student}/{job.exercise}/{task}"
    return int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:4], "big")


def unusual(source: str) -> list[str]:
    """Flags for names in an answer that a person may want to look at."""
    found = set()
    for node in (node for stmt in body(source) or () for node in ast.walk(stmt)):
        names = [getattr(node, "id", ""), getattr(node, "attr", "")]
        found |= UNUSUAL_CALLS & {names[0]}
        if isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.name.partition(".")[0] for alias in node.names]
            names.append((getattr(node, "module", "") or "").partition(".")[0])
        found |= UNUSUAL & set(names)
    return [f"uses {name}" for name in sorted(found)]
