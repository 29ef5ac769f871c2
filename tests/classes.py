"""A class to grade: honest students, damaged files and forged answers beside each other."""

from __future__ import annotations

import copy
import hashlib
import json
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from instructor.course import finding, running
from instructor.course.gradebook import opened, url_of
from tests.damaged import DAMAGED, NAME, UNREADABLE, cell, code, solution
from tests.forged import FORGED
from tests.hostile import HOSTILE

WHOLE = json.dumps(solution()).encode()
FULL, NONE, UNREAD = "full", "no marks for dropout", "unread"


class Here(Executor):
    """Runs each job at once, in this process, which has PyTorch already."""

    def submit(self, run: Any, /, *args: Any, **options: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(run(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


def forged(source: str) -> bytes:
    """The solution, whose answer to dropout is a forged one in a cell before it."""
    book = copy.deepcopy(solution())
    cell(book, "dropout")["source"] = "def dropout(x, p, training):\n    raise NotImplementedError"
    book["cells"].insert(2, code(source))
    return json.dumps(book).encode()


def hand_in(folder: Path, student: str, data: bytes, exercise: str = NAME) -> Path:
    """Put a notebook where it is handed in."""
    path = folder / "submitted" / student / exercise / f"{exercise}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def make(folder: Path, kinds: dict[str, bytes]) -> None:
    """A class in which each kind is a student, with an honest one after each."""
    honest = json.dumps(solution()).encode()
    for i, data in enumerate(kinds.values()):
        hand_in(folder, f"s{2 * i:03d}", data)
        hand_in(folder, f"s{2 * i + 1:03d}", honest)


def every_kind() -> dict[str, tuple[bytes, str]]:
    """All kinds, and what is expected of each."""
    return {
        **{f"damaged: {kind}": (made(), FULL) for kind, made in DAMAGED.items()},
        **{f"unreadable: {kind}": (data, UNREAD) for kind, (data, _) in UNREADABLE.items()},
        **{f"forged: {kind}": (forged(text), NONE) for kind, text in (FORGED | HOSTILE).items()},
    }


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder, and a digest of what is in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def graded(folder: Path, *, protected: bool = False, **options: Any) -> running.Run:
    """Grade a class in this process."""
    found, _ = finding.submitted(folder)
    run = running.grade(
        folder, found, protected=protected, workers=1, make=lambda _: Here(), seed=1, **options
    )
    return run


def scores(
    folder: Path, url: str = ""
) -> dict[tuple[str, str], tuple[float | None, float | None, bool]]:
    """What the gradebook has for each student and cell: by check, by hand, and whether it waits."""
    with opened(url or url_of(folder)) as book:
        found = {
            (grade.student.id, grade.name): (
                grade.auto_score,
                grade.manual_score,
                grade.needs_manual_grade,
            )
            for submission in book.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
    return found
