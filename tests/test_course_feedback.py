"""Pages for students and reports on a class: what they say, and that they are harmless."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from instructor.course import feedback, report
from instructor.course.marks import Given, Marked
from instructor.course.records import (
    MARKED,
    NOT_READ,
    WAITS,
    Check,
    Record,
    Task,
    made,
    write_record,
)
from instructor.course.similar import alike

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> [click](javascript:alert(3))"


def code(marks: float, *, text: str = "", mistake: str = "", answer: str = "x = 1") -> Task:
    checks = (Check("f-hidden", 4, marks, text, mistake),)
    return Task("f", "code", "A function", MARKED, marks, 4, checks, answer)


def prose(answer: str, marks: float | None = None) -> Task:
    state = WAITS if marks is None else MARKED
    return Task("why", "prose", "A question", state, marks, 2, answer=answer)


def record(student: str, *tasks: Task, **more: str) -> Record:
    return made(student=student, exercise="03_dropout", tasks=tasks, **more)


# --- pages for students


def test_a_page_says_marks_messages_and_a_persons_comment() -> None:
    one = record("ada", code(3, text="p = 1 was divided by"), prose("*Because*.", 1.5))
    html = feedback.page(Marked(one, {"why": Given(1.5, "Say why.")}))
    for words in ("4.5 of 6 marks", "p = 1 was divided by", "Say why.", "<em>Because</em>"):
        assert words in html


def test_a_page_says_what_is_not_marked_yet_and_gives_no_zero_for_it() -> None:
    html = feedback.page(Marked(record("ada", code(4), prose("So.")), {}))
    assert "4 of 6 marks</strong>, so far: A question is not marked yet" in html
    assert "No mark: waits for a person." in html
    gone = record("ada", Task("f", "code", "A function", NOT_READ, None, 4), reason="it is empty")
    html = feedback.page(Marked(gone, {}))
    assert "No mark: it is empty." in html
    assert "A function" not in html  # every task would repeat it


def test_a_page_begins_with_the_mark_that_counts_and_the_students_name() -> None:
    html = feedback.page(Marked(record("ada", code(4)), {}, 3, 0.25), "Ada L.")
    assert (
        "3 of 4 marks</strong>: 4 for the answers, less 25% because they came 3 days late" in html
    )
    assert "<p>Ada L., ada</p>" in html
    waits = Marked(record("ada", code(4), prose("So.")), {}, 1, 0.25)
    assert "Handed in 1 day late: 25% will be taken off." in feedback.page(waits)


def test_nothing_a_student_wrote_runs_or_loads() -> None:
    tasks = code(0, text=HOSTILE, answer=HOSTILE), prose(HOSTILE)
    html = feedback.page(Marked(record("<b>ada", *tasks), {"why": Given(1, HOSTILE)}))
    assert "default-src 'none'" in html
    for tag in ("<script", "<img", 'javascript:alert(3)"', "<b>ada"):
        assert tag not in html
    assert html.count("<a ") == 2  # the table's own links


def test_a_page_is_bounded() -> None:
    html = feedback.page(Marked(record("ada", code(0, text="x" * 10**6), prose("y " * 10**6)), {}))
    assert len(html) < 10 * feedback.MOST_CHARACTERS
    assert "more characters" in html


def test_pages_are_written_for_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for student in ("ada", "emile"):
        write_record(tmp_path, record(student, code(4)))
    assert feedback.main(["--folder", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"pages": 2}
    assert "emile" in (tmp_path / "feedback/emile/03_dropout.html").read_text(encoding="utf-8")
    assert feedback.main(["--folder", str(tmp_path / "none")]) == 2


def moodles_way(path: str) -> tuple[str, str, str]:
    """How Moodle reads the path of a file: the participant, the plugin, and the file's name."""
    _, participant, kind, plugin, rest = path.split("_", 4)
    return participant, f"{kind}_{plugin}", rest.removeprefix("/")


def test_moodle_gets_each_page_under_the_number_that_it_gave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came = [("ada_l", "moodle", "4711"), ("emile", "canvas", "4712"), ("grace", "moodle", "4713")]
    for student, system, number in came:
        write_record(tmp_path, record(student, code(4)))
        origin = {"student": student, "exercise": "03_dropout", "system": system, "id": number}
        with (tmp_path / "origins.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(origin) + "\n")
    assert feedback.main(["--folder", str(tmp_path), "--moodle"]) == 0
    out = tmp_path / "feedback/03_dropout-moodle.zip"
    assert str(out) in capsys.readouterr().out
    with zipfile.ZipFile(out) as file:
        read = {moodles_way(name): file.read(name) for name in file.namelist()}
    assert {number: body for (number, *_), body in read.items()} == {
        number: (tmp_path / "feedback" / student / "03_dropout.html").read_bytes()
        for student, number in (("ada_l", "4711"), ("grace", "4713"))
    }
    assert {tuple(rest) for _, *rest in read} == {("assignfeedback_file", "03_dropout.html")}


def test_no_zip_is_made_of_pages_that_moodle_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path, record("ada", code(4)))
    assert feedback.main(["--folder", str(tmp_path), "--moodle"]) == 0
    assert "no file came from Moodle" in capsys.readouterr().out
    assert not list(tmp_path.glob("feedback/*.zip"))


# --- reports


def class_of(count: int) -> list[Record]:
    """Marks 0 to 4 in turn; every other answer shows the same mistake."""
    return [
        record(
            f"s{i}", code(i % 5, mistake="always_on" if i % 2 else ""), prose("So.", float(i % 3))
        )
        for i in range(count)
    ]


def test_a_report_counts_mistakes_and_full_marks() -> None:
    task, question = report.by_task(class_of(10))
    assert task.mistakes == [("always_on", 5)]
    assert (task.marked, task.full, task.mean) == (10, 2, 2.0)
    assert question.mistakes == []


def test_a_mistake_with_a_name_is_not_counted_as_one_without() -> None:
    checks = tuple(Check("f", 2, 0, "no", mistake) for mistake in ("always_on", "unnamed"))
    (task,) = report.by_task([record("ada", Task("f", "code", "F", MARKED, 0, 4, checks))])
    assert task.mistakes == [("always_on", 1)]


def test_a_task_that_tells_nothing_is_marked() -> None:
    helps = [record(f"s{i}", code(i % 5), prose("", (i % 5) / 2.5)) for i in range(20)]
    task, _ = report.by_task(helps)
    assert task.with_rest == pytest.approx(1)
    assert not task.weak
    against = [record(f"s{i}", code(i % 5), prose("", 2 - (i % 5) / 2.5)) for i in range(20)]
    assert report.by_task(against)[0].weak
    assert report.by_task(helps[:5])[0].with_rest is None  # too few to say


def test_the_bars_hold_every_submission_once() -> None:
    marks = [0, 0.5, 2, 5.99, 6]
    found = report.bars(marks, 6)
    assert sum(n for _, n in found) == len(marks)
    assert found[-1] == ("5.4–6", 2)


def test_the_table_has_no_number_where_there_is_no_mark() -> None:
    found = [record("ada", code(4), prose("So.")), record("emile", code(2), prose("So.", 1.0))]
    rows = list(csv.DictReader(io.StringIO(report.table([Marked(one, {}) for one in found]))))
    assert rows[0]["marks"] == ""
    assert rows[0]["why"] == ""
    assert rows[1]["marks"] == "3.0"


def test_no_cell_of_a_table_is_a_formula() -> None:
    gone = record("=cmd()", Task("f", "code", "F", NOT_READ, None, 4), reason="@SUM(A1)")
    row = next(csv.DictReader(io.StringIO(report.table([Marked(gone, {})]))))
    assert (row["student"], row["reason"]) == ("'=cmd()", "'@SUM(A1)")


def test_a_report_names_what_a_person_must_look_at(tmp_path: Path) -> None:
    text = (
        "dropout removes half of the units in every step so that no unit can rely on another one "
    )
    for name in ("ada", "emile"):
        write_record(tmp_path, record(name, code(4), prose(text * 2, 2.0)))
    write_record(tmp_path, record("carl", code(1), prose("Something else entirely.")))
    assert report.main(["--folder", str(tmp_path)]) == 0
    html = (tmp_path / "report/03_dropout.html").read_text(encoding="utf-8")
    assert "carl: waits for a person" in html
    assert "ada and emile share 100%" in html
    assert "<script" not in html


def test_prose_is_alike_only_where_runs_of_words_are() -> None:
    one = " ".join(f"word{i}" for i in range(60))
    moved = " ".join(f"word{i}" for i in range(30, 90))
    other = " ".join(f"thing{i}" for i in range(60))
    found = {(a, b) for a, b, _ in alike({"a": one, "b": moved, "c": other, "short": "word1"})}
    assert found == {("a", "b")}
    assert not list(alike({"a": one, "b": one}, given=one))  # what the task itself says
