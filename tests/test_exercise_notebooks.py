"""What is generated from the tasks, what students get of it, and what nbgrader makes of it."""

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from instructor.content import ROOT, TASKS, TEXT_STUB, read
from instructor.generate import differences, generate
from instructor.guides import guide
from instructor.notebooks import CODE_STUB
from tests.exercises import NAMES, cells, exercise, ran


def between(source: str, begin: str, end: str) -> list[str]:
    """Lines between two markers, wherever they stand; all of them for a text without markers."""
    found = re.findall(rf"{begin}\n(.*?)\n[^\n]*{end}", source, re.DOTALL)
    return [line.strip() for part in found for line in part.splitlines()]


def test_the_committed_notebooks_and_guides_are_what_the_tasks_give() -> None:
    assert differences() == []


HARMLESS = ("import ", "from ", "return ", "super().__init__()", "def forward(self, x):")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hidden_survives(name: str) -> None:
    source, copy = cells("solutions", name), cells("exercises", name)
    assert source.keys() == copy.keys()
    text = "\n".join(cell.source for cell in copy.values())
    # Lines to be repaired stand in a cell of their own, and most of them are right.
    given = {line.strip() for code in exercise(name).setup for line in code.splitlines()}
    shared = {line.strip() for line in text.splitlines()} - given
    for key, cell in source.items():
        assert cell.get("outputs", []) == copy[key].get("outputs", []) == []
        assert copy[key].get("execution_count") is None
        secret = between(cell.source, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
        secret += between(cell.source, "### BEGIN SOLUTION", "### END SOLUTION")
        mark = cell.metadata.nbgrader
        if mark.solution and mark.grade:
            secret += cell.source.splitlines()
        for line in secret:
            if len(line) > 12 and not line.startswith(HARMLESS):
                assert line not in shared, line
    assert "BEGIN" not in text
    assert "HIDDEN" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_differs_only_where_the_student_writes(name: str) -> None:
    source, copy = cells("solutions", name), cells("exercises", name)
    for key, cell in source.items():
        mark = cell.metadata.nbgrader
        if mark.solution and mark.grade:
            assert copy[key].source == TEXT_STUB
            continue
        kept = []
        inside = False
        for line in cell.source.splitlines():
            if "### BEGIN" in line:
                inside = True
                if "SOLUTION" in line:
                    indent = line[: len(line) - len(line.lstrip())]
                    kept += [indent + stub for stub in CODE_STUB.splitlines()]
            if not inside:
                kept.append(line)
            if "### END" in line:
                inside = False
        assert copy[key].source.splitlines() == kept
        if mark.solution:
            assert "NotImplementedError" in copy[key].source
        else:
            assert copy[key].metadata.editable is False
        assert copy[key].metadata.deletable is False


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_exercise_runs_to_its_end_and_says_so(name: str) -> None:
    said = ran("exercises", name)
    for task in exercise(name).tasks:
        assert f"○ {task.name}: not attempted yet" in said
    assert "✗" not in said


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_runs_to_its_end_and_every_check_passes(name: str) -> None:
    said = ran("solutions", name)
    for task in exercise(name).tasks:
        assert f"✓ {task.name}" in said
    assert "✗" not in said
    assert "○" not in said


def test_a_file_that_was_edited_by_hand_is_found_and_mended(tmp_path: Path) -> None:
    name = NAMES[0]
    edited = tmp_path / "exercises" / name / f"{name}.ipynb"
    edited.parent.mkdir(parents=True)
    edited.write_text("something else", encoding="utf-8")
    (tmp_path / "exercises" / "notes.txt").write_text("an instructor's own", encoding="utf-8")
    found = differences(tmp_path)
    assert f"exercises/{name}/{name}.ipynb differs from what its tasks generate" in found
    assert "exercises/notes.txt is generated from no task" in found
    assert f"exercises/{name}/{name}.ipynb" in generate(tmp_path)
    for folder in ("exercises", "solutions"):
        path = Path(folder, name, f"{name}.ipynb")
        assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()
    assert (tmp_path / "exercises" / "notes.txt").exists(), "what is not derived is not touched"
    assert generate(tmp_path) == []


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A copy of one exercise's tasks, to be broken or added to."""
    shutil.copytree(TASKS / "03_dropout", tmp_path / "tasks" / "03_dropout")
    return tmp_path / "tasks"


def test_a_task_without_its_end_changes_nothing(scratch: Path, tmp_path: Path) -> None:
    answer = scratch / "03_dropout" / "dropout" / "answer.py"
    text = answer.read_text(encoding="utf-8").replace("### END SOLUTION", "")
    answer.write_text(text, encoding="utf-8")
    with pytest.raises(RuntimeError, match="end solution"):
        generate(tmp_path, scratch)
    assert not (tmp_path / "exercises").exists()


def test_a_check_without_marks_is_refused(scratch: Path) -> None:
    extra = scratch / "03_dropout" / "dropout" / "hidden_more.py"
    extra.write_text("1 + 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="hidden-more; each check needs its marks"):
        read("03_dropout", scratch)


def test_a_task_that_stands_in_no_order_is_refused(scratch: Path) -> None:
    shutil.copytree(scratch / "03_dropout" / "dropout", scratch / "03_dropout" / "forgotten")
    with pytest.raises(ValueError, match="forgotten, mc_predict"):
        read("03_dropout", scratch)


def test_a_new_task_is_its_folder_and_a_line_in_the_order(scratch: Path) -> None:
    """Numbers, marks, cells and the guide follow."""
    home = scratch / "03_dropout"
    new = home / "keep_share"
    new.mkdir()
    files = {
        "task.toml": 'title = "Keep"\nkind = "write"\nlooks_at = "other p"\n'
        "[marks]\nvisible = 1\nhidden = 2\n",
        "text.md": "Return the share of the units that survive.\n",
        "answer.py": "def keep_share(p):\n    ### BEGIN SOLUTION\n    return 1 - p\n"
        "    ### END SOLUTION\n",
        "hidden.py": "assert keep_share(0.25) == 0.75\n",
        "bank.py": "",
    }
    for file, text in files.items():
        (new / file).write_text(text, encoding="utf-8")
    order = home / "exercise.toml"
    text = order.read_text(encoding="utf-8").replace('"dropout",', '"keep_share", "dropout",')
    order.write_text(text, encoding="utf-8")
    before, after = exercise("03_dropout"), read("03_dropout", scratch)
    assert after.points == before.points + 3
    sources = {cell.id: cell.source for cell in after.cells()}
    assert "Six functions and one question, 33 marks" in sources["title"]
    assert sources["about-keep-share"].startswith("## 1. Keep (3 marks)")
    assert sources["about-dropout"].startswith("## 2. Dropout, from memory (6 marks)")
    assert sources["keep-share-visible"] == "check.keep_share(keep_share)"
    assert "0.75" in sources["keep-share-hidden"]
    assert {cell.id for cell in before.cells()} < sources.keys()
    with pytest.raises(ValueError, match="keep_share has no visible check: write the function"):
        guide(after)


def test_a_mistake_that_no_check_knows_is_refused(scratch: Path) -> None:
    told = scratch / "03_dropout" / "scheduled_p" / "task.toml"
    told.write_text(told.read_text(encoding="utf-8") + 'too_bold = "?"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="lists the mistake 'too_bold', which none of its checks"):
        guide(read("03_dropout", scratch))


TAMPERED = {
    # The check says that all is well, whatever the answer does.
    "dropout-visible": "print('✓ dropout: 7 properties hold')",
    "dropout-hidden": "0",
}


def course(folder: Path) -> Config:
    """nbgrader's settings for a course of one exercise in `folder`."""
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    config.Application.log_level = 40
    return config


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nbgrader's and its libraries' own
def test_edited_check_cells_are_restored_before_grading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbgrader itself: a wrong dropout under check cells that were edited to pass."""
    # nbgrader calls alembic by its bare name, and keeps notes in Jupyter's own folders.
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    name = "03_dropout"
    shutil.copytree(ROOT / "solutions" / name, tmp_path / "solutions" / name)
    grader = NbGraderAPI(config=course(tmp_path))
    made = grader.generate_assignment(name)
    assert made["success"], made["log"]
    handed_in = tmp_path / "submitted" / "student" / name / f"{name}.ipynb"
    handed_in.parent.mkdir(parents=True)
    notebook = nbformat.read(tmp_path / "exercises" / name / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        grade_id = cell.metadata.nbgrader.grade_id
        if grade_id == "dropout":
            cell.source = "def dropout(x, p, training):\n    return x"
        elif grade_id == "scheduled_p":
            cell.source = exercise(name).task("scheduled_p").model_answer
        cell.source = TAMPERED.get(grade_id, cell.source)
    nbformat.write(notebook, handed_in)
    graded = grader.autograde(name, "student")
    assert graded["success"], graded["log"]
    with grader.gradebook as book:
        submission = book.find_submission_notebook(name, name, "student")
        marks = {grade.name: grade.auto_score for grade in submission.grades}
    assert marks["dropout-visible"] == marks["dropout-hidden"] == 0
    assert marks["scheduled_p-visible"] == marks["scheduled_p-hidden"] == 2
    assert marks["fit_with_dropout-visible"] == 0, "not attempted"
