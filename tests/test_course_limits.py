"""What a submission takes is counted together, and who waits for it gives up in time."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instructor.course.judging import judge as judging
from instructor.course.judging import patience as limits
from instructor.course.judging.judge import Judge
from instructor.course.judging.patience import Family, GivenUp, patience
from instructor.course.judging.sandbox import bubblewrap
from instructor.course.judging.wire import Broken
from tests.exercises import exercise

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


class Silent:
    """A player that says nothing until it is cut off."""

    def __init__(self, too_much: Callable[[], str] = lambda: "") -> None:
        self.too_much, self._over = too_much, threading.Event()

    def cut(self) -> None:
        self._over.set()

    def answer(self) -> None:
        assert self._over.wait(30)
        raise Broken("cut off")


def test_who_does_not_answer_is_given_up() -> None:
    player = Silent()
    with pytest.raises(GivenUp, match="took too long"), patience(player, 0.3):
        player.answer()


def test_no_time_is_no_patience() -> None:
    player = Silent()
    with pytest.raises(GivenUp, match="took too long"), patience(player, -1.0):
        player.answer()


def test_who_takes_too_much_is_given_up_and_told_what() -> None:
    player = Silent(lambda: limits.TOO_LARGE)
    with pytest.raises(GivenUp, match="4 GB"), patience(player, 30):
        player.answer()


def test_an_end_of_its_own_is_told_as_that() -> None:
    with pytest.raises(Broken, match=r"^by itself$") as caught, patience(Silent(), 30):
        raise Broken("by itself")
    assert not isinstance(caught.value, GivenUp)


@contextmanager
def running(code: str) -> Iterator[Family]:
    """A process that has said that it is ready, counted with all below it."""
    command = [sys.executable, "-c", f"{code}\nprint(flush=True)\nimport time\ntime.sleep(60)"]
    shell = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", shell, *command], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        family = Family(parent.pid)
        try:
            assert parent.stdout is not None
            parent.stdout.readline()
            yield family
        finally:
            os.killpg(parent.pid, 9)


@LINUX
def test_memory_of_all_is_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = "import os\nchild = os.fork()\nheld = bytearray(os.urandom(40 << 20))"
    with running(twice) as family:
        assert family.too_much() == ""
        monkeypatch.setattr(limits, "MEMORY", 60 << 20)
        deadline = time.monotonic() + 20
        while not family.too_much() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert family.too_much() == limits.TOO_LARGE


@LINUX
def test_processes_and_threads_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    some = "import threading, time\nfor _ in range(8):\n"
    some += "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    with running(some) as family:
        assert family.too_much() == ""
        monkeypatch.setattr(limits, "PROCESSES", 6)
        assert family.too_much() == limits.TOO_MANY


@pytest.mark.skipif(bubblewrap() is None, reason="there is no bubblewrap here that works")
def test_a_submission_that_takes_too_much_is_ended_and_the_next_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "PROCESSES", 12)
    task = exercise("03_dropout").task("dropout")
    bomb = """
import os, time

def dropout(x, p, training):
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(60)
    time.sleep(60)
"""
    with Judge(exercise("03_dropout"), protected=True) as judge:
        judge.take([("cell", bomb)])
        start = time.monotonic()
        result = judge.marks(task)
        assert result.marks == 0
        assert "processes and threads" in result.said
        assert time.monotonic() - start < judging.WALL
        judge.take([("cell", task.model_answer)])
        assert judge.marks(task).full


def test_a_submission_has_so_much_time_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "ALL_WALL", 0.0)
    task = exercise("03_dropout").task("dropout")
    with Judge(exercise("03_dropout"), protected=False) as judge:
        judge.take([("cell", task.model_answer)])
        result = judge.marks(task)
        assert result.marks == 0
        assert "took too long" in result.said
        monkeypatch.undo()
        judge.take([("cell", task.model_answer)])
        assert judge.marks(task).full
