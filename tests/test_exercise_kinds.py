"""What the exercises ask for, across the course: to repair, and to train and look."""

import re

import pytest

from instructor.content import Exercise, Task
from tests.exercises import NAMES, bank, exercise, trial

KINDS = {name: {task.kind for task in exercise(name).tasks} for name in NAMES}
REPAIRS = [(name, t.name) for name in NAMES for t in exercise(name).tasks if t.kind == "repair"]


def given(content: Exercise, task: Task) -> str:
    """The lines to be repaired, under the name of the task."""
    (cell,) = (cell for cell in task.given if cell.kind == "code")
    (told,) = re.findall(rf"def (\w+_{task.name})\(", cell.source)
    return cell.source + f"\n{task.name} = {told}\n"


@pytest.mark.parametrize(("name", "task"), REPAIRS)
def test_lines_to_repair_run_and_are_told_apart_from_repaired_ones(name: str, task: str) -> None:
    asked = exercise(name).task(task)
    result = trial(name).of_source(asked, given(exercise(name), asked))
    assert not result.full
    assert "as_given" in result.mistakes
    assert "as_given" in {known.mistake for known in bank(name, task).wrong}


def test_the_course_has_three_repairs() -> None:
    assert len(REPAIRS) >= 3
    assert "train and look" in KINDS["08_regularization_today"]


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_a_task_to_train_and_look(name: str) -> None:
    """A loop to repair is one: its lines are trained and watched before and after."""
    assert KINDS[name] & {"train and look", "repair"}
