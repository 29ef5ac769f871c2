"""Every known answer to every task gets what it deserves."""

import pytest

from instructor.answers import UNNAMED, Known, wrong
from instructor.bank import behaving, survivors
from instructor.content import ROOT
from instructor.guides import words
from instructor.limits import SECONDS
from instructor.mutants import mutants
from tests.exercises import NAMES, bank, exercise, known, tasks, trial

GUIDES = ROOT / "solutions" / "guides"


def test_the_course_has_its_exercises() -> None:
    lessons = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
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
        banked = {answer.mistake for answer in bank(name, task.name).wrong}
        assert task.mistakes.keys() == banked, "every mistake has an example in the bank, and none"
        assert banked - {UNNAMED} <= words(content, task).keys()


@pytest.mark.parametrize(("name", "task"), tasks())
def test_the_model_answer_gets_full_marks_in_time(name: str, task: str) -> None:
    chosen = exercise(name).task(task)
    result = trial(name).of_source(chosen, chosen.model_answer)
    assert result.full, result.said
    assert result.seconds < SECONDS


@pytest.mark.parametrize(("name", "task"), tasks())
def test_a_task_has_a_bank(name: str, task: str) -> None:
    answers = bank(name, task)
    for found, least in ((answers.wrong, 4), (answers.right, 2)):
        names = [answer.name for answer in found]
        assert len(names) == len(set(names)) >= least


@pytest.mark.parametrize(("name", "task", "answer"), known("right"))
def test_a_right_answer_gets_full_marks(name: str, task: str, answer: Known) -> None:
    result = trial(name).of_answer(exercise(name).task(task), answer.answer)
    assert result.full, result.said


@pytest.mark.parametrize(("name", "task", "answer"), known("wrong"))
def test_a_wrong_answer_loses_marks_and_is_told_why(name: str, task: str, answer: Known) -> None:
    result = trial(name).of_answer(exercise(name).task(task), answer.answer)
    assert not result.full
    told = {failure.mistake for failure in result.failures if failure.check.endswith(answer.at)}
    assert answer.mistake in told, result.said
    for message in result.said.split("✗ ")[1:]:
        assert "hint:" in message
        assert "got:" in message


@pytest.mark.parametrize(("name", "task"), tasks())
def test_no_mutant_of_the_model_answer_survives(name: str, task: str) -> None:
    assert survivors(trial(name), exercise(name).task(task), bank(name, task)) == []


@pytest.mark.parametrize(("name", "task"), tasks())
def test_mutants_said_to_change_nothing_get_full_marks(name: str, task: str) -> None:
    """So that no explanation stays behind when the model answer changes."""
    chosen = exercise(name).task(task)
    explained = bank(name, task).equivalent
    made: dict[str, list[str]] = {}
    for mutant in mutants(chosen.model_answer):
        made.setdefault(mutant.change, []).append(mutant.source)  # `0 -> -1` in two places
    assert explained.keys() <= made.keys()
    for change in explained:
        assert any(trial(name).accepts(chosen, source) for source in made[change]), change
    assert len(list(behaving(chosen, bank(name, task)))) >= 5


def test_a_wrong_answer_needs_the_id_of_its_mistake() -> None:
    for text in ("", "the words of its message"):
        with pytest.raises(ValueError, match="needs the id of its mistake"):
            wrong(text)
