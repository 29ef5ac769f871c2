"""Forgetting a student: nothing of theirs stays, and everything of the others."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from instructor.course.forget import FOLDERS, main
from instructor.course.gradebook import connect, url_of
from instructor.course.journal import Journal
from instructor.course.marks import by_hand, marked
from instructor.course.records import MARKED, WAITS, Task, made, write_record

# nbgrader adds a submission to its session late, which SQLAlchemy remarks on.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def marked_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada and Adam have handed in, are graded, and a person has marked Ada's question."""
    folder = tmp_path_factory.mktemp("class") / "grading"
    for student in ("ada", "adam"):
        for name in FOLDERS:
            (folder / name / student).mkdir(parents=True)
            (folder / name / student / "file").write_text(student)
        tasks = (
            Task("f", "code", "F", MARKED, 3.0, 4),
            Task("why", "prose", "Why", WAITS, None, 2),
        )
        write_record(folder, made(student=student, exercise="03_dropout", tasks=tasks))
    with (folder / "journal.jsonl").open("w") as file:
        for student in ("ada", "adam"):
            file.write(json.dumps({"key": [student, "03_dropout"], "done": True}) + "\n")
    with closing(connect(url_of(folder))) as book:
        book.add_assignment("03_dropout")
        book.add_notebook("03_dropout", "03_dropout")
        book.add_grade_cell("why", "03_dropout", "03_dropout", max_score=2, cell_type="markdown")
        book.add_solution_cell("why", "03_dropout", "03_dropout")
        for student in ("ada", "adam"):
            book.add_student(student)
            submission = book.add_submission("03_dropout", student)
            notebook = submission.notebooks[0]
            grade = book.find_grade("why", notebook.name, "03_dropout", student)
            grade.needs_manual_grade = student == "adam"
            grade.manual_score = 1.5 if student == "ada" else None
            comment = book.find_comment("why", notebook.name, "03_dropout", student)
            comment.manual_comment = "Well said." if student == "ada" else None
        book.db.commit()
    return folder


@pytest.fixture
def grading(marked_class: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(marked_class, tmp_path / "grading"))


def test_marks_of_persons_are_found_and_count(grading: Path) -> None:
    given = by_hand(grading)
    assert list(given) == [("ada", "03_dropout", "why")]
    assert given["ada", "03_dropout", "why"].comment == "Well said."
    found = {one.record.student: one.final for one in marked(grading)}
    assert found == {"ada": 4.5, "adam": None}


def test_nothing_stays_of_one_and_everything_of_the_others(grading: Path) -> None:
    assert main(["ada", "--yes", "--folder", str(grading)]) == 0
    left = [path for path in grading.rglob("*") if "ada" in path.parts]
    assert left == []
    assert all((grading / name / "adam" / "file").is_file() for name in FOLDERS)
    lines = (grading / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"][0] for line in lines] == ["adam"]
    with closing(connect(url_of(grading))) as book:
        assert [student.id for student in book.students] == ["adam"]
    assert b"Well said" not in (grading / "gradebook.db").read_bytes()


def test_it_asks_first(grading: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert main(["ada", "--folder", str(grading)]) == 1
    assert (grading / "submitted" / "ada").is_dir()


def whole(folder: Path) -> dict[str, bytes]:
    return {p.name + str(p.parent): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_while_another_command_is_at_work_nothing_is_deleted(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(grading, 1):
        before = whole(grading)
        assert main(["ada", "--yes", "--folder", str(grading)]) == 2
        assert "another `course` command is at work" in capsys.readouterr().err
        assert whole(grading) == before
    assert main(["ada", "--yes", "--folder", str(grading)]) == 0


def test_while_a_student_is_forgotten_no_run_begins(
    grading: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def delete(path: Path) -> None:
        with pytest.raises(RuntimeError, match="at work"):
            Journal(grading, 1)
        refused.append(path)

    monkeypatch.setattr("instructor.course.forget.shutil.rmtree", delete)
    assert main(["ada", "--yes", "--folder", str(grading)]) == 0
    assert len(refused) == len(FOLDERS)
    with Journal(grading, 1) as journal:
        task = Task("f", "code", "F", MARKED, 3.0, 4)
        journal.add(["eve"], made(student="eve", exercise="03_dropout", tasks=(task,)).as_json())
    text = (grading / "journal.jsonl").read_text()
    assert "eve" in text
    assert "adam" in text
    assert '"ada"' not in text


def test_a_gradebook_that_is_locked_is_said_and_nothing_is_deleted(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = whole(grading / "submitted")
    with closing(sqlite3.connect(grading / "gradebook.db")) as holding:
        holding.execute("BEGIN IMMEDIATE")
        assert main(["ada", "--yes", "--folder", str(grading)]) == 2
    assert "locked" in capsys.readouterr().err
    assert whole(grading / "submitted") == before
    assert main(["ada", "--yes", "--folder", str(grading)]) == 0


@pytest.mark.parametrize("student", ["nobody", "../ada", ""])
def test_who_is_not_there_is_said(
    grading: Path, student: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([student, "--yes", "--folder", str(grading)]) in (1, 2)
    assert capsys.readouterr().err
    assert (grading / "submitted" / "ada").is_dir()


def test_of_the_files_of_the_class_only_lines_go(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = {"student": "ada", "exercise": "03_dropout", "system": "moodle", "id": "4711",
              "name": "Ada Lovelace"}  # fmt: skip
    (grading / "origins.jsonl").write_text(json.dumps(origin) + "\n{cut off")
    (grading / "names.json").write_text('{"ada": "Ada Lovelace", "adam": "Adam A."}')
    head, hers, others = (
        "file,student on it,reason\n", "a.zip/notes.pdf,4711 Ada Lovelace,no notebook\n",
        "a.zip/x.pdf,4712 Adam Ada-Lovelace-Byron,no notebook\n",
    )  # fmt: skip
    (grading / "unmatched.csv").write_text(head + hers + others)
    (grading / "report").mkdir()
    (grading / "report/03_dropout.html").write_text("ada")
    (grading / "feedback/03_dropout-moodle.zip").write_text("ada")
    assert main(["ada", "--folder", str(grading), "--yes"]) == 0
    assert (grading / "unmatched.csv").read_text() == head + others
    assert json.loads((grading / "names.json").read_text()) == {"adam": "Adam A."}
    assert not (grading / "report/03_dropout.html").exists()
    assert not (grading / "feedback/03_dropout-moodle.zip").exists()
    assert "make them anew" in capsys.readouterr().out
