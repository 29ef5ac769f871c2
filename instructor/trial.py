"""Run the checks of a task on one answer in this process, as nbgrader would run them."""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import random
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest import mock

import torch

from course_utils.checks.report import Check
from course_utils.exercises import verdicts
from instructor.answers import UNNAMED
from instructor.content import Cell, Exercise, Task
from instructor.limits import SECONDS, Stopwatch, time_limit

Namespace = dict[str, Any]
LONGEST = 10_000  # characters that a learner reads from one check


@dataclass(frozen=True)
class Failure:
    """A failed check: its name, the text that the learner reads, and the id of the mistake.

    `broken` describes, for the instructor, an error of the check itself; "" if there is none.
    """

    check: str
    text: str
    mistake: str
    broken: str = ""


@dataclass(frozen=True)
class Result:
    """The result of a task's checks: marks (`marks` of `of`), failures, seconds of the slowest."""

    marks: float
    of: float
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def said(self) -> str:
        """All the text that a learner reads."""
        return "\n".join(failure.text for failure in self.failures)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The ids of the mistakes that were recognized, `UNNAMED` for each failure without."""
        return tuple(failure.mistake for failure in self.failures)

    @property
    def full(self) -> bool:
        """Whether all marks were given."""
        return self.marks == self.of


class Trial:
    """The checks of one exercise, prepared to run on any answer to one of its tasks."""

    def __init__(self, exercise: Exercise) -> None:
        load_what_pytorch_loads_late()
        self.exercise = exercise
        self.world: Namespace = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for source in exercise.setup:
                run(source, self.world, "setup")
            for task in exercise.tasks:
                run(task.model_answer, self.world, task.name)

    def of_answer(self, task: Task, answer: Any) -> Result:
        """Marks for a function or class in place of the model answer."""
        return self._judge(task, {**self.world, task.name: answer})

    def of_source(self, task: Task, source: str) -> Result:
        """Marks for the text of an answer; none if it does not run or defines another name."""
        world = {name: value for name, value in self.world.items() if name != task.name}
        text = f"the answer does not define {task.name}; keep the name in the stub"
        try:
            run(source, world, f"{task.name}-answer")
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
        else:
            if task.name in world:
                return self._judge(task, world)
        return Result(0.0, task.points, (Failure(task.name, text, UNNAMED),), 0.0)

    def accepts(self, task: Task, source: str) -> bool:
        """Whether the text of an answer gets full marks; the first check that fails decides."""
        world = dict(self.world)
        try:
            run(source, world, f"{task.name}-answer")
        except Exception:
            return False
        return not any(failure(cell, world) for cell in task.checks)

    def _judge(self, task: Task, world: Namespace) -> Result:
        marks, slowest, failures = 0.0, 0.0, []
        for cell in task.checks:
            watch = Stopwatch()
            failed = failure(cell, world)
            slowest = max(slowest, watch.work)
            if failed:
                failures.append(failed)
            else:
                marks += cell.points or 0.0
        return Result(marks, task.points, tuple(failures), slowest)


def load_what_pytorch_loads_late() -> None:
    """Make an optimizer, because the first one in a process loads a large part of PyTorch; else
    that would count as the work of the first answer."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()


def failure(
    cell: Cell, world: Namespace, seconds: float = SECONDS, order: int = 0
) -> Failure | None:
    """Run a check cell as under nbgrader; None if it passes within `seconds` of work.

    `order` is the seed of the random order in which `in_any_order` calls an answer.
    """
    under_nbgrader = mock.patch.dict(os.environ, NBGRADER_EXECUTION="autograde")
    quiet = contextlib.redirect_stdout(io.StringIO())
    in_order = mock.patch.object(verdicts, "dice", random.Random(order))
    with under_nbgrader, quiet, in_order, torch.random.fork_rng(devices=[]):
        try:
            with time_limit(seconds):
                run(cell.source, dict(world), cell.grade_id)
        except Exception as error:
            mistake = getattr(error, "mistake", "") or UNNAMED
            broken = own_error(error.__cause__ or error, cell.grade_id)[:LONGEST]
            text = broken or str(error)[:LONGEST] or type(error).__name__
            return Failure(cell.grade_id, text, mistake, broken)
    return None


def own_error(error: BaseException, check: str) -> str:
    """Describe an error of the check itself; "" if the answer may have caused it.

    It is the check's own error if one of its lines uses a name that does not exist. Any other error
    in its lines may be due to what the answer returned, such as None instead of a pair.
    """
    frames = [*traceback.walk_tb(error.__traceback__)]
    if not frames or not frames[-1][0].f_code.co_filename.startswith(f"<cell {check} "):
        return ""
    owner = error.obj if isinstance(error, AttributeError) else None
    if not isinstance(error, NameError | ImportError) and not isinstance(owner, ModuleType | Check):
        return ""
    (frame, line) = frames[-1]
    source = linecache.getline(frame.f_code.co_filename, line).strip()
    message = f"{type(error).__name__}: {error}"
    return f"the check {check} itself failed, line {line}, `{source}`: {message}"


def run(source: str, world: Namespace, name: str) -> None:
    """Execute the text of a cell in `world`; errors quote its lines, as in a notebook."""
    filename = f"<cell {name} {hash(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), world)
