"""``python -m course_utils.grading`` says what grading needs, and hands over to the command."""

import sys
import types
from pathlib import Path

import pytest

from course_utils import grading


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of an instructor, whose command returns how many words it was given."""
    monkeypatch.setattr(grading, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "instructor" / "course").mkdir(parents=True)
    command = types.ModuleType("instructor.course.__main__")
    command.main = len  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, command.__name__, command)
    monkeypatch.setattr(grading.importlib.util, "find_spec", lambda name: object())
    return tmp_path


def test_a_copy_for_students_has_no_grading(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "instructor" / "course").rmdir()
    assert grading.main(["grade"]) == 2
    assert "this copy of the course has none: it is a copy for students" in capsys.readouterr().err


def test_nbgrader_is_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grading.importlib.util, "find_spec", lambda name: None)
    assert grading.main(["grade"]) == 2
    assert "python3 start.py setup instructor" in capsys.readouterr().err


def test_the_command_gets_the_words_and_gives_the_exit_code(root: Path) -> None:
    assert grading.main(["grade", "class", "--student", "ada"]) == 4
    assert str(root) in sys.path
