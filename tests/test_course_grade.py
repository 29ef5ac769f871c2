"""A class becomes marks in nbgrader's gradebook; each submission ends with a mark or a reason."""

import dataclasses
import json
import os
import sqlite3
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory

from instructor.course import finding, formgrader, jobs, marking, pool, records
from instructor.course.__main__ import main
from instructor.course.gradebook import url_of
from instructor.course.jobs import Job
from instructor.course.marking import unusual
from instructor.course.records import read_record, record_path
from tests.classes import WHOLE, forged, graded, hand_in, scores, snapshot
from tests.damaged import DAMAGED, NAME
from tests.exercises import exercise
from tests.forged import FORGED

CODE = sum(task.points for task in exercise(NAME).tasks)


def mark_by_hand(folder: Path, student: str, marks: float) -> None:
    with Gradebook(url_of(folder)) as book:
        grade = book.find_grade("explain", NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = marks, False
        book.db.commit()
        book.engine.dispose()


@pytest.fixture(scope="module")
def class_(asked_once: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Graded once for the tests that only look."""
    folder = tmp_path_factory.mktemp("a class") / "grading"
    hand_in(folder, "ada", WHOLE)
    hand_in(folder, "ben", forged(FORGED["ends its process"]))
    hand_in(folder, "cleo", b"{")
    hand_in(folder, "dora", DAMAGED["no metadata and no ids, as from Colab"]())
    hand_in(folder, "emil", WHOLE).unlink()
    hand_in(folder, "fay", WHOLE).rename(folder / "submitted/fay" / NAME / "Untitled(1).ipynb")
    before = snapshot(folder / "submitted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "mark", marking.mark)
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


def test_formgrader_lists_the_class(class_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(class_)
    app = NbGrader()
    app.load_config_file()
    api = NbGraderAPI(CourseDirectory(config=app.config, parent=app))
    assert [one["name"] for one in api.get_assignments()] == [NAME]
    found = {one["student"]: one for one in api.get_submissions(NAME)}
    assert found["ada"]["code_score"] == CODE
    assert found["ada"]["needs_manual_grade"]
    assert all(one["autograded"] for one in found.values())
    api.gradebook.engine.dispose()


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


def test_marks_by_hand_survive_and_changed_prose_waits_again(
    quick_class: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(quick_class)
    mark_by_hand(quick_class, "ada", 3.5)
    path = quick_class / "submitted/ada" / NAME / f"{NAME}.ipynb"
    path.write_bytes(WHOLE + b"changed")
    assert graded(quick_class).fresh == 1
    assert scores(quick_class)["ada", "explain"] == (None, 3.5, False)
    other = jobs.record_of

    def changed(job: Job, tasks: tuple[records.Task, ...]) -> records.Record:
        tasks = tuple(
            t if t.kind == "code" else dataclasses.replace(t, answer="Another.") for t in tasks
        )
        return other(job, tasks)

    monkeypatch.setattr(jobs, "record_of", changed)
    path.write_bytes(WHOLE + b"changed again")
    graded(quick_class)
    assert scores(quick_class)["ada", "explain"] == (None, 3.5, True)


def test_one_that_cannot_be_marked_stops_no_other(quick_class: Path) -> None:
    hand_in(quick_class, "aaron", b"the judge fails here")
    run = graded(quick_class)
    assert run.fresh == 4
    assert run.unread == [f"aaron, {NAME}: the course's fault"]
    assert graded(quick_class).fresh == 1, "and is tried again the next time"


def test_a_text_that_no_database_takes_stops_no_run(
    quick_class: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An error of the student's own words, and the name of a file.
    other = jobs.record_of

    def odd(job: Job, tasks: tuple[records.Task, ...]) -> records.Record:
        said = "\ud800 \0 \x1b[2J Zoë\n"
        tasks = tuple(dataclasses.replace(t, text=said, answer=said) for t in tasks)
        return other(job, tasks, notes=(said,))

    monkeypatch.setattr(jobs, "record_of", odd)
    assert graded(quick_class).fresh == 3
    record = read_record(record_path(quick_class, "ada", NAME))
    wanted = "\ufffd \ufffd \ufffd[2J Zoë\n"
    assert {record.notes[0], record.tasks[0].text, record.tasks[0].answer} == {wanted}
    with Gradebook(url_of(quick_class)) as book:
        assert wanted in book.find_comment("dropout", NAME, NAME, "ada").auto_comment
        book.engine.dispose()


@pytest.mark.skipif(os.name != "posix", reason="makes links and pipes")
def test_links_and_pipes_are_not_followed(quick_class: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_bytes(WHOLE)
    hand_in(quick_class, "eve", WHOLE).unlink()
    (quick_class / "submitted/eve" / NAME / f"{NAME}.ipynb").symlink_to(tmp_path / "secret.ipynb")
    path = hand_in(quick_class, "fred", WHOLE)
    path.unlink()
    os.mkfifo(path)
    (quick_class / "submitted" / "linked").symlink_to(tmp_path)
    found, odd = finding.submitted(quick_class)
    assert "linked" not in {one.student for one in found}
    assert len(odd) == 1
    run = graded(quick_class)
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
    for folder in ([str(tmp_path)], ["--folder", str(tmp_path)]):
        assert main(["grade", *folder, "--unprotected", "--student", "zoe"]) == 2
        assert "there is nothing of zoe" in capsys.readouterr().err


def test_a_network_in_evaluation_mode_is_nothing_to_look_at() -> None:
    assert unusual("def f(model):\n    model.eval()\n    return model.exec") == []
    assert unusual("def f(model):\n    return eval('model')") == ["uses eval"]
    assert unusual("from builtins import eval as f") == ["uses builtins"]
