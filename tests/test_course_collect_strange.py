"""Collecting what is spoiled, hostile or no source: it is said, and no other file is lost."""

import zipfile
from pathlib import Path

import pytest

from instructor.course.collect import main
from tests.collecting import WORKSHEET, collect, notebook, packed, submitted, unmatched


@pytest.mark.parametrize("name", ["..", "CON", "a:b", ".hidden"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    source = packed(tmp_path / "z.zip", **{f"{name}.x/03_dropout.ipynb": notebook("x")})
    _, grading = collect(tmp_path, source)
    assert submitted(grading) == {}


def test_a_path_that_climbs_stays_inside(tmp_path: Path) -> None:
    source = packed(tmp_path / "z.zip", **{"../../evil/03_dropout.ipynb": notebook("x")})
    collect(tmp_path, source)
    assert not (tmp_path.parent / "evil").exists()
    assert not (tmp_path / "evil").exists()


def test_a_spoiled_file_and_endless_names_stop_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moodle = "{}_assignsubmission_file_/03_dropout.ipynb"
    source = packed(tmp_path / "z.zip", **{
        moodle.format("Ada_1"): notebook("ada"),
        "x" * 60_000 + "\x1b[2J.ipynb": notebook("endless"),  # a search in squares would not end
        f"eve_{'5' * 5000}_{'5' * 5000}_03_dropout.ipynb": notebook("eve"),
        "../" + moodle.format("Carl_3"): notebook("carl"),
    })  # fmt: skip
    with zipfile.ZipFile(source, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(moodle.format("Bob_2"), notebook("bob"))
        at = archive.infolist()[-1].header_offset
    data = bytearray(source.read_bytes())
    start = at + 30 + len(moodle.format("Bob_2"))
    data[start : start + 40] = b"\xff" * 40  # no stream of zlib begins so
    source.write_bytes(data)
    _, grading = collect(tmp_path, source, "--exercise", "03")
    assert submitted(grading) == {"1": "ada", "3": "carl"}
    assert len(unmatched(grading)) == 3
    assert "cannot be unpacked" in list(unmatched(grading).values())[-1]
    assert "\x1b" not in capsys.readouterr().out


def test_a_huge_file_a_link_and_a_zip_in_a_zip_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "big.ipynb").write_bytes(b" " * (21 << 20))
    packed(folder / "more.zip", x="y")
    try:
        (folder / "link.ipynb").symlink_to(tmp_path / "worksheet.csv")
    except OSError:
        pytest.skip("this system makes no links")
    (tmp_path / "worksheet.csv").write_text(WORKSHEET)
    _, grading = collect(tmp_path, folder, "--exercise", "03")
    assert unmatched(grading) == {
        "big.ipynb": "it has 21 MB, and at most 20 MB are read",
        "link.ipynb": "it is a link to another file, which is not followed",
        "more.zip": "it is a zip in a zip; unpack it, and collect the folder",
    }


def test_what_is_no_source_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert main([str(path)]) == 2
    assert "must be a zip, a folder, a notebook or a .py file" in capsys.readouterr().err
