"""The exercises' own tests: every known answer gets what it deserves, and nothing hidden leaks."""

import contextlib
import io
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from benchmarks.exercises import behaving, survivors
from benchmarks.exercises.bank import Bank, Known, load, wrong
from benchmarks.exercises.mutants import mutants
from benchmarks.exercises.trial import SECONDS, Stopwatch, Trial, time_limit
from course_utils import checks
from course_utils.exercises import attempt
from course_utils.grading import release
from course_utils.grading.exercise import EXERCISES, SOLUTIONS, Exercise, read, solution_paths

NAMES = [path.stem for path in solution_paths()]
GUIDES = SOLUTIONS / "guides"


@cache
def exercise(name: str) -> Exercise:
    return read(SOLUTIONS / name / f"{name}.ipynb")


@cache
def trial(name: str) -> Trial:
    return Trial(exercise(name))


@cache
def bank(name: str) -> Bank:
    return load(name)


def tasks() -> Iterator[Any]:
    for name in NAMES:
        for task in exercise(name).tasks:
            yield pytest.param(name, task.name, id=f"{name[:2]}-{task.name}")


def known(kind: str) -> Iterator[Any]:
    for name in NAMES:
        for answer in getattr(bank(name), kind):
            yield pytest.param(name, answer, id=f"{name[:2]}-{answer.task}-{answer.name}")


# --- the tasks --------------------------------------------------------------------------------


def test_the_course_has_its_exercises() -> None:
    lessons = sorted(path.stem for path in (SOLUTIONS.parent / "notebooks").glob("*.ipynb"))
    assert lessons == NAMES
    assert sum(len(exercise(name).tasks) for name in NAMES) >= 28
    assert sum(len(exercise(name).prose) for name in NAMES) >= 7


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_tasks_marks_and_a_guide(name: str) -> None:
    content = exercise(name)
    assert len(content.tasks) >= 4
    assert len(content.prose) >= 1
    guide = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
    for task in content.tasks:
        seen = [cell.visible for cell in task.checks]
        assert True in seen, f"{task.name} has no visible check"
        assert False in seen, f"{task.name} has no hidden check"
        assert all(cell.points > 0 for cell in task.checks)
        assert f"`{task.name}`" in guide
    for answer in bank(name).wrong:
        assert answer.says in guide, f"the guide does not tell what {answer.name} reads"


@pytest.mark.parametrize(("name", "task"), tasks())
def test_the_model_answer_gets_full_marks_in_time(name: str, task: str) -> None:
    chosen = exercise(name).task(task)
    result = trial(name).of_source(chosen, chosen.model_answer)
    assert result.full, result.said
    assert result.seconds < SECONDS


@pytest.mark.parametrize(("name", "task"), tasks())
def test_a_task_has_a_bank(name: str, task: str) -> None:
    for kind, least in (("wrong", 4), ("right", 2)):
        answers = [answer.name for answer in getattr(bank(name), kind) if answer.task == task]
        assert len(answers) == len(set(answers)) >= least
    names = {task.name for task in exercise(name).tasks}
    assert {answer.task for answer in bank(name).right + bank(name).wrong} == names


@pytest.mark.parametrize(("name", "answer"), known("right"))
def test_a_right_answer_gets_full_marks(name: str, answer: Known) -> None:
    result = trial(name).of_answer(exercise(name).task(answer.task), answer.answer)
    assert result.full, result.said


@pytest.mark.parametrize(("name", "answer"), known("wrong"))
def test_a_wrong_answer_loses_marks_and_is_told_why(name: str, answer: Known) -> None:
    result = trial(name).of_answer(exercise(name).task(answer.task), answer.answer)
    assert not result.full
    assert answer.says in result.said
    for message in result.said.split("✗ ")[1:]:
        assert "hint:" in message
        assert "got:" in message


@pytest.mark.parametrize(("name", "task"), tasks())
def test_no_mutant_of_the_model_answer_survives(name: str, task: str) -> None:
    assert survivors(trial(name), exercise(name).task(task), bank(name)) == []


@pytest.mark.parametrize(("name", "task"), tasks())
def test_mutants_said_to_change_nothing_get_full_marks(name: str, task: str) -> None:
    """So that no explanation stays behind when the model answer changes."""
    chosen = exercise(name).task(task)
    explained = bank(name).equivalent.get(task, {})
    made = {mutant.change: mutant.source for mutant in mutants(chosen.model_answer)}
    assert explained.keys() <= made.keys()
    for change in explained:
        assert trial(name).accepts(chosen, made[change]), change
    assert len(list(behaving(chosen, bank(name)))) >= 5


# --- what students get ------------------------------------------------------------------------


def cells(folder: Path, name: str) -> dict[str, Any]:
    notebook = nbformat.read(folder / name / f"{name}.ipynb", as_version=4)
    return {cell.id: cell for cell in notebook.cells}


def between(source: str, begin: str, end: str) -> list[str]:
    """Lines between two markers, wherever they stand; all of them for a text without markers."""
    found = re.findall(rf"{begin}\n(.*?)\n[^\n]*{end}", source, re.DOTALL)
    return [line.strip() for part in found for line in part.splitlines()]


def test_the_exercises_are_what_their_solutions_give() -> None:
    assert release.differences() == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hidden_survives(name: str) -> None:
    source, copy = cells(SOLUTIONS, name), cells(EXERCISES, name)
    assert source.keys() == copy.keys()
    text = "\n".join(cell.source for cell in copy.values())
    shared = set(text.splitlines())
    for key, cell in source.items():
        assert cell.get("outputs", []) == copy[key].get("outputs", []) == []
        assert copy[key].get("execution_count") is None
        secret = between(cell.source, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
        secret += between(cell.source, "### BEGIN SOLUTION", "### END SOLUTION")
        mark = cell.metadata.nbgrader
        if mark.solution and mark.grade:
            secret += cell.source.splitlines()
        for line in secret:
            if len(line) > 12 and not line.startswith(("import ", "from ", "return ")):
                assert line not in {other.strip() for other in shared}, line
    assert "BEGIN" not in text
    assert "HIDDEN" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_differs_only_where_the_student_writes(name: str) -> None:
    source, copy = cells(SOLUTIONS, name), cells(EXERCISES, name)
    for key, cell in source.items():
        mark = cell.metadata.nbgrader
        if mark.solution and mark.grade:
            assert copy[key].source == release.TEXT_STUB
            continue
        kept = []
        inside = False
        for line in cell.source.splitlines():
            if "### BEGIN" in line:
                inside = True
                if "SOLUTION" in line:
                    indent = line[: len(line) - len(line.lstrip())]
                    kept += [indent + stub for stub in release.CODE_STUB.splitlines()]
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
    said, world = io.StringIO(), {}
    with contextlib.redirect_stdout(said), torch.random.fork_rng(devices=[]):
        for cell in cells(EXERCISES, name).values():
            if cell.cell_type == "code":
                exec(cell.source, world)
    for task in exercise(name).tasks:
        assert f"○ {task.name}: not attempted yet" in said.getvalue()
    assert "✗" not in said.getvalue()


def test_an_exercise_that_was_edited_by_hand_is_found_and_mended(tmp_path: Path) -> None:
    name = NAMES[0]
    made = tmp_path / name / f"{name}.ipynb"
    made.parent.mkdir()
    made.write_text("something else", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("an instructor's own", encoding="utf-8")
    found = release.differences(exercises=tmp_path)
    assert f"{name}.ipynb is not what its solution gives" in found
    assert "notes.txt has no solution it comes from" in found
    assert made in release.release(exercises=tmp_path)
    assert made.read_bytes() == (EXERCISES / name / f"{name}.ipynb").read_bytes()
    assert (tmp_path / "notes.txt").exists(), "what is not derived is not touched"
    assert release.release(exercises=tmp_path) == []


def test_a_solution_without_its_end_changes_nothing(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("### BEGIN SOLUTION\nx = 1", id="a")],
        metadata={"kernelspec": {"language": "python", "name": "python3", "display_name": "p"}},
    )
    (tmp_path / "solutions" / "x").mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "solutions" / "x" / "x.ipynb")
    with pytest.raises(RuntimeError, match="end solution"):
        release.release(tmp_path / "solutions", tmp_path / "exercises")
    assert not (tmp_path / "exercises").exists()


def test_a_check_without_its_answer_is_refused(tmp_path: Path) -> None:
    mark = {"grade": True, "solution": False, "grade_id": "f-visible", "points": 1}
    cell = nbformat.v4.new_code_cell("check.f(f)", id="a", metadata={"nbgrader": mark})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "x.ipynb")
    with pytest.raises(ValueError, match="but f has only one of them"):
        read(tmp_path / "x.ipynb")


# --- under nbgrader ---------------------------------------------------------------------------

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
    config.CourseDirectory.ignore = ["answers.py", "__pycache__"]
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
    monkeypatch.setenv("PYTHONPATH", str(SOLUTIONS.parent))
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    name = "03_dropout"
    shutil.copytree(SOLUTIONS / name, tmp_path / "solutions" / name)
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
    assert marks["choose_p-visible"] == 0, "not attempted"


# --- how an attempt is reported ---------------------------------------------------------------


def double(x: Any) -> Any:
    return 2 * x


def untouched(x: Any) -> Any:
    raise NotImplementedError("not attempted yet")


def broken(x: Any) -> Any:
    return x + torch.ones(3)


def judge(answer: Any, **options: Any) -> None:
    with attempt("double", answer, **options) as check:
        check.close("doubles", answer(torch.ones(2)), torch.full((2,), 2.0), on="ones", hint="2 x")


def test_a_learner_reads_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    judge(double)
    assert capsys.readouterr().out == "✓ double: 1 property holds\n"
    judge(untouched)
    assert capsys.readouterr().out == "○ double: not attempted yet\n"
    judge(lambda x: x)
    said = capsys.readouterr().out
    for part in ("✗ double", "on:       ones", "expected: [2, 2]", "got:      [1, 1]", "2 x"):
        assert part in said


def test_an_error_is_told_with_its_input_and_the_learners_own_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge(broken)
    said = capsys.readouterr().out
    assert "on:       x = [1, 1]" in said
    assert "`return x + torch.ones(3)`" in said
    assert "RuntimeError: The size of tensor" in said
    judge(lambda x: undefined * x)  # noqa: F821
    assert "misspelled" in capsys.readouterr().out


def test_a_message_names_the_task_and_not_a_lessons_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with attempt("forget", double) as check:
        check.include(checks.dropout(lambda x, p, training: x))
    assert capsys.readouterr().out.startswith("✗ forget: this does not hold")


def test_answer_and_check_may_stand_in_one_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """The check's own calls of the library are not the answer's."""
    cell = """
def relu(x):
    return x * (x > 0)

with attempt("relu", relu, by_hand=[F.relu]) as check:
    check.close("relu", relu(x), F.relu(x), on="", hint="")
"""
    exec(cell, {"attempt": attempt, "F": torch.nn.functional, "x": torch.arange(-2.0, 3.0)})
    assert capsys.readouterr().out.startswith("✓ relu")


@pytest.mark.parametrize("answer", [untouched, broken, lambda x: x])
def test_nbgrader_sees_an_error(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="double"):
        judge(answer)
    judge(double)


class Doubler:
    def __call__(self, x: Any) -> Any:
        return double(x)


@pytest.mark.parametrize("answer", [double, lambda x: double(x), Doubler()])
def test_a_call_of_the_library_is_seen(answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    judge(answer, by_hand=[double])
    assert "a call of double" in capsys.readouterr().out


def test_the_check_itself_may_call_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    def by_hand(x: Any) -> Any:
        return x + x

    with attempt("relu", torch.nn.ReLU, by_hand=[torch.nn.functional.relu]) as check:
        torch.nn.functional.relu(torch.ones(1))
        check.close("doubles", by_hand(1.0), 2.0, on="1", hint="")
    assert "✓" in capsys.readouterr().out


# --- the instruments --------------------------------------------------------------------------


def test_an_endless_answer_is_stopped() -> None:
    def endless() -> None:
        with time_limit(0.2):
            while True:
                pass

    with pytest.raises(TimeoutError, match=r"0\.2 s of work"):
        endless()


def test_an_answer_that_swallows_its_interruption_gets_another() -> None:
    def stubborn() -> None:
        with time_limit(0.1):
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    pass
            while True:
                pass

    with pytest.raises(TimeoutError):
        stubborn()


def test_an_answer_that_only_waits_is_stopped_after_many_times_its_limit() -> None:
    def asleep() -> None:
        with time_limit(0.05, patience=4):
            while True:
                time.sleep(0.01)

    watch = Stopwatch()
    with pytest.raises(TimeoutError, match="was stopped after"):
        asleep()
    assert watch.wall >= 0.2


def test_on_a_busy_computer_an_answer_is_given_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten seconds pass on the wall while the answer is given a tenth of one."""
    monkeypatch.setattr("benchmarks.exercises.trial.time", clocks := Clocks())
    with time_limit(2.0):
        clocks.wall, clocks.processor = 10.0, 0.1
        assert clocks.judged.wait(20)
    watch = Stopwatch()
    clocks.wall, clocks.processor = 11.0, 8.1  # seven cores, or threads that wait for each other
    assert watch.work == 1.0


class Clocks:
    """Stands for the module `time`, and knows when a limit was judged by it."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0
        self.judged, self._asked = threading.Event(), 0

    def perf_counter(self) -> float:
        self._asked += self.wall > 0
        if self._asked > 4:  # what is judged asks twice
            self.judged.set()
        return self.wall

    def process_time(self) -> float:
        return self.processor


def test_mutants_change_one_thing_each() -> None:
    source = "def f(a, b):\n    if a < 1:\n        return -a\n    return a.mean(0) + b * 2.0"
    changes = {mutant.change for mutant in mutants(source)}
    for change in (
        "a < 1 -> a <= 1",
        "a < 1 -> a > 1",
        "1 -> 2",
        "-a -> a",
        "a.mean(0) -> a.sum(0)",
        "a.mean(0) -> a",
        "0 -> 1",
        "b * 2.0 -> b / 2.0",
        "b * 2.0 -> b",
        "2.0 -> 4.0",
        "a.mean(0) + b * 2.0 -> a.mean(0) - b * 2.0",
        "a.mean(0) + b * 2.0 -> b * 2.0",
    ):
        assert change in changes
    sources = [mutant.source for mutant in mutants(source)]
    assert len(sources) == len(set(sources)), "once each"


def test_a_wrong_answer_needs_words_that_name_it() -> None:
    with pytest.raises(ValueError, match="which words"):
        wrong("task", "")
