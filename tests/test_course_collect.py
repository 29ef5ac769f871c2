"""Collecting what was handed in: whose it is, which attempt counts, what is left over and why."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from instructor.course.collect import as_notebook
from instructor.course.students import Students, Table
from tests.collecting import EXERCISE, WORKSHEET, collect, notebook, packed, submitted, unmatched


@pytest.fixture
def class_list(tmp_path: Path) -> Path:
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET, encoding="utf-8-sig", newline="\r\n")
    return path


def test_moodles_folders_are_matched_on_the_number(tmp_path: Path, class_list: Path) -> None:
    source = packed(tmp_path / "all.zip", **{
        "Ada Lovelace_4711_assignsubmission_file_/03_dropout.ipynb": notebook("ada"),
        "Emile Borel_4712_assignsubmission_file_/My answer (2).ipynb": notebook("emile"),
    })  # fmt: skip
    code, grading = collect(tmp_path, source, "--exercise", "3", "--students", class_list)
    assert code == 0
    assert submitted(grading) == {"m001": "ada", "m002": "emile"}


def test_moodles_flat_files_blind_ones_and_groups_too(tmp_path: Path, class_list: Path) -> None:
    source = packed(tmp_path / "all.zip", **{
        "Participant_4711_assignsubmission_file_03_dropout.ipynb": notebook("ada"),
        "GROUP-Émile Borel_4712_assignsubmission_file_/03_dropout.ipynb": notebook("emile"),
    })  # fmt: skip
    _, grading = collect(tmp_path, source, "--students", class_list)
    assert submitted(grading) == {"m001": "ada", "m002": "emile"}


def test_canvas_files_are_matched_and_the_newest_attempt_counts(tmp_path: Path) -> None:
    source = packed(tmp_path / "submissions.zip", **{
        "lovelaceada_991_5001_03_dropout.ipynb": notebook("old"),
        "lovelaceada_late_991_5009_03_dropout-1.ipynb": notebook("new"),
        "borelemile_LATE_992_5003_03_dropout.ipynb": notebook("emile"),
        "993_5004_03_dropout.ipynb": notebook("nameless"),
        "borelemile_992_5008_text.html": "<p>see the file</p>",
    })  # fmt: skip
    code, grading = collect(tmp_path, source)
    assert code == 1
    assert submitted(grading) == {"991": "new", "992": "emile", "993": "nameless"}
    assert len(list((grading / "collected/991" / EXERCISE).iterdir())) == 2
    reasons = unmatched(grading)
    assert list(reasons.values()) == ["it is neither a notebook nor a .py file"]


def test_a_later_collection_brings_newer_files_and_an_older_one_none(tmp_path: Path) -> None:
    (tmp_path / "grading").mkdir()
    (tmp_path / "grading/class.toml").write_text('timezone = "UTC"\n')
    name = "991/03_dropout.ipynb"
    late = packed(tmp_path / "b.zip", **{name: (notebook("late"), (2026, 2, 1, 0, 0, 0))})
    early = packed(tmp_path / "a.zip", **{name: (notebook("early"), (2026, 1, 1, 0, 0, 0))})
    for source in (early, late, early):
        _, grading = collect(tmp_path, source)
    assert submitted(grading) == {"991": "late"}
    stamp = grading / f"submitted/991/{EXERCISE}/timestamp.txt"
    assert stamp.read_text() == "2026-02-01 00:00:00 UTC\n"


def test_loose_files_are_matched_by_a_word_of_their_name(tmp_path: Path, class_list: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "ex3 m001 final.ipynb").write_text(notebook("ada"))
    (folder / "emile.py").write_text("def dropout(x, p):\n    return 'emile'\n")
    (folder / "who am I.ipynb").write_text(notebook("nobody"))
    (folder / "m001 and m002.ipynb").write_text(notebook("both"))
    (folder / "Carl Gauß, exercise 3.IPYNB").write_text(notebook("carl"))
    with class_list.open("a", encoding="utf-8") as file:
        file.write("Participant 4713,Carl Gauß,m003,,,,\n")
    _, grading = collect(tmp_path, folder, "--exercise", "03", "--students", class_list)
    assert submitted(grading) == {"m001": "ada", "m002": "emile", "m003": "carl"}
    assert unmatched(grading) == {
        "who am I.ipynb": "nobody on the list of students is called 'who am I'",
        "m001 and m002.ipynb": "'m001 and m002' fits m001, m002",
    }


GERMAN = """ID,Vollständiger Name,{head},Status,Bewertung,Bestwertung
Teilnehmer/in7001,Ada Lovelace,{cell},Zur Bewertung abgegeben,,"30,00"
"""


@pytest.mark.parametrize(
    ("head", "cell", "student"),
    [("ID-Nummer", "m001", "m001"), ("E-Mail-Adresse", "ada@uni.test", "ada@uni.test")],
)
def test_a_german_worksheet_has_ids(tmp_path: Path, head: str, cell: str, student: str) -> None:
    """Its column "ID" has a number for one assignment."""
    sheet = tmp_path / "Bewertungen.csv"
    sheet.write_text(GERMAN.format(head=head, cell=cell), encoding="utf-8-sig")
    source = packed(
        tmp_path / "a.zip", **{"Ada_7001_assignsubmission_file/03_dropout.ipynb": notebook("ada")}
    )
    _, grading = collect(tmp_path, source, "--students", sheet)
    assert submitted(grading) == {student: "ada"}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git on this computer")
def test_of_a_clone_the_time_of_the_commit_counts(tmp_path: Path) -> None:
    clone = tmp_path / "clones" / "ada-l"
    clone.mkdir(parents=True)
    (clone / "03_dropout.ipynb").write_text(notebook("ada"))
    when = {"GIT_AUTHOR_DATE": "2026-03-01T10:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T10:00:00Z"}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@uni.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "done"]):
        subprocess.run(["git", *who, *words], cwd=clone, check=True, env={**os.environ, **when})
    _, grading = collect(tmp_path, clone.parent)
    assert submitted(grading) == {"ada-l": "ada"}
    stamp = grading / f"submitted/ada-l/{EXERCISE}/timestamp.txt"
    assert stamp.read_text() == "2026-03-01 10:00:00 UTC\n"


def test_the_exercise_is_told_by_the_tasks_in_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    exercise = Path("exercises") / EXERCISE / f"{EXERCISE}.ipynb"
    shutil.copy(exercise, folder / "ada.ipynb")
    (folder / "empty.ipynb").write_text(notebook("?"))
    _, grading = collect(tmp_path, folder)
    assert list(submitted(grading)) == ["ada"]
    assert "name it with --exercise" in unmatched(grading)["empty.ipynb"]


def test_a_script_is_cut_into_cells() -> None:
    made = json.loads(as_notebook(b"import torch\n# %%\ndef f():\n    pass\n"))
    assert ["".join(cell["source"]) for cell in made["cells"]] == [
        "import torch", "# %%\ndef f():\n    pass",
    ]  # fmt: skip


def test_a_worksheet_without_ids_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("ID,Name,Bewertung\nTeilnehmer*in7001,Ada,\n")
    source = packed(tmp_path / "a.zip", **{"Ada_7001_assignsubmission_file/a.ipynb": "{}"})
    code, _ = collect(tmp_path, source, "--students", sheet)
    assert code == 2
    assert "with --id" in capsys.readouterr().err


def test_a_list_without_ids_says_which_columns_it_has(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Vorname;Nachname\nAda;Lovelace\n")
    with pytest.raises(ValueError, match="has: Vorname, Nachname; name the one"):
        Students(Table.read(path))
    assert Students(Table.read(path), "nachname")


def test_a_zip_without_times_is_read_as_well(tmp_path: Path) -> None:
    """Some programs write the zero of the format, whose month is 0, and seconds up to 62."""
    name = "x_991_{}_03_dropout.ipynb"
    source = packed(tmp_path / "z.zip", **{name.format(1): notebook("first")})
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name.format(2)), notebook("second"))
    data = source.read_bytes()
    zero, odd = b"\x00\x00\x00\x00", b"\x1f\xbf\x21\x5c"  # no date; 23:56:62 on a day of 2026
    times = [
        zipfile.ZipInfo(name, when) for when in ((2026, 1, 1, 12, 0, 0), (1980, 1, 1, 0, 0, 0))
    ]
    for info, wrong in zip(times, (odd, zero), strict=True):
        _, month, day, hour, minute, second = info.date_time
        date = (info.date_time[0] - 1980) << 9 | month << 5 | day
        clock = hour << 11 | minute << 5 | second // 2
        data = data.replace(clock.to_bytes(2, "little") + date.to_bytes(2, "little"), wrong)
    source.write_bytes(data)
    code, grading = collect(tmp_path, source)
    assert code == 0
    assert list(submitted(grading)) == ["991"]


def test_a_mark_in_the_list_says_not_who_somebody_is(tmp_path: Path) -> None:
    """Number 92 has left the class, and Ada has 92 points in another exercise."""
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text(
        "Student,ID,SIS Login ID,Section,Exercise 02 (70)\n"
        "    Points Possible,,,,100\n"
        '"Lovelace, Ada",91,ada,A,92\n'
    )
    source = packed(tmp_path / "all.zip", **{
        "lovelaceada_91_5001_03_dropout.ipynb": notebook("ada"),
        "borelemile_92_5002_03_dropout.ipynb": notebook("emile"),
    })  # fmt: skip
    _, grading = collect(tmp_path, source, "--students", gradebook)
    assert submitted(grading) == {"ada": "ada"}
    assert list(unmatched(grading).values()) == [
        "nobody on the list of students is called '92 borelemile'"
    ]
