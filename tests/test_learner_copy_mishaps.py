"""The learner's own copy where something goes wrong: nothing is lost, nothing half-written."""

from pathlib import Path

import pytest

from course_utils.tooling import learner_copy
from course_utils.tooling.environment import StartError
from course_utils.tooling.learner_copy import Update, update
from tests.courses import EXERCISE, LESSON, changed, content, notebook, small_course, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_course(tmp_path)


@pytest.fixture
def copy(root: Path) -> Path:
    """The copy after a first start."""
    folder = root / "my course"
    update(root, folder)
    return folder


@pytest.mark.parametrize("writes", range(6))
def test_a_start_that_is_interrupted_anywhere_is_done_again(
    root: Path, copy: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """One file to replace, one to place beside, one to add; the power fails at a replacement."""
    changed(root)
    write(copy / EXERCISE, notebook("mine"))
    write(root / EXERCISE, notebook("anew"))
    write(root / "notebooks/03_dropout.ipynb", notebook("third"))
    replace, left = learner_copy.os.replace, iter(range(writes))

    def fails(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(learner_copy.os, "replace", fails)
        with pytest.raises(KeyboardInterrupt):
            update(root, copy)
    for text in content(copy).values():
        assert text.endswith("\n"), "a file is written whole or not at all"
    update(root, copy)
    files = content(copy)
    del files["README.md"]
    assert files == {
        LESSON: notebook("x = 2"),
        EXERCISE: notebook("mine"),
        "exercises/02_l1_l2/02_l1_l2 (new).ipynb": notebook("anew"),
        "notebooks/03_dropout.ipynb": notebook("third"),
    }
    assert update(root, copy) == Update()


def test_without_its_record_a_copy_loses_nothing(
    root: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / ".course" / "taken.json").write_text("{", encoding="utf-8")
    changed(root)
    assert update(root, copy).beside == [(LESSON, "notebooks/02_l1_l2 (new).ipynb")]
    assert "is damaged" in capsys.readouterr().out


def test_a_damaged_lesson_stops_the_start_before_anything_is_written(root: Path) -> None:
    write(root / LESSON, "<<<<<<< HEAD")
    with pytest.raises(StartError, match=r"02_l1_l2\.ipynb is not a notebook"):
        update(root, root / "my course")
    assert not (root / "my course").exists()


def test_a_file_that_cannot_be_written_is_named(
    root: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise PermissionError("it is open elsewhere")

    changed(root)
    monkeypatch.setattr(learner_copy.os, "replace", locked)
    with pytest.raises(StartError, match=r"02_l1_l2\.ipynb could not be written"):
        update(root, copy)
    assert content(copy)[LESSON] == notebook("x = 1  # λ")


@pytest.mark.parametrize("mine", ["", "not a notebook", "[]", '{"cells": [1]}'])
def test_what_is_no_notebook_is_the_learners_all_the_same(
    root: Path, copy: Path, mine: str
) -> None:
    write(copy / LESSON, mine)
    changed(root)
    assert update(root, copy) == Update(beside=[(LESSON, "notebooks/02_l1_l2 (new).ipynb")])
    assert content(copy)[LESSON] == mine
