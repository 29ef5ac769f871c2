"""A run that is stopped, killed or short of something loses nothing and goes on where it was."""

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from instructor.course import formgrader, records
from instructor.course.__main__ import main
from instructor.course.gradebook import Book
from instructor.course.journal import Journal
from tests import killing
from tests.classes import WHOLE, graded, hand_in, scores, snapshot


def is_as_undisturbed(folder: Path, other: Path) -> None:
    """A class has what the same class has that is graded in `other` without a disturbance."""
    for student in ("ada", "ben", "cleo"):
        hand_in(other, student, WHOLE + student.encode())
    graded(other)
    assert scores(folder) == scores(other)
    for kind in ("grades", "autograded"):
        assert snapshot(folder / kind) == snapshot(other / kind)


@pytest.mark.parametrize("place", ["journal", "gradebook", "formgrader", "record"])
def test_a_run_that_is_ended_anywhere_goes_on(
    place: str, quick_class: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def ends(after: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **options: object) -> None:
            after(*args, **options)
            raise Killed

        return run

    home, name = {
        "journal": (Journal, "add"),
        "gradebook": (Book, "write"),
        "formgrader": (formgrader, "write"),
        "record": (records, "write_record"),
    }[place]
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(home, name, ends(getattr(home, name)))
            with pytest.raises(Killed):
                graded(quick_class)
        with (quick_class / "journal.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"key": ["a run that was killed')
    graded(quick_class)
    is_as_undisturbed(quick_class, tmp_path / "undisturbed")


def test_a_gradebook_that_is_new_is_filled(quick_class: Path) -> None:
    graded(quick_class)
    before = scores(quick_class)
    (quick_class / "gradebook.db").unlink()
    assert graded(quick_class).fresh == 0
    assert scores(quick_class) == before


def test_two_runs_at_once_are_refused(quick_class: Path) -> None:
    with (
        Journal(quick_class),
        pytest.raises(RuntimeError, match="another `course` command is at work"),
    ):
        Journal(quick_class)


def test_a_locked_gradebook_is_said_and_nothing_is_lost(
    quick_class: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(quick_class)
    hand_in(quick_class, "dora", WHOLE)
    holding = sqlite3.connect(quick_class / "gradebook.db")
    holding.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RuntimeError, match=r"gradebook .* cannot be used: .*locked"):
        graded(quick_class)
    holding.close()
    graded(quick_class)
    assert ("dora", "explain") in scores(quick_class)


def test_a_full_disk_is_said_and_nothing_is_lost(
    quick_class: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space left"):
            graded(quick_class)
    assert graded(quick_class).fresh == 3


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes, as if the disk were full then."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_wherever_the_disk_is_full_nothing_is_lost(quick_class: Path, tmp_path: Path) -> None:
    # In the journal, in the making of the gradebook, and in the middle of it.
    for size in (20, 1_000, 40_000, 120_000):
        with room(size), pytest.raises((OSError, RuntimeError)) as caught:
            graded(quick_class)
        assert re.search("too large|full|I/O", str(caught.value)), caught.value
    graded(quick_class)
    is_as_undisturbed(quick_class, tmp_path / "undisturbed")
    with closing(sqlite3.connect(quick_class / "gradebook.db")) as book:
        assert book.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_folder_that_cannot_be_written_is_said(
    quick_class: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (quick_class / "journal.lock").mkdir()  # a folder cannot be opened to write, by no one
    assert main(["grade", str(quick_class), "--unprotected", "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert "journal.lock" in said
    assert "Traceback" not in said
    (quick_class / "journal.lock").rmdir()
    assert graded(quick_class).fresh == 3


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills as `kill -9` does")
def test_a_run_that_is_killed_goes_on(asked_once: None, tmp_path: Path) -> None:
    assert killing.survives(tmp_path, kills=1, students=3, seed=0)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends the signal that Ctrl-C sends")
def test_ctrl_c_stops_at_once_and_keeps_what_is_done(tmp_path: Path) -> None:
    folder = killing.make(tmp_path / "a class", 30)
    run = killing.start(folder)
    deadline = time.monotonic() + 300
    while killing.lines(folder) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    try:
        said, _ = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == 130, said
    assert b"Stopped." in said
    assert b"Traceback" not in said
    assert 2 <= killing.lines(folder) < 30
