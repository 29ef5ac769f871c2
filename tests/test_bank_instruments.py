"""The bank's instruments: limits of time, mutants, and the command."""

import contextlib
import json
import threading
import time
from pathlib import Path

import pytest

from instructor import bank
from instructor.course import tryout as one_answer
from instructor.limits import Stopwatch, time_limit
from instructor.mutants import mutants


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
    monkeypatch.setattr("instructor.limits.time", clocks := Clocks())
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


def test_the_command_ends_with_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.main(["3"]) == 0
    *table, numbers = capsys.readouterr().out.splitlines()
    assert table[0].split()[0] == "task"
    found = json.loads(numbers)
    assert found["tasks"] == 6, "five, and one to spare"
    for judged, of in (
        ("wrong_rejected", "wrong"),
        ("right_accepted", "right"),
        ("mutants_killed", "mutants"),
    ):
        assert found[judged] == found[of] > 0


def test_an_exercise_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bank.main(["3", "99"])
    assert "there is no exercise 99; there are [1, 2" in capsys.readouterr().err


def test_one_answer_is_tried_with_its_marks_and_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = tmp_path / "an answer.py"
    answer.write_text(
        "def dropout(x, p, training):\n"
        "    return x * (torch.rand_like(x) >= p) if training else x\n",
        encoding="utf-8",
    )
    assert one_answer.main(["3", "dropout", str(answer)]) == 1
    *said, last = capsys.readouterr().out.splitlines()
    assert said[-1] == "0 of 6 marks"
    told = json.loads(last)
    assert (told["exercise"], told["marks"], told["of"]) == ("03_dropout", 0, 6)
    assert told["failures"][0]["mistake"] == "without_rescaling"
    assert "survivors are not rescaled" in told["failures"][0]["text"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def choose_p(values, val_acc:\n", "SyntaxError"),
        ("def choose_q(values, val_acc): ...\n", "does not define choose_p; keep the name"),
        ("", "does not define choose_p; keep the name"),
    ],
)
def test_an_answer_that_is_none_has_no_marks(source: str, complaint: str) -> None:
    told = one_answer.tried("03", "choose_p", source)
    assert (told["marks"], told["of"]) == (0, 5)
    assert complaint in told["failures"][0]["text"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("9", "choose_p"), "there is no exercise '9'; there are 01_overfitting, 02"),
        (("03", "choose_q"), "has no task 'choose_q'; its tasks are dropout, mc_predict"),
        (("03", "choose_p"), "cannot read"),
    ],
)
def test_what_cannot_be_tried_is_said(
    given: tuple[str, str], complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "answer.py"
    if complaint != "cannot read":
        path.touch()
    with pytest.raises(SystemExit):
        one_answer.main([*given, str(path)])
    assert complaint in capsys.readouterr().err
