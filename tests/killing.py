"""`python -m tests.killing 10`: a run is killed ten times, and the gradebook is that of a run that
was left alone. The suite does it once.

The runs that are killed are processes of their own; those that nobody kills are made in this one,
which has PyTorch already.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from nbgrader.api import Gradebook

from instructor.content import ROOT
from instructor.course import marking, pool
from instructor.course.gradebook import url_of
from instructor.course.judging.sandbox import bubblewrap
from tests.classes import forged, graded, hand_in, snapshot
from tests.damaged import NAME, solution
from tests.forged import FORGED

COMMAND = [sys.executable, "-m", "instructor.course", "grade", "--unprotected", "--workers", "1"]


def make(folder: Path, students: int) -> Path:
    """A class: every third student forges, and every fifth file is broken."""
    whole = json.dumps(solution()).encode()
    bad = forged(FORGED["ends its process"])
    for i in range(students):
        data = b"{" if i % 5 == 4 else bad if i % 3 == 2 else whole
        hand_in(folder, f"s{i:02d}", data)
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "--seed", "1", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def marking_here() -> Iterator[None]:
    """Inside, this process marks as well."""
    with mock.patch.object(pool, "mark", marking.mark):
        try:
            yield
        finally:
            marking.release()


def finished(folder: Path) -> int:
    """Run to the end in this process; how many submissions were graded now."""
    return graded(folder, protected=bubblewrap() is not None).fresh


def lines(folder: Path) -> int:
    path = folder / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_once(folder: Path, draws: random.Random) -> int:
    """Start a run and kill it at a random moment after it has done something; what is done."""
    before, run = lines(folder), start(folder)
    assert run.stdout is not None
    while lines(folder) <= before + draws.randrange(2) and run.poll() is None:
        time.sleep(0.02)
    time.sleep(draws.random())
    run.kill()
    run.wait()
    run.stdout.close()
    return lines(folder)


def content(folder: Path) -> dict[str, object]:
    """All that a run leaves, without times and random names."""
    with Gradebook(url_of(folder)) as book:
        found: dict[str, object] = {}
        for submission in book.assignment_submissions(NAME):
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    key = f"{submission.student.id} {grade.name}"
                    found[key] = grade.auto_score, grade.needs_manual_grade
                for comment in notebook.comments:
                    found[f"{submission.student.id} said {comment.name}"] = comment.auto_comment
        book.engine.dispose()
    kinds = ("grades", "autograded", "submitted")
    return {**found, **{kind: snapshot(folder / kind) for kind in kinds}}


def survives(folder: Path, kills: int, students: int, seed: int) -> list[int]:
    """Whether killed runs end as one that was left alone; how far each was.

    Raises:
        AssertionError: They do not.
    """
    draws = random.Random(seed)
    alone, killed = make(folder / "alone", students), make(folder / "killed", students)
    with marking_here():
        finished(alone)
        far = [kill_once(killed, draws) for _ in range(kills)]
        finished(killed)
        again = finished(killed)
    wanted, got = content(alone), content(killed)
    assert got == wanted, {
        key: (got.get(key), wanted[key]) for key in wanted if got.get(key) != wanted[key]
    }
    assert again == 0
    return far


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        times = int(sys.argv[1])
        done = survives(Path(scratch), times, 2 * times, seed=os.getpid())
        print(f"killed {times} times, with so many lines in the journal: {done}; nothing was lost")
