"""One answer before the checks of its task, as nbgrader would run them, in this process."""

from __future__ import annotations

import _thread
import contextlib
import io
import linecache
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch

from course_utils.grading.exercise import Exercise, GradedCell, Task

SECONDS = 2.0  # no check takes longer; an answer that does is stopped

Namespace = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What the checks of one task gave: marks, what they said, and the slowest check's time."""

    marks: float
    of: float
    said: str
    seconds: float

    @property
    def full(self) -> bool:
        """Whether all marks were given."""
        return self.marks == self.of


class Trial:
    """The checks of one exercise, ready to be run on any answer to one of its tasks."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self._world: Namespace = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for source in exercise.setup:
                run(source, self._world, "setup")
            for task in exercise.tasks:
                run(task.model_answer, self._world, task.name)

    def of_answer(self, task: Task, answer: Any) -> Result:
        """Marks for a function or class in place of the model answer."""
        return self._judge(task, {**self._world, task.name: answer})

    def of_source(self, task: Task, source: str) -> Result:
        """Marks for the text of an answer; one that does not even run has none."""
        world = dict(self._world)
        try:
            run(source, world, f"{task.name}-answer")
        except Exception as error:
            return Result(0.0, task.points, f"{type(error).__name__}: {error}", 0.0)
        return self._judge(task, world)

    def _judge(self, task: Task, world: Namespace) -> Result:
        marks, slowest, said = 0.0, 0.0, []
        for cell in task.checks:
            start = time.perf_counter()
            text = failure(cell, world)
            slowest = max(slowest, time.perf_counter() - start)
            marks += 0.0 if text else cell.points
            said.append(text)
        return Result(marks, task.points, "\n".join(filter(None, said)), slowest)


def failure(cell: GradedCell, world: Namespace) -> str:
    """What a check cell raises under nbgrader, "" where it passes."""
    under_nbgrader = mock.patch.dict(os.environ, NBGRADER_EXECUTION="autograde")
    quiet = contextlib.redirect_stdout(io.StringIO())
    with under_nbgrader, quiet, torch.random.fork_rng(devices=[]):
        try:
            with time_limit(SECONDS):
                run(cell.source, dict(world), cell.name)
        except Exception as error:
            return str(error) or type(error).__name__
    return ""


def run(source: str, world: Namespace, name: str) -> None:
    """Execute the text of a cell; errors quote its lines, as they do in a notebook."""
    filename = f"<cell {name} {hash(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), world)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop Python code of the main thread that takes longer, with a `TimeoutError`.

    Works on every system; the interruption waits for a call into a library to return.
    """
    lock, over, fired = threading.Lock(), False, False

    def fire() -> None:
        nonlocal fired
        with lock:
            if not over:
                fired = True
                _thread.interrupt_main()

    timer = threading.Timer(seconds, fire)
    timer.daemon = True
    timer.start()
    try:
        yield
        with lock:
            over = True
        if fired:
            time.sleep(1.0)  # the interruption is on its way; let it come here
    except KeyboardInterrupt:
        if not fired:
            raise
        raise TimeoutError(f"the answer was stopped after {seconds:g} s") from None
    finally:
        over = True
        timer.cancel()
