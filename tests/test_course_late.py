"""Being late: what it costs, and whom."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from instructor.course.feedback import main
from instructor.course.late import NAMES, Terms, handed_in_at, unknown_extensions
from instructor.course.marks import Marked, marked
from instructor.course.records import MARKED, NOT_READ, WAITS, Record, Task, made, write_record

CLASS = """
[deadlines]
03_dropout = 2026-12-01T23:59:00+01:00
[extensions.03_dropout]
emile = 2026-12-03T23:59:00+01:00
[late]
per_day = 0.1
at_most = 0.25
grace_minutes = 10
"""


def written(folder: Path, text: str) -> Path:
    (folder / "class.toml").write_text(text, encoding="utf-8")
    return folder


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("student", "when", "days"),
    [
        ("ada", "2026-12-01 22:59:00", 0),  # the deadline itself, in another zone
        ("ada", "2026-12-01 23:09:00", 0),  # within the grace
        ("ada", "2026-12-01 23:09:01", 1),
        ("ada", "2026-12-02 22:59:00", 1),
        ("ada", "2026-12-02 22:59:01", 2),
        ("emile", "2026-12-02 22:59:01", 0),
        ("emile", "2026-12-04 00:00:00", 1),
    ],
)
def test_a_day_that_has_begun_counts(tmp_path: Path, student: str, when: str, days: int) -> None:
    assert Terms.read(written(tmp_path, CLASS)).days_late(student, "03_dropout", at(when)) == days


def test_what_it_costs_has_an_end(tmp_path: Path) -> None:
    terms = Terms.read(written(tmp_path, CLASS))
    assert [terms.lost(days) for days in (0, 1, 2, 3, 30)] == [0, 0.1, 0.2, 0.25, 0.25]


def test_without_a_file_a_deadline_or_a_time_nothing_is_late(tmp_path: Path) -> None:
    late = at("2030-01-01 00:00:00")
    assert Terms.read(tmp_path).days_late("ada", "03_dropout", late) == 0
    terms = Terms.read(written(tmp_path, CLASS))
    assert terms.days_late("ada", "02_l1_l2", late) == 0
    assert terms.days_late("ada", "03_dropout", None) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[deadlines]\n03_droput = 2026-12-01T00:00:00Z", "no exercise is called '03_droput'"),
        ("[deadlines]\n03_dropout = 2026-12-01T00:00:00", "a time with its zone"),
        ("[late]\nper_day = 10", "per_day must be a share from 0 to 1, got 10"),
        ("[late]\nper_week = 0.1", "got 'per_week'"),
        ("[late", "is no TOML"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        Terms.read(written(tmp_path, text))


def submitted(folder: Path, student: str, when: str, *tasks: Task) -> Record:
    path = folder / "submitted" / student / "03_dropout" / "timestamp.txt"
    path.parent.mkdir(parents=True)
    path.write_text(when)
    record = made(student=student, exercise="03_dropout", tasks=tasks)
    write_record(folder, record)
    return record


def code(marks: float | None, state: str = MARKED) -> Task:
    return Task("f", "code", "F", state, marks, 10)


def test_late_marks_lose_their_share_and_no_more(tmp_path: Path) -> None:
    written(tmp_path, CLASS)
    submitted(tmp_path, "ada", "2026-12-02 10:00:00 UTC\n", code(8.0))
    submitted(tmp_path, "emile", "2026-12-02 10:00:00.5 UTC", code(8.0))
    submitted(tmp_path, "carl", "2026-12-09 10:00:00 UTC", code(None, WAITS))
    found = {one.record.student: one for one in marked(tmp_path)}
    assert found["ada"].final == pytest.approx(7.2)
    assert found["ada"].record.marks == 8.0
    assert found["emile"].final == 8.0
    assert (found["carl"].final, found["carl"].days_late) == (None, 8)


def test_a_note_that_is_no_time_is_named(tmp_path: Path) -> None:
    submitted(tmp_path, "ada", "yesterday", code(8.0))
    with pytest.raises(ValueError, match="must hold a time such as"):
        handed_in_at(tmp_path, "ada", "03_dropout")


@pytest.mark.parametrize(
    ("state", "marks", "final"), [(MARKED, 8.0, 8.0), (WAITS, None, None), (NOT_READ, None, None)]
)
def test_only_what_is_marked_wholly_leaves_the_house(
    state: str, marks: float | None, final: float | None
) -> None:
    record = made(student="ada", exercise="03_dropout", tasks=(code(marks, state),))
    assert Marked(record, {}).final == final


def test_an_extension_of_nobody_is_named_with_the_ids_nearest_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, CLASS.replace("emile =", "m02 ="))
    for student in ("m001", "m002", "zoe"):
        submitted(tmp_path, student, "2026-12-02 10:00:00 UTC", code(8.0))
    (line,) = unknown_extensions(tmp_path, Terms.read(tmp_path))
    assert "nobody here has the id 'm02' (03_dropout); is m002 or m001 meant?" in line
    assert main(["--folder", str(tmp_path)]) == 0
    assert line in capsys.readouterr().err
    (tmp_path / NAMES).write_text('{"m02": "Who has handed in nothing yet"}')
    assert unknown_extensions(tmp_path, Terms.read(tmp_path)) == []
