"""Where the learner's own copy is, and that the course opens it."""

from pathlib import Path

import pytest

from course_utils.tooling import cli, learner_copy, learner_folder
from course_utils.tooling.environment import StartError
from course_utils.tooling.learner_folder import choose_folder
from tests.courses import LESSON, ROOT, small_course, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_course(tmp_path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    monkeypatch.setattr(Path, "home", lambda: made)
    return made


def test_the_copy_lies_in_the_courses_folder(root: Path, home: Path) -> None:
    assert choose_folder(root, None) == root / "my_course"
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"my_course/", learner_folder.REMEMBERED} <= set(ignored)


def test_a_folder_that_was_named_is_remembered(root: Path, tmp_path: Path) -> None:
    named = tmp_path / "my own λ folder"
    assert choose_folder(root, str(named)) == named
    assert choose_folder(root, None) == named


def test_a_course_that_cannot_be_written_is_copied_to_the_home_folder(
    root: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    may_write = learner_folder._can_write
    write_text = Path.write_text

    def read_only(folder: Path) -> bool:
        return not folder.is_relative_to(root) and may_write(folder)

    def refused(path: Path, *args: object, **options: object) -> int:
        if path.is_relative_to(root):
            raise PermissionError("read-only")
        return write_text(path, *args, **options)

    monkeypatch.setattr(learner_folder, "_can_write", read_only)
    monkeypatch.setattr(Path, "write_text", refused)
    assert choose_folder(root, None) == home / "my_course"
    assert choose_folder(root, str(tmp_path / "elsewhere")) == tmp_path / "elsewhere"
    assert "give --folder at the next start too" in capsys.readouterr().out


def test_a_folder_of_the_course_is_refused(root: Path) -> None:
    for folder in (root, root.parent, root / "notebooks" / "mine", root / "course_utils"):
        with pytest.raises(StartError, match="must name a folder of your own"):
            choose_folder(root, str(folder))


def test_a_folder_that_cannot_be_made_is_told(root: Path, home: Path, tmp_path: Path) -> None:
    write(tmp_path / "a file", "")
    with pytest.raises(StartError, match="cannot be written"):
        choose_folder(root, str(tmp_path / "a file"))
    write(root / "my_course", "")
    write(home / "my_course", "")
    with pytest.raises(StartError, match="Name a folder for your copy"):
        choose_folder(root, None)


def test_without_start_the_copy_is_made_by_its_module(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learner_copy, "ROOT", root)
    assert learner_copy.main([]) == 0
    assert str(root / "my_course") in capsys.readouterr().out
    assert (root / "my_course" / LESSON).is_file()
    assert learner_copy.main([str(root)]) == 1
    assert "a folder of your own" in capsys.readouterr().err


@pytest.mark.parametrize("word", [None, "lab"])
def test_a_learner_opens_a_copy_and_an_instructor_the_course(
    word: str | None,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(cli, "ROOT", root)
    monkeypatch.setattr(cli, "prepare", lambda *_, **__: None)
    monkeypatch.setattr(cli, "open_lab", lambda _, folder, browser: opened.append(folder) or 0)
    mine = tmp_path / "my own"
    assert cli.main([word] if word else ["--folder", str(mine)]) == 0
    assert opened == [root if word else mine]
    assert (mine / LESSON).is_file() == (word is None)
    assert (str(mine) in capsys.readouterr().out) == (word is None)
