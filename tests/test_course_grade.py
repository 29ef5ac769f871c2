"""A class becomes marks in nbgrader's gradebook; each submission ends with a mark or a reason."""

import dataclasses
import json
import os
import signal
import sqlite3
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, get_alembic_version

from instructor.course import finding, formgrader, marking, pool, records, running
from instructor.course.__main__ import main
from instructor.course.gradebook import Book, url_of
from instructor.course.journal import Journal
from instructor.course.marking import Job, NotMarked
from instructor.course.records import read_record, record_path
from tests import killing
from tests.classes import Here, forged, hand_in, snapshot
from tests.damaged import DAMAGED, NAME, solution
from tests.exercises import exercise
from tests.forged import FORGED

WHOLE = json.dumps(solution()).encode()
CODE = sum(task.points for task in exercise(NAME).tasks)


def graded(folder: Path, **options: object) -> running.Run:
    found, _ = finding.submitted(folder)
    run = running.grade(
        folder, found, protected=False, workers=1, make=lambda _: Here(), seed=1, **options
    )
    return run


def scores(folder: Path) -> dict[tuple[str, str], tuple[float | None, float | None, bool]]:
    """What the gradebook has for each student and cell: by check, by hand, and whether it waits."""
    with Gradebook(url_of(folder)) as book:
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
        book.engine.dispose()
    return found


def mark_by_hand(folder: Path, student: str, marks: float) -> None:
    with Gradebook(url_of(folder)) as book:
        grade = book.find_grade("explain", NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = marks, False
        book.db.commit()
        book.engine.dispose()


@pytest.fixture(scope="module", autouse=True)
def asked_once() -> Iterator[None]:
    """nbgrader starts a program for each new gradebook, which always says the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", sysconfig.get_path("scripts"), prepend=os.pathsep)
        version = get_alembic_version()
        patch.setattr("nbgrader.api.get_alembic_version", lambda: version)
        yield


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Graded once for the tests that only look."""
    folder = tmp_path_factory.mktemp("a class") / "grading"
    hand_in(folder, "ada", WHOLE)
    hand_in(folder, "ben", forged(FORGED["ends its process"]))
    hand_in(folder, "cleo", b"{")
    hand_in(folder, "dora", DAMAGED["no metadata and no ids, as from Colab"]())
    hand_in(folder, "emil", WHOLE).unlink()
    hand_in(folder, "fay", WHOLE).rename(folder / "submitted/fay" / NAME / "Untitled(1).ipynb")
    before = snapshot(folder / "submitted")
    run = graded(folder)
    marking.release()
    assert run.fresh == 5, "and emil's folder is empty"
    assert snapshot(folder / "submitted") == before
    return folder


def test_each_submission_has_marks_or_a_reason(class_: Path) -> None:
    book = scores(class_)
    for student in ("ada", "dora", "fay"):
        record = read_record(record_path(class_, student, NAME))
        assert (record.state, record.marks) == (records.WAITS, CODE), record
        for task in record.tasks:
            assert sum(check.marks for check in task.checks) == (task.marks or 0)
            for check in task.checks:
                assert book[student, check.name] == (check.marks, None, False)
        assert book[student, "explain"] == (None, None, True)
    ben = read_record(record_path(class_, "ben", NAME))
    assert ben.marks == CODE - ben.task("dropout").of
    assert "ended the process" in ben.task("dropout").text
    for student, said in (("cleo", "no complete notebook"), ("emil", "there is no notebook")):
        record = read_record(record_path(class_, student, NAME))
        assert (record.state, record.marks) == (records.NOT_READ, None)
        assert said in record.reason
        assert book[student, "dropout-hidden"] == (None, None, True), "no 0, and a person looks"
    assert "Untitled(1).ipynb" in read_record(record_path(class_, "fay", NAME)).notes[0]


def test_a_record_is_what_was_written(class_: Path) -> None:
    for record in records.records(class_):
        path = records.write_record(class_, record)
        assert read_record(path) == record
        assert records.from_json(json.loads(json.dumps(record.as_json()))) == record
    assert len(list(records.records(class_, student="ada"))) == 1


def test_comments_are_what_the_student_reads(class_: Path) -> None:
    with Gradebook(url_of(class_)) as book:
        said = book.find_comment("dropout", NAME, NAME, "ben").auto_comment
        assert "ended the process" in said
        assert "found by name" in book.find_comment("dropout", NAME, NAME, "dora").comment
        book.engine.dispose()


def test_the_gradebook_is_sound(class_: Path) -> None:
    connection = sqlite3.connect(class_ / "gradebook.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    connection.close()


def test_what_formgrader_shows_holds_no_hidden_check_and_no_page(class_: Path) -> None:
    shown = formgrader.path_of(class_, "ben", NAME).read_text(encoding="utf-8")
    assert "BEGIN HIDDEN" not in shown
    assert "ended the process" in shown
    assert "exec(" not in shown
    record = read_record(record_path(class_, "ada", NAME))
    task = records.Task("explain", "prose", "", records.WAITS, None, 4, answer="<script>1</script>")
    assert "<script" not in formgrader._answer(record, task)


def test_nothing_is_graded_twice(class_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(class_)
    monkeypatch.setattr(pool, "mark", None)
    assert graded(class_).fresh == 0
    after = snapshot(class_)
    assert {name for name in after if after[name] != before[name]} <= {"gradebook.db"}


def counted(job: Job) -> dict[str, object]:
    """Stands for the judge: an answer to each task is worth its length."""
    content = exercise(job.exercise)
    if b"fails" in job.data:
        raise NotMarked("the course's fault")
    tasks = [
        records.Task(t.name, "prose", t.title, records.WAITS, None, t.points, answer="An answer.")
        if t.prose
        else records.Task(
            *(t.name, "code", t.title, records.MARKED, 0.0, t.points),
            checks=tuple(records.Check(c.grade_id, c.points, 0.0, "no", "") for c in t.checks),
        )
        for t in content.parts
    ]
    return marking._record(job, tuple(tasks)).as_json()


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A class whose judge is a stand-in."""
    monkeypatch.setattr(pool, "mark", counted)
    folder = tmp_path / "a class"
    for student in ("ada", "ben", "cleo"):
        hand_in(folder, student, WHOLE + student.encode())
    return folder


def test_marks_by_hand_survive_and_changed_prose_waits_again(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(quick)
    mark_by_hand(quick, "ada", 3.5)
    path = quick / "submitted/ada" / NAME / f"{NAME}.ipynb"
    path.write_bytes(WHOLE + b"changed")
    assert graded(quick).fresh == 1
    assert scores(quick)["ada", "explain"] == (None, 3.5, False)
    other = marking._record

    def changed(job: Job, tasks: tuple[records.Task, ...]) -> records.Record:
        tasks = tuple(
            t if t.kind == "code" else dataclasses.replace(t, answer="Another.") for t in tasks
        )
        return other(job, tasks)

    monkeypatch.setattr(marking, "_record", changed)
    path.write_bytes(WHOLE + b"changed again")
    graded(quick)
    assert scores(quick)["ada", "explain"] == (None, 3.5, True)


def test_one_that_cannot_be_marked_stops_no_other(quick: Path) -> None:
    hand_in(quick, "aaron", b"fails")
    run = graded(quick)
    assert run.fresh == 4
    assert run.unread == [f"aaron, {NAME}: the course's fault"]
    assert graded(quick).fresh == 1, "and is tried again the next time"


@pytest.mark.parametrize("place", ["journal", "gradebook", "formgrader", "record"])
def test_a_run_that_is_ended_anywhere_goes_on(
    place: str, quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def ends(after: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **options: object) -> None:
            after(*args, **options)
            raise Killed

        return run

    home, name = {
        "journal": (Journal, "add"),
        "gradebook": (Book, "write"),
        "formgrader": (formgrader, "write"),
        "record": (records, "write_record"),
    }[place]
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(home, name, ends(getattr(home, name)))
            with pytest.raises(Killed):
                graded(quick)
        with (quick / "journal.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"key": ["a run that was killed')
    graded(quick)
    other = tmp_path / "undisturbed"
    for student in ("ada", "ben", "cleo"):
        hand_in(other, student, WHOLE + student.encode())
    graded(other)
    assert scores(quick) == scores(other)
    for kind in ("grades", "autograded"):
        assert snapshot(quick / kind) == snapshot(other / kind)


def test_a_gradebook_that_is_new_is_filled(quick: Path) -> None:
    graded(quick)
    before = scores(quick)
    (quick / "gradebook.db").unlink()
    assert graded(quick).fresh == 0
    assert scores(quick) == before


def test_two_runs_at_once_are_refused(quick: Path) -> None:
    with Journal(quick), pytest.raises(RuntimeError, match="another `course grade` is at work"):
        Journal(quick)


def test_a_locked_gradebook_is_said_and_nothing_is_lost(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(quick)
    hand_in(quick, "dora", WHOLE)
    holding = sqlite3.connect(quick / "gradebook.db")
    holding.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RuntimeError, match=r"gradebook .* cannot be used: .*locked"):
        graded(quick)
    holding.close()
    graded(quick)
    assert ("dora", "explain") in scores(quick)


def test_a_full_disk_is_said_and_nothing_is_lost(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space left"):
            graded(quick)
    assert graded(quick).fresh == 3


@pytest.mark.skipif(os.name != "posix", reason="makes links and pipes")
def test_links_and_pipes_are_not_followed(quick: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_bytes(WHOLE)
    hand_in(quick, "eve", WHOLE).unlink()
    (quick / "submitted/eve" / NAME / f"{NAME}.ipynb").symlink_to(tmp_path / "secret.ipynb")
    path = hand_in(quick, "fred", WHOLE)
    path.unlink()
    os.mkfifo(path)
    (quick / "submitted" / "linked").symlink_to(tmp_path)
    found, odd = finding.submitted(quick)
    assert "linked" not in {one.student for one in found}
    assert len(odd) == 1
    run = graded(quick)
    assert len(run.unread) == 2
    assert all("a link to another file" in text for text in run.unread)


def test_loose_notebooks_are_named_after_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "down loads"
    (folder / "group 2").mkdir(parents=True)
    for name in ("ada.ipynb", "group 2/ben.ipynb", "zoe.py", ".hidden.ipynb", "notes.txt"):
        (folder / name).write_bytes(WHOLE)
    found, odd = finding.loose(folder, NAME)
    assert [one.student for one in found] == ["ada", "group 2-ben", "zoe"]
    assert odd == []


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", ".hidden", "a\\b", "con", "x" * 81, "a\n", "trailing.", "*"]
)
def test_what_is_no_folder_is_no_student(name: str) -> None:
    with pytest.raises(ValueError, match="no id of a student"):
        records.student_id(name)


def test_errors_are_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", str(tmp_path), "--unprotected"]) == 2
    assert "there is no folder" in capsys.readouterr().err
    for arguments, said in (
        (["--exercise", "99"], "there is no exercise '99'"),
        (["--notebooks", str(tmp_path)], "needs one --exercise"),
        (["--workers", "0"], "must be at least 1"),
    ):
        with pytest.raises(SystemExit):
            main(["grade", str(tmp_path), "--unprotected", *arguments])
        assert said in capsys.readouterr().err
    hand_in(tmp_path, "ada", WHOLE)
    assert main(["grade", str(tmp_path), "--unprotected", "--student", "zoe"]) == 2
    assert "there is nothing of zoe" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills as `kill -9` does")
def test_a_run_that_is_killed_goes_on(tmp_path: Path) -> None:
    assert killing.survives(tmp_path, kills=1, students=3, seed=0)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends the signal that Ctrl-C sends")
def test_ctrl_c_stops_at_once_and_keeps_what_is_done(tmp_path: Path) -> None:
    folder = killing.make(tmp_path / "a class", 30)
    run = killing.start(folder)
    deadline = time.monotonic() + 300
    while killing.lines(folder) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=120)
    assert run.returncode == 130, said
    assert b"Stopped." in said
    assert b"Traceback" not in said
    assert 2 <= killing.lines(folder) < 30
