"""The learner's own copy: made once, brought up to date, and never overwritten."""

import json
from pathlib import Path

import pytest

from course_utils.tooling.learner_copy import Update, update
from tests.courses import EXERCISE, LESSON, ROOT, changed, content, notebook, small_course, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_course(tmp_path)


@pytest.fixture
def copy(root: Path) -> Path:
    """The copy after a first start."""
    folder = root / "my course"
    update(root, folder)
    return folder


def test_the_first_start_copies_all_without_outputs(root: Path) -> None:
    done = update(root, root / "my course")
    files = content(root / "my course")
    assert done.first
    assert set(done.added) == {"README.md", LESSON, EXERCISE} == set(files)
    assert files[LESSON] == notebook("x = 1  # λ")
    assert files[EXERCISE] == (root / EXERCISE).read_text(encoding="utf-8")
    said = done.told(root / "my course")
    assert str(root / "my course") in said
    assert "you hand in is the saved notebook of an exercise" in said


def test_a_second_start_changes_nothing(root: Path, copy: Path) -> None:
    before = content(copy)
    done = update(root, copy)
    assert done == Update()
    assert content(copy) == before
    assert done.told(copy).splitlines()[1:] == [f"    {copy}"]


def test_a_changed_lesson_replaces_an_untouched_copy(root: Path, copy: Path) -> None:
    changed(root)
    done = update(root, copy)
    assert done == Update(replaced=[LESSON])
    assert content(copy)[LESSON] == notebook("x = 2")
    assert "replaced here because you had not changed them: notebooks/02" in done.told(copy)
    assert update(root, copy) == Update()


@pytest.mark.parametrize("mine", [notebook("mine"), notebook("x = 1  # λ", executed=True)])
def test_a_changed_lesson_is_placed_beside_what_the_learner_changed_or_ran(
    root: Path, copy: Path, mine: str
) -> None:
    write(copy / LESSON, mine)
    assert update(root, copy) == Update(), "nothing changed in the course"
    changed(root)
    beside = "notebooks/02_l1_l2 (new).ipynb"
    done = update(root, copy)
    assert done == Update(beside=[(LESSON, beside)])
    assert content(copy)[LESSON] == mine
    assert content(copy)[beside] == notebook("x = 2")
    assert f"Yours stays as it is, and the\n    course's lies beside it: {beside}" in done.told(
        copy
    )
    assert update(root, copy) == Update(), "it is said once"


def test_a_lesson_that_was_only_opened_and_saved_is_untouched(root: Path, copy: Path) -> None:
    """Jupyter then adds to its metadata, and orders it anew."""
    saved = json.loads(notebook("x = 1  # λ"))
    saved["metadata"] = {"language_info": {"name": "python", "version": "3.12.1"}}
    write(copy / LESSON, json.dumps(saved, indent=2, sort_keys=True))
    changed(root)
    assert update(root, copy) == Update(replaced=[LESSON])


def test_the_one_beside_follows_the_course_until_the_learner_works_in_it(
    root: Path, copy: Path
) -> None:
    write(copy / LESSON, notebook("mine"))
    for text in ("x = 2", "x = 3"):
        changed(root, text)
        done = update(root, copy)
    first = "notebooks/02_l1_l2 (new).ipynb"
    assert done.beside == [(LESSON, first)]
    assert content(copy)[first] == notebook("x = 3")
    write(copy / first, notebook("mine too"))
    changed(root, "x = 4")
    second = "notebooks/02_l1_l2 (new 2).ipynb"
    assert update(root, copy).beside == [(LESSON, second)]
    files = content(copy)
    assert [files[name] for name in (LESSON, first, second)] == [
        notebook(text) for text in ("mine", "mine too", "x = 4")
    ]


def test_whoever_takes_the_new_one_gets_updates_again(root: Path, copy: Path) -> None:
    write(copy / LESSON, notebook("mine"))
    changed(root)
    update(root, copy)
    (copy / "notebooks/02_l1_l2 (new).ipynb").replace(copy / LESSON)
    changed(root, "x = 3")
    assert update(root, copy) == Update(replaced=[LESSON])


def test_a_deleted_file_comes_back_fresh(root: Path, copy: Path) -> None:
    (copy / EXERCISE).unlink()
    done = update(root, copy)
    assert done == Update(again=[EXERCISE])
    assert f"a fresh copy was made: {EXERCISE}" in done.told(copy)
    assert content(copy)[EXERCISE] == notebook("raise NotImplementedError")


def test_files_of_the_learner_are_left_alone(root: Path, copy: Path) -> None:
    own = {"my notes.ipynb": notebook("notes"), "exercises/02_l1_l2/helper.py": "y = 1\n"}
    for name, text in own.items():
        write(copy / name, text)
    changed(root)
    update(root, copy)
    assert own.items() <= content(copy).items()


def test_a_new_lesson_whose_name_the_learner_has_taken_is_placed_beside(
    root: Path, copy: Path
) -> None:
    name = "notebooks/08_today.ipynb"
    write(copy / name, notebook("mine"))
    write(root / name, notebook("theirs", executed=True))
    done = update(root, copy)
    assert done == Update(beside=[(name, "notebooks/08_today (new).ipynb")])
    assert content(copy)[name] == notebook("mine")
    (copy / "notebooks/09_more.ipynb").mkdir()
    write(root / "notebooks/09_more.ipynb", notebook("theirs"))
    assert update(root, copy).beside[0][1] == "notebooks/09_more (new).ipynb"


def test_a_folder_with_files_of_the_same_names_keeps_them(root: Path) -> None:
    folder = root / "my course"
    write(folder / LESSON, notebook("mine"))
    done = update(root, folder)
    assert done.first
    assert "beside it: notebooks/02_l1_l2 (new).ipynb" in done.told(folder)
    assert content(folder)[LESSON] == notebook("mine")


def test_a_new_lesson_is_added_and_a_removed_one_stays(root: Path, copy: Path) -> None:
    (root / LESSON).rename(root / "notebooks/02_penalties.ipynb")
    done = update(root, copy)
    assert done == Update(added=["notebooks/02_penalties.ipynb"], gone=[LESSON])
    assert content(copy)[LESSON] == notebook("x = 1  # λ")
    said = done.told(copy)
    assert "New in the course: notebooks/02_penalties.ipynb." in said
    assert f"yours stays: {LESSON}" in said
    assert update(root, copy) == Update(), "it is said once"


def test_what_jupyter_and_python_leave_is_not_copied(root: Path) -> None:
    for name in ("notebooks/.ipynb_checkpoints/a.ipynb", "exercises/__pycache__/a.pyc"):
        write(root / name, "{}")
    write(root / "notebooks/02_l1_l2.ipynb.partial", "{")
    assert len(update(root, root / "my course").added) == 3


def test_the_course_itself_can_be_copied(tmp_path: Path) -> None:
    done = update(ROOT, tmp_path)
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert {f"notebooks/{path.name}" for path in lessons} <= set(done.added)
    for path in lessons:
        mine = json.loads((tmp_path / "notebooks" / path.name).read_text(encoding="utf-8"))
        theirs = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in mine["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
        assert [c["source"] for c in mine["cells"]] == [c["source"] for c in theirs["cells"]]
