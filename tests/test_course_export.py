"""Marks for Moodle and Canvas: the downloaded table comes back as it was, with the marks in it."""

import csv
import io
import json
from pathlib import Path

import pytest

from instructor.course.export import main
from instructor.course.records import MARKED, NOT_READ, WAITS, Task, made, write_record

MOODLE = """Identifier,Full name,Status,Grade,Maximum grade,Grade can be changed,Feedback comments
Participant 1,Ada L.,Submitted,,100.00,Yes,
Participant 2,Émile B.,Submitted,55.00,100.00,Yes,"say ""hi"" to"
Participant 3,Carl G.,Submitted,,100.00,Yes,
Participant 4,No One,No submission,,100.00,Yes,
"""
GERMAN = """ID;Vollständiger Name;Status;Bewertung;Höchste Bewertung;Bewertung kann geändert werden
Teilnehmer/in1;Ada L.;Abgegeben;;10,00;Ja
Teilnehmer/in2;Émile B.;Abgegeben;;10,00;Ja
"""
CANVAS = """Student,ID,SIS Login ID,Section,Exercise 02 (70),Exercise 03 (71),Current Score
    Points Possible,,,,10,13,(read only)
"Lovelace, Ada",91,ada,A,9,,
"Borel, Émile",92,emile,A,8,EX,
"Gauss, Carl",93,carl,A,7,,
"""


def task(
    name: str, marks: float | None, of: float, state: str = MARKED, kind: str = "code"
) -> Task:
    return Task(name, kind, name, state, marks, of)


def save(folder: Path, student: str, *tasks: Task, reason: str = "") -> None:
    write_record(folder, made(student=student, exercise="03_dropout", tasks=tasks, reason=reason))


@pytest.fixture
def grading(tmp_path: Path) -> Path:
    """Ada has 20 of 26, Émile 13, Carl's question waits."""
    folder = tmp_path / "grading"
    save(folder, "ada", task("a", 12.0, 16), task("b", 8.0, 10))
    save(folder, "emile", task("a", 8.0, 16), task("b", 5.0, 10))
    save(folder, "carl", task("a", 16.0, 16), task("b", None, 10, WAITS, "prose"))
    with (folder / "origins.jsonl").open("w") as file:
        for number, student in enumerate(("ada", "emile", "carl"), start=1):
            for system, name in (("moodle", str(number)), ("canvas", str(90 + number))):
                row = {"student": student, "exercise": "03_dropout", "system": system, "id": name}
                file.write(json.dumps(row) + "\n")
    return folder


def export(
    grading: Path, text: str, *more: str, bom: bool = False, newline: str = "\n"
) -> tuple[int, bytes]:
    path = grading.parent / "table.csv"
    path.write_text(text, encoding="utf-8-sig" if bom else "utf-8", newline=newline)
    code = main([str(path), "--exercise", "03", "--folder", str(grading), *more])
    out = grading.parent / "table-marks.csv"
    return code, out.read_bytes() if out.exists() else b""


def rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=delimiter))


def test_moodles_worksheet_changes_in_its_marks_alone(grading: Path) -> None:
    code, data = export(grading, MOODLE, bom=True, newline="\r\n")
    assert code == 1  # not every row has a mark
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 5
    before, after = rows(MOODLE.encode()), rows(data)
    assert [row[3] for row in after] == ["Grade", "76.92", "50.00", "", ""]
    for old, new in zip(before, after, strict=True):
        assert old[:3] + old[4:] == new[:3] + new[4:]


def test_another_language_keeps_its_comma_and_its_semicolon(grading: Path) -> None:
    _, data = export(grading, GERMAN)
    assert [row[3] for row in rows(data, ";")] == ["Bewertung", "7,69", "5,00"]


def test_canvas_keeps_its_ids_and_who_is_excused(grading: Path) -> None:
    _, data = export(grading, CANVAS, "--column", "exercise 03 (71)")
    assert [row[5] for row in rows(data)] == ["Exercise 03 (71)", "13", "10.00", "EX", ""]
    assert [row[4] for row in rows(data)] == ["Exercise 02 (70)", "10", "9", "8", "7"]


def test_canvas_in_german_keeps_its_comma(grading: Path) -> None:
    table = CANVAS.replace("10,13,(read only)", '"10,00","13,00",(schreibgeschützt)')
    code, data = export(grading, table, "--column", "Exercise 03")
    assert code == 1
    assert '"Lovelace, Ada",91,ada,A,9,"10,00",' in data.decode()


def test_canvas_wants_to_know_which_assignment(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = export(grading, CANVAS)
    assert (code, data) == (2, b"")
    told = capsys.readouterr().err
    assert "name one assignment" in told
    assert "Exercise 02 (70), Exercise 03 (71)" in told


def test_who_has_no_mark_is_named_and_has_no_zero(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(grading, "emile", task("a", None, 16, NOT_READ), reason="the file is empty")
    _, data = export(grading, MOODLE)
    assert [row[3] for row in rows(data)] == ["Grade", "76.92", "55.00", "", ""]
    told = capsys.readouterr().out
    assert "emile: the file is empty" in told
    assert "carl: waits for a person" in told
    assert "Participant 4 No One: has no submission here" in told
    assert "scaled from 26 to the 100" in told
    assert json.loads(told.splitlines()[-1]) == {"marks": 1, "left": 3, "system": "moodle"}


def test_a_graded_student_who_is_not_in_the_table_is_named(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(grading, "extra", task("a", 16.0, 16), task("b", 1.0, 10))
    export(grading, MOODLE)
    assert "extra: is not in the table" in capsys.readouterr().out


def test_without_origins_students_are_found_by_any_column(grading: Path) -> None:
    (grading / "origins.jsonl").unlink()
    _, data = export(grading, CANVAS, "--column", "Exercise 03 (71)")
    assert [row[5] for row in rows(data)][2:] == ["10.00", "EX", ""]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,mark\nada,1\n", "neither Moodle's grading worksheet nor Canvas's gradebook"),
        ("just one line", "has no table"),
    ],
)
def test_another_table_is_refused_in_words(
    grading: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(grading, text)[0] == 2
    assert said in capsys.readouterr().err


def test_a_table_that_a_spreadsheet_has_spoiled_is_refused(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = grading.parent / "table.csv"
    path.write_bytes(MOODLE.encode("latin-1"))
    assert main([str(path), "--exercise", "03", "--folder", str(grading)]) == 2
    assert "is not in UTF-8" in capsys.readouterr().err


def test_blank_lines_at_the_end_are_no_students(grading: Path) -> None:
    _, data = export(grading, MOODLE + "\n\n")
    assert [row[3] for row in rows(data)] == ["Grade", "76.92", "50.00", "", ""]


def test_a_decimal_comma_is_kept_wherever_the_mark_stands(grading: Path) -> None:
    text = GERMAN.replace("Bewertung;Höchste Bewertung", "Höchste Bewertung;Bewertung", 1)
    text = text.replace(";;10,00;", ";10,00;;")
    _, data = export(grading, text, "--column", "Bewertung")
    assert [row[4] for row in rows(data, ";")] == ["Bewertung", "7,69", "5,00"]


def test_a_column_that_is_not_there_is_named(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(grading, MOODLE, "--column", "Mark")[0] == 2
    assert (
        "there is no column 'Mark'; the table has Identifier, Full name" in capsys.readouterr().err
    )


def test_no_mark_goes_to_whoever_has_as_many_points_elsewhere(grading: Path) -> None:
    """Carl has 7 in another exercise, and a student is called 7."""
    (grading / "origins.jsonl").unlink()
    (grading / "grades" / "carl" / "03_dropout.json").unlink()
    save(grading, "7", task("a", 16.0, 16), task("b", 10.0, 10))
    _, data = export(grading, CANVAS, "--column", "Exercise 03 (71)")
    assert [row[5] for row in rows(data)][2:] == ["10.00", "EX", ""]


def test_a_class_of_one_keeps_its_name_and_number(grading: Path) -> None:
    """Where all rows are one, every number is the same in all of them."""
    one = """Kennung;Name;ID-Nummer;Status;Bewertung;Höchste Bewertung;Änderbar
Teilnehmer/in1;Ada L.;12345;Abgegeben;;10,00;Ja
"""
    _, data = export(grading, one)
    assert rows(data, ";")[1] == [
        "Teilnehmer/in1", "Ada L.", "12345", "Abgegeben", "7,69", "10,00", "Ja",
    ]  # fmt: skip
