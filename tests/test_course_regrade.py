"""Marking a task again: whose marks change is said before anything is written."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from instructor.course import running
from instructor.course.finding import Found
from instructor.course.journal import Journal
from instructor.course.records import MARKED, NOT_READ, Record, Task, made, records, write_record
from instructor.course.regrade import changes, main

EXERCISE = "03_dropout"


def record(student: str, marks: float | None, other: float = 1.0) -> Record:
    state = MARKED if marks is not None else NOT_READ
    tasks = (
        Task("dropout", "code", "Dropout", state, marks, 10),
        Task("mc_predict", "code", "Passes", MARKED, other, 1),
    )
    return made(student=student, exercise=EXERCISE, tasks=tasks)


def test_only_changed_marks_of_known_students_are_told() -> None:
    old = [record("ada", 8.0), record("emile", 4.0), record("carl", None)]
    new = [record("ada", 8.0), record("emile", 6.0), record("carl", 1.0), record("new", 2.0)]
    found = [str(change) for change in changes(old, new)]
    assert found == ["emile: dropout 4 -> 6", "carl: dropout no mark -> 1"]


Mended = Callable[[float, float], list[int]]


@pytest.fixture
def grading(tmp_path: Path) -> Path:
    """Two students, of whom each has handed in and is graded."""
    for student in ("ada", "emile"):
        (tmp_path / "submitted" / student / EXERCISE).mkdir(parents=True)
        write_record(tmp_path, record(student, 4.0))
    with Journal(tmp_path, 7):
        pass
    return tmp_path


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch, grading: Path) -> Mended:
    """Stands in for the judge: Emile gets other marks now. Counts how often it had to judge."""

    def mend(marks: float, other: float = 1.0) -> list[int]:
        judged: list[int] = []

        def grade(folder: Path, found: Sequence[Found], **_: Any) -> None:
            with Journal(folder) as journal:
                for one in found:
                    key = [one.student, "mended"]
                    if key not in journal:
                        judged.append(1)
                        new = record(one.student, marks if one.student == "emile" else 4.0, other)
                        journal.add(key, new.as_json())
                    write_record(folder, journal.record(key))

        monkeypatch.setattr(running, "grade", grade)
        return judged

    return mend


def marks(grading: Path) -> dict[str, float | None]:
    return {one.student: one.task("dropout").marks for one in records(grading)}


def run(grading: Path, *more: str) -> int:
    return main(["3", "dropout", "--folder", str(grading), "--unprotected", *more])


def test_what_changes_is_said_and_written_once_it_is_wanted(
    grading: Path, mended: Mended, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = mended(6.0)
    assert run(grading, "--yes") == 0
    told = capsys.readouterr().out
    assert "emile: dropout 4 -> 6" in told
    assert "ada" not in told
    assert json.loads(told.splitlines()[-1]) == {"submissions": 2, "changed": 1}
    assert marks(grading) == {"ada": 4.0, "emile": 6.0}
    assert len(judged) == 2  # each submission once
    assert not list(grading.glob(".regrade-*"))


def test_nothing_is_written_without_a_yes(
    grading: Path, mended: Mended, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended(6.0)
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert run(grading) == 1
    assert marks(grading) == {"ada": 4.0, "emile": 4.0}


def test_other_tasks_whose_marks_change_are_named(
    grading: Path, mended: Mended, capsys: pytest.CaptureFixture[str]
) -> None:
    mended(6.0, 0.0)
    run(grading, "--yes")
    assert "Besides dropout, marks of mc_predict change." in capsys.readouterr().out


def test_a_task_that_is_not_there_is_refused(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["3", "droput", "--folder", str(grading)])
    assert "has no task 'droput'" in capsys.readouterr().err
