"""A class in PostgreSQL has the marks that it has in SQLite."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from instructor.course import gradebook, marks
from tests.classes import WHOLE, graded, hand_in, scores


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, which Debian keeps out of the PATH."""
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in places if (place / "initdb").exists()), None)


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database: the one that COURSE_POSTGRES names, or one on a server for this test."""
    pytest.importorskip("psycopg", reason="needs the extra `cluster`")
    if "COURSE_POSTGRES" in os.environ:
        yield os.environ["COURSE_POSTGRES"]
        return
    place = programs()
    if place is None or os.name != "posix":
        pytest.skip("there is no PostgreSQL here, and COURSE_POSTGRES names no database")
    with tempfile.TemporaryDirectory(prefix="pg-") as home:
        options = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home}
        if os.getuid() == 0:  # as whom PostgreSQL does not run
            shutil.chown(home, "postgres")
            options["user"] = "postgres"
        data = ["-D", f"{home}/data"]
        subprocess.run([place / "initdb", *data, "-A", "trust", "-U", "postgres"], **options)
        alone = f"-k {home} -c listen_addresses='' -c fsync=off"
        pg_ctl = [place / "pg_ctl", *data, "-w", "-l", f"{home}/log"]
        subprocess.run([*pg_ctl, "-o", alone, "start"], **options)
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={home}"
        finally:
            subprocess.run([*pg_ctl, "-m", "immediate", "stop"], **options)


def test_a_class_has_the_same_marks_there(quick_class: Path, tmp_path: Path, url: str) -> None:
    hand_in(quick_class, "eve", b"{")
    there = tmp_path / "there"
    shutil.copytree(quick_class, there)
    graded(quick_class)
    assert graded(there, url=url).fresh == 4
    assert not (there / "gradebook.db").exists()
    assert scores(there, url) == scores(quick_class)

    with gradebook.opened(url) as book:
        grade = book.find_grade("explain", "03_dropout", "03_dropout", "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        book.db.commit()
    path = next((there / "submitted" / "ada").rglob("*.ipynb"))
    path.write_bytes(WHOLE + b"changed")
    assert graded(there, url=url).fresh == 1
    assert scores(there, url)["ada", "explain"] == (None, 3.5, False), "it stays"
    assert {key[0]: given.marks for key, given in marks.by_hand(there, url).items()} == {"ada": 3.5}
