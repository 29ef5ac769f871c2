"""`python -m tests.class_of_200`: a class, honest and hostile, is graded in one run.

In the sandbox, by two workers. Every honest student has the marks of being graded alone, every
hostile one none or what the answer earns and a reason, and nothing else has changed. How many
students and the seed of the class may follow.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from instructor.content import ROOT
from instructor.course import marking
from instructor.course.finding import Found
from instructor.course.marking import Job
from instructor.course.records import Record, from_json, read_record, record_path
from tests.big_class import Member, make
from tests.classes import FULL, NONE, UNREAD, snapshot
from tests.exercises import bank, exercise, trial

SEED, SLOWEST = 1, 60.0  # seconds for each submission, on the average
COMMAND = [sys.executable, "-m", "instructor.course", "grade", "--workers", "2"]
LONGEST = 20_000  # characters that a student reads of one task


def run(folder: Path, home: Path) -> dict[str, object]:
    """`course grade` with two workers, to the end; its last line."""
    done = subprocess.run(
        [*COMMAND, "--seed", str(SEED), str(folder)],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )
    said = done.stdout.decode().splitlines()
    assert done.returncode in (0, 1), done.stderr.decode()[-3000:]
    return json.loads(said[-1])


@cache
def in_process(name: str, task: str, answer: str) -> float:
    """The marks of a known answer from checks in this process."""
    asked = exercise(name).task(task)
    known = bank(name, task)
    (found,) = (one for one in (*known.right, *known.wrong) if one.name == answer)
    return trial(name).of_answer(asked, found.answer).marks


def alone(folder: Path, student: str, name: str) -> Record:
    """The record of one submission, marked here with nobody before or after it."""
    data, notes = Found(student, name, folder / "submitted" / student / name).data()
    job = Job(student, name, data, marking.digest(name), SEED, protected=True, notes=tuple(notes))
    try:
        return from_json(marking.mark(job))
    finally:
        marking.release()


def wrong(folder: Path, student: str, member: Member) -> list[str]:
    """What is not as it should be with one student, "" where all is."""
    record = read_record(record_path(folder, student, member.exercise))
    found = []
    for task in record.tasks:
        lost = task.kind == "code" and task.marks is not None and task.marks < task.of
        if lost and not task.text.strip():
            found.append(f"{task.name}: {task.marks} of {task.of} and no reason")
        if len(task.text) > LONGEST or "FOUND" in task.text:
            found.append(f"{task.name}: {task.text[:300]}")
        if task.marks is not None and not 0 <= task.marks <= task.of:
            found.append(f"{task.name}: {task.marks} of {task.of}")
    if member.expected == UNREAD:
        return found if record.marks is None and record.reason else [*found, f"{record.marks}"]
    if record.marks is None:
        return [*found, f"not read: {record.reason}"]
    code = sum(task.points for task in exercise(member.exercise).tasks)
    if member.expected == FULL and record.marks != code:
        found.append(f"{record.marks} of {code}: {[t.text[:200] for t in record.tasks if t.text]}")
    if member.expected == NONE and record.task(member.task).marks != 0:
        found.append(f"{record.task(member.task).marks} for {member.task}")
    if member.known:
        for task, answer in member.known.items():
            marks = in_process(member.exercise, task, answer)
            if record.task(task).marks != marks:
                got = record.task(task)
                found.append(f"{task}, {answer}: {got.marks}, in process {marks}: {got.text}")
        if alone(folder, student, member.exercise) != record:
            found.append("another record than alone")
    return found


def gradebook(folder: Path, members: dict[str, Member]) -> list[str]:
    """What is wrong with the gradebook."""
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as book:
        found = [str(row) for row in book.execute("PRAGMA integrity_check") if row != ("ok",)]
        found += [str(row) for row in book.execute("PRAGMA foreign_key_check")]
        rows = book.execute(
            "SELECT submitted_assignment.student_id, base_cell.name, grade.auto_score FROM grade"
            " JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id"
            " JOIN submitted_assignment"
            " ON submitted_notebook.assignment_id = submitted_assignment.id"
            " JOIN base_cell ON grade.cell_id = base_cell.id"
        )
        got = {(student, name): marks for student, name, marks in rows}
    students = {student for student, _ in got}
    found += [f"unknown: {student}" for student in students ^ set(members)]
    for student, member in members.items():
        record = read_record(record_path(folder, student, member.exercise))
        for check in (check for task in record.tasks for check in task.checks):
            if got.get((student, check.name)) != check.marks:
                found.append(f"{student}: {check.name} {got.get((student, check.name))}")
    return found


def left_behind() -> list[int]:
    """Processes that have come to this one, because whoever started them has ended."""
    deadline, children = time.monotonic() + 30, [0]
    while children and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        children = [int(text) for text in own.read_text().split()]
        time.sleep(0.2)
    return children


def seen(folder: Path, home: Path) -> dict[str, dict[str, str]]:
    """All files that a submission must not change."""
    course = {k: v for k, v in snapshot(ROOT).items() if "__pycache__" not in k and k[:1] != "."}
    return {"handed in": snapshot(folder / "submitted"), "home": snapshot(home), "course": course}


def main(students: int = 200, seed: int = 0) -> int:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # what is orphaned comes to this process
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch, "a class"), Path(scratch, "home")
        home.mkdir()
        (home / "secret").write_text("of the instructor")
        members = make(folder, students, seed)
        before, start = seen(folder, home), time.monotonic()
        told = run(folder, home)
        seconds = time.monotonic() - start
        found = {f"{s} ({m.kind})": wrong(folder, s, m) for s, m in members.items()}
        after = seen(folder, home)
        for kind in before:
            changed = before[kind].items() ^ after[kind].items()
            found[f"changed: {kind}"] = sorted({name for name, _ in changed})
        found["gradebook"] = gradebook(folder, members)
        found["left running"] = [str(number) for number in left_behind()]
        if seconds > SLOWEST * students:
            found["time"] = [f"{seconds:.0f} s"]
    bad = {name: what for name, what in found.items() if what}
    for name, what in bad.items():
        print(f"{name}: {'; '.join(what)}")
    honest = sum(bool(member.known) for member in members.values())
    counted = {
        "submissions": told["submissions"],
        "kinds": len({m.kind for m in members.values() if not m.known}),
        "honest": honest,
        "wrong": len(bad),
        "seconds": round(seconds),
    }
    print(json.dumps(counted))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
