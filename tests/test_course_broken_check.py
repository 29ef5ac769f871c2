"""A check that fails of itself: the student is not blamed, no mark is given, nothing is begun."""

import dataclasses
from pathlib import Path

import pytest
import torch

from instructor.content import Exercise, Task
from instructor.course import marking, models, pool, records, running
from instructor.course.jobs import Job, record_of, unread
from instructor.course.journal import Journal
from instructor.course.judging.judge import Judge
from instructor.course.submission import read
from instructor.trial import Result, Trial
from tests.classes import WHOLE, graded, hand_in
from tests.damaged import NAME
from tests.exercises import exercise, trial

TASK = exercise(NAME).task("dropout")
RIGHT = TASK.model_answer
WRONG = "def dropout(x, p, training):\n    return x * 2\n"
RAISES = "def dropout(x, p, training):\n    return gott\n"
NOTHING = "def dropout(x, p, training):\n    pass\n"
OWN_NAME = "got = dropout(torch.ones(2), 0.0, True)\n    hidden.that(gott is None, 'x')"
OWN_MODULE = "dropout(torch.ones(2), 0.0, True)\n    math.no_such_function()"
OWN_CHECK = "dropout(torch.ones(2), 0.0, True)\n    hidden.clsoe()"


def with_check(lines: str) -> Exercise:
    """The exercise, in which the hidden check of dropout has these lines."""
    source = (
        "import math\nimport torch\nfrom course_utils.exercises import attempt\n"
        f"with attempt('dropout', dropout) as hidden:\n    {lines}\n"
    )
    cells = tuple(
        dataclasses.replace(cell, source=source) if "hidden" in cell.grade_id else cell
        for cell in TASK.checks
    )
    whole = exercise(NAME)
    mended = dataclasses.replace(TASK, checks=cells)
    parts = tuple(mended if part.name == TASK.name else part for part in whole.parts)
    return dataclasses.replace(whole, parts=parts)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (OWN_NAME, "line 6, `hidden.that(gott is None, 'x')`: NameError: name 'gott'"),
        (OWN_MODULE, "line 6, `math.no_such_function()`: AttributeError"),
        (OWN_CHECK, "line 6, `hidden.clsoe()`: AttributeError"),
    ],
)
def test_an_error_of_the_check_is_told_as_its_own(judge: Judge, lines: str, said: str) -> None:
    task = with_check(lines).task("dropout")
    found = [f for f in trial(NAME).of_source(task, RIGHT).failures if f.broken]
    assert found
    assert all(f"{TASK.name}-hidden" in f.text and said in f.text for f in found)
    judge.take(())
    judged = [f for f in judge.marks(task, [(task.name, RIGHT)]).failures if f.broken]
    assert judged == found


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("dropout(torch.ones(2), 0.0, True)", RAISES),
        ("first, second = dropout(torch.ones(2), 0.0, True)", NOTHING),
        ("dropout(torch.ones(2), 0.0, True).sum()", NOTHING),
        ("hidden.close('x', dropout(torch.ones(2), 0.0, True), torch.ones(2), on='x')", WRONG),
    ],
)
def test_an_error_that_comes_of_the_answer_is_the_students(
    judge: Judge, lines: str, answer: str
) -> None:
    task = with_check(lines).task("dropout")
    result = trial(NAME).of_source(task, answer)
    assert [f for f in result.failures if "hidden" in f.check]
    assert not [f for f in result.failures if f.broken]
    judge.take(())
    judged = judge.marks(task, [(task.name, answer)])
    assert [f for f in judged.failures if "hidden" in f.check]
    assert not [f for f in judged.failures if f.broken]


def test_the_mark_of_that_task_waits_and_the_instructor_is_told(
    judge: Judge, tmp_path: Path
) -> None:
    broken = with_check(OWN_NAME)
    job = Job("ada", NAME, WHOLE, "c", 1, False)
    submission = read(WHOLE, broken)
    judge.take(submission.own())
    task = marking._code(judge, submission, broken.task("dropout"), job)
    assert (task.state, task.marks, task.checks, task.text) == (records.WAITS, None, (), "")
    assert "itself failed, line 6" in task.flags[0]
    with Journal(tmp_path) as journal:
        run = running.Run(tmp_path, None, journal, protected=False)  # type: ignore[arg-type]
        run._count(record_of(job, (task,)))
    assert run.unread == [f"ada, {NAME}: {task.flags[0]}"]


def test_a_model_answer_without_full_marks_stops_the_run_before_it_begins(
    asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", WHOLE)
    monkeypatch.setattr(running, "read_exercise", lambda _: with_check(OWN_NAME))
    with pytest.raises(ValueError, match=r"(?s)model answer of dropout in .*itself failed, line 6"):
        graded(tmp_path)
    assert not list((tmp_path / "grades").rglob("*.json"))


def test_model_answers_are_tried_once_for_each_state_of_the_course(
    asked_once: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(models, "full_marks", lambda one: tried.append(one.name))
    monkeypatch.setattr(
        pool, "mark", lambda job: unread(job, exercise(NAME), "a stand-in").as_json()
    )
    hand_in(tmp_path, "ada", WHOLE)
    graded(tmp_path)
    graded(tmp_path)
    assert tried == [NAME]
    monkeypatch.setattr(running, "digest", lambda _: "another")
    graded(tmp_path)
    assert tried == [NAME, NAME]


def test_every_model_answer_has_full_marks() -> None:
    models.full_marks(exercise(NAME))


def test_model_answers_are_tried_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two that wait for each other on a busy computer would count as work, of which each has 2 s.
    # Here none is, and the trial is prepared before there are two threads: it trains a little.
    usual, seen, prepared = torch.get_num_threads(), set(), trial(NAME)

    def tried(self: Trial, task: Task, source: str) -> Result:
        seen.add(torch.get_num_threads())
        return Result(task.points, task.points, (), 0.0)

    monkeypatch.setattr("instructor.trial.Trial", lambda _: prepared)
    monkeypatch.setattr(Trial, "of_source", tried)
    torch.set_num_threads(2)
    try:
        models.full_marks(exercise(NAME))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)
    assert seen == {1}
