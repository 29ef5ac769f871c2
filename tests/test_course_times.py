"""When something was handed in, by which clock, and which of several files counts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from instructor.course.attempts import counter
from instructor.course.late import Terms, called_late, handed_in_at
from instructor.course.students import Students, Table
from instructor.course.times import clock_of, handed_in_times, zone_of
from tests.test_course_collect import EXERCISE, collect, notebook, packed, submitted

ADA = "Ada Lovelace_4711_assignsubmission_file_/03_dropout{}.ipynb"
BEN = "Emile Borel_4712_assignsubmission_file_/03_dropout.ipynb"
SHEET = """Identifier,Full name,ID number,Status,Grade,Last modified (submission),Modified (mark)
Participant 4711,Ada Lovelace,m001,Submitted,,"Friday, 20 November 2026, 11:50 PM",-
Participant 4712,Émile Borel,m002,Submitted,,"Saturday, 21 November 2026, 12:05 AM",-
Participant 4713,Lazy One,m003,No submission,,-,-
"""
GERMAN = """ID;Name;ID-Nummer;Bewertung;Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung)
Teilnehmer/in4711;Ada Lovelace;m001;;Freitag, 20. März 2026, 23:50;-
Teilnehmer/in4712;Émile Borel;m002;;Samstag, 21. März 2026, 00:05;Montag, 23. März 2026, 08:00
"""


@pytest.fixture
def grading(tmp_path: Path) -> Path:
    (tmp_path / "grading").mkdir()
    (tmp_path / "grading/class.toml").write_text('timezone = "Europe/Berlin"\n')
    return tmp_path / "grading"


def listed(folder: Path, text: str) -> Path:
    path = folder / "worksheet.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def came(grading: Path, student: str) -> datetime | None:
    return handed_in_at(grading, student, EXERCISE)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("Friday, 20 November 2026, 10:00 AM", (20, 11, 10)),
        ("Friday, November 20, 2026, 12:00 AM", (20, 11, 0)),
        ("20 November 2026, 12:00 PM", (20, 11, 12)),
        ("Freitag, 20. März 2026, 22:00", (20, 3, 22)),
        ("mardi 3 août 2027, 10:00", None),  # of another year than the rest; see below
        ("martes, 24 de noviembre de 2026, 10:00", (24, 11, 10)),
        ("martedì, 24 novembre 2026, 10:00", (24, 11, 10)),
        ("terça-feira, 24 de março de 2026, 10:00", (24, 3, 10)),
        ("vrijdag 20 mei 2026, 10:00", (20, 5, 10)),
        ("2026-11-20 10:00:00", (20, 11, 10)),
        ("2026年11月20日 星期五 10:00", (20, 11, 10)),
        ("20.11.2026, 10:00", "unread"),  # a day or a month first cannot be told in general
        ("-", "unread"),
        ("pátek, 20. listopadu 2026, 10.00", "unread"),
    ],
)
def test_a_clock_is_read_or_left(text: str, clock: object) -> None:
    found = clock_of(text)
    if clock == "unread":
        assert found is None
    elif clock is None:
        assert found == datetime(2027, 8, 3, 10)
    else:
        assert isinstance(clock, tuple)
        day, month, hour = clock
        assert found == datetime(2026, month, day, hour)


def test_moodles_time_is_the_worksheets_in_the_zone_of_the_class(
    grading: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = (2026, 11, 28, 12, 0, 0)
    source = packed(grading.parent / "all.zip", **{
        ADA.format(""): (notebook("ada"), now), BEN: (notebook("ben"), now),
    })  # fmt: skip
    collect(grading.parent, source, "--students", listed(grading.parent, SHEET))
    assert came(grading, "m001") == datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
    assert came(grading, "m002") == datetime(2026, 11, 20, 23, 5, tzinfo=UTC)
    said = capsys.readouterr().out
    assert "Europe/Berlin (class.toml)" in said
    assert "column 'ID number'" in said
    assert "nothing here from 1: m003 Lazy One" in said
    assert "not known" not in said


def test_a_worksheet_in_german_is_read_by_its_places(tmp_path: Path) -> None:
    table = Table.read(listed(tmp_path, GERMAN))
    students = Students(table, "ID-Nummer")
    found = handed_in_times(table, students.at, ZoneInfo("Europe/Berlin"))
    assert found == {
        "m001": datetime(2026, 3, 20, 22, 50, tzinfo=UTC),
        "m002": datetime(2026, 3, 20, 23, 5, tzinfo=UTC),
    }


def test_a_time_that_is_not_understood_is_no_silence(tmp_path: Path) -> None:
    table = Table.read(listed(tmp_path, SHEET.replace("20 November", "20 Listopad")))
    with pytest.raises(ValueError, match="download the worksheet in English"):
        handed_in_times(table, 2, None)


def test_a_zip_collected_before_by_its_own_time_does_not_count_twice(grading: Path) -> None:
    one = packed(grading.parent / "all.zip", **{
        ADA.format(""): (notebook("old"), (2026, 11, 28, 12, 0, 0)),
        BEN: (notebook("ben"), (2026, 11, 28, 13, 0, 0)),
    })  # fmt: skip
    without = listed(grading.parent, SHEET.replace("Friday, 20 November 2026, 11:50 PM", "-"))
    collect(grading.parent, one, "--students", without)
    assert came(grading, "m001") == datetime(2026, 11, 28, 11, tzinfo=UTC)
    collect(grading.parent, one, "--students", listed(grading.parent, SHEET))
    assert came(grading, "m001") == datetime(2026, 11, 20, 22, 50, tzinfo=UTC)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of Windows cannot be changed for one process")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_times_of_a_zip_are_those_of_this_computers_clock(tmp_path: Path) -> None:
    source = packed(tmp_path / "z.zip", **{
        "ada/03_dropout.ipynb": (notebook("a"), (2026, 11, 20, 23, 50, 0)),
        "ben/03_dropout.ipynb": (notebook("b"), (2026, 11, 20, 12, 0, 0)),
    })  # fmt: skip
    _, grading = collect(tmp_path, source)
    assert came(grading, "ada") == datetime(2026, 11, 20, 22, 50, tzinfo=UTC)


def test_canvas_says_late_and_no_time(grading: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = packed(grading.parent / "z.zip", **{
        "lovelaceada_91_5001_03_dropout.ipynb": (notebook("a"), (2026, 12, 28, 12, 0, 0)),
        "borelemile_LATE_92_5002_03_dropout.ipynb": (notebook("b"), (2026, 12, 28, 13, 0, 0)),
    })  # fmt: skip
    collect(grading.parent, source)
    assert came(grading, "91") is None
    assert came(grading, "92") is None
    said = capsys.readouterr().out
    assert "not known for 2 students" in said
    assert "counts as one day: 92" in said
    (grading / "class.toml").write_text(
        "[deadlines]\n03_dropout = 2026-12-01T00:00:00Z\n[late]\nper_day = 0.1\n"
    )
    terms = Terms.read(grading)
    days = {
        who: terms.days_late(who, EXERCISE, None, late=called_late(grading, who, EXERCISE))
        for who in ("91", "92")
    }
    assert days == {"91": 0, "92": 1}
    again = packed(grading.parent / "y.zip", **{
        "borelemile_92_5009_03_dropout.ipynb": notebook("in time again"),
    })  # fmt: skip
    collect(grading.parent, again)
    assert not called_late(grading, "92", EXERCISE)


def test_where_all_times_are_the_same_none_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = packed(tmp_path / "z.zip", **{
        "ada/03_dropout.ipynb": notebook("a"), "ben/03_dropout.ipynb": notebook("b"),
    })  # fmt: skip
    _, grading = collect(tmp_path, source)
    assert came(grading, "ada") is None
    said = capsys.readouterr().out
    assert "lateness is not counted for them: ada, ben." in said


def test_a_zone_that_nobody_knows_is_named(grading: Path) -> None:
    assert zone_of(grading) == ZoneInfo("Europe/Berlin")
    (grading / "class.toml").write_text('timezone = "Berlin"\n')
    with pytest.raises(ValueError, match="such as Europe/Berlin, got 'Berlin'"):
        zone_of(grading)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("end", ["-1", " (1)", "(1)"])
def test_of_two_files_at_one_time_the_platforms_number_decides(
    grading: Path, capsys: pytest.CaptureFixture[str], end: str, swapped: bool
) -> None:
    first, second = ("b", "a") if swapped else ("a", "b")
    source = packed(grading.parent / "all.zip", **{
        ADA.format(end): notebook(second), ADA.format(""): notebook(first), BEN: notebook("c"),
    })  # fmt: skip
    collect(grading.parent, source, "--students", listed(grading.parent, SHEET))
    assert submitted(grading)["m001"] == second
    said = capsys.readouterr().out
    assert f"m001, 03_dropout: 03_dropout{end}.ipynb counts; 1 other in collected/, kept." in said


def test_numbers_are_those_at_the_end() -> None:
    names = ("a.ipynb", "a (12).ipynb", "a-2.py", "a_3.ipynb", "2-a.ipynb")
    assert [counter(name) for name in names] == [0, 12, 2, 0, 0]


def test_an_own_list_is_known_by_its_ids(tmp_path: Path) -> None:
    path = listed(tmp_path, "id,name,email\nz01,Zoe Young,zoe@uni.test\n")
    students = Students(Table.read(path))
    assert (students.column, students.names) == ("id", {"z01": "Zoe Young"})
