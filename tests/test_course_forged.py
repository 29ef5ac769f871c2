"""Submissions that try to earn marks without an answer, or to harm others, earn what is fair."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from instructor.course.judging.judge import Judge
from instructor.course.judging.sandbox import bubblewrap
from instructor.trial import Result
from tests.exercises import exercise
from tests.forged import FORGED
from tests.hostile import HOSTILE
from tests.meddling import MEDDLING
from tests.nonsense import NONSENSE
from tests.odd_results import ODD_RESULTS

RIGHT = exercise("03_dropout").task("dropout").model_answer
BLANK = "def dropout(x, p, training):\n    raise NotImplementedError\n"


def judged(judge: Judge, *cells: str, checks: int = 2) -> Result:
    task = exercise("03_dropout").task("dropout")
    task = replace(task, checks=task.checks[:checks])
    judge.take([(f"cell {i}", cell) for i, cell in enumerate(cells)])
    return judge.marks(task)


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_forged_earns_nothing(request: pytest.FixtureRequest, kind: str) -> None:
    # Without the sandbox the disk can be read; no other mark rests on it.
    judge = request.getfixturevalue("walled" if "the solution" in kind else "judge")
    result = judged(judge, BLANK, FORGED[kind])
    assert result.marks == 0
    assert len(result.failures) == len(exercise("03_dropout").task("dropout").checks)
    assert all(failure.text for failure in result.failures)


@pytest.fixture(scope="module")
def walled() -> Iterator[Judge]:
    if bubblewrap() is None:
        pytest.skip("there is no bubblewrap here that works")
    with Judge(exercise("03_dropout"), protected=True) as made:
        yield made


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_earns_nothing_and_harms_nobody(walled: Judge, kind: str) -> None:
    result = judged(walled, BLANK, HOSTILE[kind], checks=1)
    assert result.marks == 0, result
    assert all(failure.text for failure in result.failures)


#: Of the kinds that `tests.class_of_200` hands in; the others wait for a limit, or are slow.
QUICK = (
    {
        kind: MEDDLING[kind]
        for kind in (
            "a class that it is not",
            "makes the input not a number",
            "gives the input another type",
            "changes all that it was ever given",
            "Python's own functions replaced",
            "json and struct replaced",
        )
    }
    | {
        kind: NONSENSE[kind]
        for kind in (
            "a class out of somebody else's module",
            "a call of the judge's tensor",
            "an error of a hundred megabytes",
            "an error that praises itself",
        )
    }
    | {
        kind: ODD_RESULTS[kind]
        for kind in (
            "a tensor that is computed elsewhere",
            "a class of which everything is one",
            "two processes answer",
        )
    }
)


@pytest.mark.parametrize("kind", QUICK)
def test_what_meddles_earns_nothing_and_is_told_in_few_words(walled: Judge, kind: str) -> None:
    result = judged(walled, BLANK, QUICK[kind], checks=1)
    assert result.marks == 0, result
    assert 0 < len(result.said) < 5000


def test_who_answers_after_them_gets_all_marks(walled: Judge) -> None:
    assert judged(walled, RIGHT).full


@pytest.mark.parametrize("kind", ["patches Check", "patches attempt", "switches grading off"])
def test_who_forges_and_answers_gets_what_the_answer_earns(judge: Judge, kind: str) -> None:
    assert judged(judge, FORGED[kind], RIGHT).full


def test_a_result_that_cannot_be_read_is_said_to_be_that(judge: Judge) -> None:
    said = judged(judge, 'def dropout(x, p, training):\n    return x.to("meta")').said
    assert "what was returned cannot be read: NotImplementedError" in said
    assert "ended the process" not in said


def test_one_after_the_other_is_judged_alone(judge: Judge) -> None:
    assert judged(judge, RIGHT).full
    assert judged(judge, BLANK, FORGED["ends its process"]).marks == 0
    assert judged(judge, RIGHT).full


def test_what_a_cell_outside_does_wrong_costs_nothing(judge: Judge) -> None:
    assert judged(judge, "1 / 0", "import sys; sys.exit(3)", RIGHT).full


def test_an_answer_that_sleeps_is_ended(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(judge, RIGHT).full
    monkeypatch.setattr("instructor.course.judging.judge.WALL", 5.0)
    sleeps = "import time\n\ndef dropout(x, p, training):\n    time.sleep(10_000)\n"
    result = judged(judge, sleeps)
    assert result.marks == 0
    assert "took too long" in result.said
    monkeypatch.undo()
    assert judged(judge, RIGHT).full


def test_an_answer_that_is_not_there_is_said(judge: Judge) -> None:
    result = judged(judge, "def drop_out(x, p, training):\n    return x\n", "def f(:")
    assert result.marks == 0
    assert "does not define dropout" in result.said
    assert "SyntaxError" in result.said


def test_the_sandbox_shows_no_more_than_it_should(walled: Judge, tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("marks", encoding="utf-8")
    tries = f"""
import os, pathlib, socket
found = []
for path in ({str(tmp_path)!r}, "/course/instructor/tasks"):
    if os.path.exists(path):
        found.append("sees " + path)
root = {str(Path(__file__).parents[1])!r}
if os.path.exists(root):  # Python's environment may lie in it, and then nothing but that is there
    seen = set(os.listdir(root)) - {{".venv"}}
    found += ["sees " + name for name in seen]
for path in ("/course/course_utils/forged.py", "/course/forged.py", {str(tmp_path)!r} + "/forged"):
    try:
        pathlib.Path(path).write_text("forged")
        found.append("writes " + path)
    except OSError:
        pass
try:
    socket.create_connection(("1.1.1.1", 53), timeout=1)
    found.append("reaches the network")
except OSError:
    pass
others = [name for name in os.listdir("/proc") if name.isdigit()]
if len(others) > 4:
    found.append("sees other processes")
if found:
    del dropout
    raise RuntimeError("; ".join(found))
"""
    result = judged(walled, RIGHT, tries)
    assert result.full, result.said
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]


def left(mark: str) -> list[bytes]:
    """The command lines of running processes that name `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended since
            found.append(path.read_bytes())
    return [line for line in found if mark.encode() in line]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_nothing_is_left_running_in_the_sandbox() -> None:
    if bubblewrap() is None:
        pytest.skip("there is no bubblewrap here")
    mark = f"left-{os.getpid()}"
    leaves = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
"""
    with Judge(exercise("03_dropout"), protected=True) as protected:
        assert judged(protected, RIGHT, leaves).full
    deadline = time.monotonic() + 20  # for the system to clear up
    while left(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(mark) == []
