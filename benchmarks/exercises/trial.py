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

SECONDS = 2.0  # of work; no check takes longer, and an answer that does is stopped
PATIENCE = 30  # times that long a check may take by the wall clock, on a computer that is busy

Namespace = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What the checks of one task gave: marks, what they said, and the slowest check's work."""

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

    def accepts(self, task: Task, source: str) -> bool:
        """Whether the text of an answer gets full marks; the first check that fails decides."""
        world = dict(self._world)
        try:
            run(source, world, f"{task.name}-answer")
        except Exception:
            return False
        return not any(failure(cell, world) for cell in task.checks)

    def _judge(self, task: Task, world: Namespace) -> Result:
        marks, slowest, said = 0.0, 0.0, []
        for cell in task.checks:
            watch = Stopwatch()
            text = failure(cell, world)
            slowest = max(slowest, watch.work)
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


class Stopwatch:
    """What has happened since it was made, in seconds."""

    def __init__(self) -> None:
        self._processor, self._wall = time.process_time(), time.perf_counter()

    @property
    def wall(self) -> float:
        """What a clock on the wall shows."""
        return time.perf_counter() - self._wall

    @property
    def work(self) -> float:
        """What this process has computed, and no more than has passed.

        On a busy computer time passes while a process waits for its turn; on one with many cores
        threads that only wait for each other count as computing. The smaller number is fair to an
        answer on both.
        """
        return min(time.process_time() - self._processor, self.wall)


@contextlib.contextmanager
def time_limit(seconds: float, patience: float = PATIENCE) -> Iterator[None]:
    """Stop Python code of the main thread with a `TimeoutError` that does more than `seconds` of
    work, or takes more than `patience` times as long in all, as one that sleeps does.

    Works on every system; the interruption waits for a call into a library to return.
    """
    lock, over, fired, watch = threading.Lock(), threading.Event(), False, Stopwatch()

    def guard() -> None:
        nonlocal fired
        while not over.wait(min(0.05, seconds / 10)):
            if watch.work >= seconds or watch.wall >= patience * seconds:
                with lock:
                    if not over.is_set():
                        fired = True
                        _thread.interrupt_main()
                # Again if need be: an error that is raised while Python clears up is lost.
                over.wait(1.0)

    threading.Thread(target=guard, daemon=True).start()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
    with lock:
        over.set()
    if fired:
        if not isinstance(error, KeyboardInterrupt):
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(1.0)  # the interruption is on its way; let it come here
        raise TimeoutError(
            f"the answer was stopped after {watch.work:.1f} s of work in {watch.wall:.1f} s"
        ) from None
    if error is not None:
        raise error
