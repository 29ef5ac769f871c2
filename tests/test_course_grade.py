"""A folder of notebooks becomes marks; every notebook ends with a mark or a reason."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from instructor.content import ROOT
from instructor.course import grade as grading
from instructor.course.__main__ import main
from instructor.course.submission import Unreadable, defines, read
from tests.exercises import exercise

NAME = "03_dropout"
SOLUTION = ROOT / "solutions" / NAME / f"{NAME}.ipynb"


def notebook(path: Path = SOLUTION) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def data(book: nbformat.NotebookNode) -> bytes:
    return json.dumps(book).encode()


def cell(book: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    (found,) = (c for c in book.cells if c.metadata.nbgrader.grade_id == name)
    return found


def answer(raw: bytes, task: str = "dropout") -> tuple[list[str], list[str]]:
    """The sources that run for a task, and all notes."""
    submission = read(raw, exercise(NAME))
    cells, notes = submission.answer(exercise(NAME), exercise(NAME).task(task))
    return [source for _, source in cells], [*submission.notes, *notes]


def test_an_answer_runs_after_the_others_and_no_check_runs() -> None:
    sources, notes = answer(data(notebook()))
    assert notes == []
    assert sources[-1].startswith("def dropout(")
    assert not any("check." in source and "def " not in source for source in sources)
    assert len(sources) == len(exercise(NAME).tasks)


def test_damage_is_repaired_and_said() -> None:
    plain = answer(data(notebook()))[0][-1]
    book = notebook()
    for one in book.cells:
        one.metadata, one["id"] = {}, "other"
    stripped, notes = answer(data(book))
    assert stripped[-1] == plain
    assert "found by name" in notes[0]
    book = notebook()
    book.cells.append(cell(book, "dropout").copy())
    cell_twice, notes = answer(data(book))
    assert cell_twice[-1] == plain
    assert "there 2 times" in notes[0]
    book = notebook()
    own = cell(book, "dropout")
    scratch, own.source = own.source, "# moved"
    book.cells.append(nbformat.v4.new_code_cell(scratch))
    moved, notes = answer(data(book))
    assert moved[-1] == plain
    assert "not in its own cell" in notes[0]
    for raw, said in (
        (b"\xef\xbb\xbf" + data(notebook()), "a mark in front"),
        (json.dumps(notebook()).encode("utf-16"), "UTF-16"),
    ):
        sources, notes = answer(raw)
        assert sources[-1] == plain
        assert said in notes[0]


def test_lines_of_ipython_do_not_matter() -> None:
    book = notebook()
    own = cell(book, "dropout")
    own.source = "%matplotlib inline\n!ls\n" + own.source
    book.cells.append(nbformat.v4.new_code_cell("%%bash\nrm -r everything"))
    sources, _ = answer(data(book))
    assert defines(sources[-1], "dropout")
    assert "everything" not in "".join(sources)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b'{"cells": [{"cell', "no complete notebook"),
        (b"[1, 2]", "no notebook"),
        (b'{"cells": []}', "no cells"),
        (b"\x89PNG\r\n", "no complete notebook"),
        (b"[" * 100_000, "no complete notebook"),
        (b" " * (21 << 20), "clear all outputs"),
    ],
)
def test_what_cannot_be_read_is_said(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(raw, exercise(NAME))


@pytest.mark.slow
def test_a_folder_becomes_marks_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class_, marks = tmp_path / "the class", tmp_path / "marks"
    class_.mkdir()
    half = notebook()
    cell(half, "dropout").source = "import os\nos._exit(0)"
    (class_ / "ada.ipynb").write_bytes(SOLUTION.read_bytes())
    (class_ / "ben.ipynb").write_bytes(data(half))
    (class_ / "cleo.ipynb").write_bytes(b"{")
    before = {path.name: path.read_bytes() for path in class_.iterdir()}
    command = ["grade", "03", str(class_), str(marks), "--unprotected"]
    assert main(command) == 1, "one could not be read"
    with (marks / "marks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    content = exercise(NAME)
    got = {(row["student"], row["task"]): row for row in rows}
    assert len(got) == 3 * len(content.parts)
    for task in content.tasks:
        assert float(got["ada", task.name]["marks"]) == task.points, got["ada", task.name]["text"]
        assert got["cleo", task.name]["marks"] == "", "no 0 for what could not be read"
        assert "no complete notebook" in got["cleo", task.name]["text"]
    assert got["ben", "dropout"]["marks"] == "0.0"
    assert got["ada", content.prose[0].name]["state"] == "waits for a person"
    assert {path.name: path.read_bytes() for path in class_.iterdir()} == before
    table = (marks / "marks.csv").read_bytes()
    with (marks / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": ["a run that was killed')
    monkeypatch.setattr(grading, "graded", None)  # nothing is graded twice
    assert main(command) == 1
    assert (marks / "marks.csv").read_bytes() == table
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["graded_now"] == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends the signal that Ctrl-C sends")
def test_ctrl_c_stops_at_once_and_keeps_what_is_done(tmp_path: Path) -> None:
    class_, marks = tmp_path / "the class", tmp_path / "marks"
    class_.mkdir()
    for number in range(40):
        (class_ / f"{number}.ipynb").write_bytes(SOLUTION.read_bytes())
    command = [sys.executable, "-m", "instructor.course", "grade", "03", str(class_), str(marks)]
    running = subprocess.Popen([*command, "--unprotected"], cwd=ROOT, stderr=subprocess.PIPE)
    done = marks / "journal.jsonl"
    deadline = time.monotonic() + 120
    while not (done.exists() and done.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Stopped." in said
    assert b"Traceback" not in said
    assert 1 <= len(list(grading.journal(done))) < 40


def test_a_folder_without_notebooks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", "03", str(tmp_path), str(tmp_path / "marks"), "--unprotected"]) == 2
    assert "no notebook in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_text_is_no_formula() -> None:
    assert grading._field("=1+1") == "'=1+1"
    assert grading._field(2.0) == 2.0
