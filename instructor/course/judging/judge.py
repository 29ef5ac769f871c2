"""The judge: the checks of a task run here, unchanged, on a stand-in for the student's function."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from unittest import mock

from instructor.answers import UNNAMED
from instructor.content import Exercise, Task
from instructor.course.judging.peer import Peer
from instructor.course.judging.sandbox import bubblewrap, kill, start, stop
from instructor.course.judging.stand_ins import StandIn
from instructor.course.judging.wire import Broken, Message, Wire
from instructor.limits import SECONDS, Stopwatch
from instructor.trial import Failure, Result, Trial, failure

WALL = 120.0  # seconds for one check, with all that it waits for
WORK = 4 * SECONDS  # of the judge itself in one check, in which the player's calls are answered
Cells = Sequence[tuple[str, str]]  # name and source

importlib.import_module("course_utils.exercises.attempt")
ATTEMPT = sys.modules["course_utils.exercises.attempt"]  # the function of that name hides it


class Judge:
    """Marks answers to one exercise; `with Judge(exercise) as judge`.

    Args:
        protected: Whether players run inside bubblewrap; None for where it is there.

    Raises:
        ValueError: `protected` is True, and there is no bubblewrap.
    """

    def __init__(self, exercise: Exercise, *, protected: bool | None = None) -> None:
        self._bwrap = bubblewrap() if protected is not False else None
        if protected and self._bwrap is None:
            raise ValueError("protected is True, and bubblewrap is not there; install it")
        self._trial = Trial(exercise)
        self._setup = [(f"setup-{i}", source) for i, source in enumerate(exercise.setup)]
        self._player: Any = None
        self._wire: Wire | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End the player."""
        if self._player is not None:
            stop(self._player)
            self._player = None

    def marks(self, task: Task, cells: Cells) -> Result:
        """Marks for what `cells` define under the task's name, executed in this order.

        `seconds` of the result are those on the wall, of the slowest check.
        """
        marks, slowest, failures = 0.0, 0.0, []
        for cell in task.checks:
            watch = Stopwatch()
            failed = self._check(task, cell, cells)
            slowest = max(slowest, watch.wall)
            if failed:
                failures.append(failed)
            else:
                marks += cell.points or 0.0
        return Result(marks, task.points, tuple(failures), slowest)

    def _check(self, task: Task, cell: Any, cells: Cells) -> Failure | None:
        try:
            with self._patience(), self._answer(task, cells) as (answer, notes):
                if answer is None:
                    text = f"the answer defines no {task.name}; keep the name in the stub"
                    return Failure(cell.grade_id, "\n".join([text, *notes]), UNNAMED)
                world = {**self._trial.world, task.name: answer}
                with mock.patch.object(ATTEMPT, "_watching", _watching):
                    return failure(cell, world, WORK)
        except Broken as error:
            return Failure(cell.grade_id, f"{task.name}: {error}", UNNAMED)

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        """End a player that does not answer: waiting for it, this process hears of nothing else."""

        def over() -> None:
            if self._player is not None:
                kill(self._player)

        timer = threading.Timer(WALL, over)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    @contextlib.contextmanager
    def _answer(self, task: Task, cells: Cells) -> Iterator[tuple[Any, list[str]]]:
        wire = self._ready()
        body = {"op": "begin", "task": task.name, "cells": [*cells], "seconds": SECONDS + 1}
        peer, ended = Peer("j", wire), False
        try:
            wire.send(Message(body))
            notes = _texts(peer.ask("notes"))
            yield peer.ask("answer"), notes
            if not peer.broken:
                wire.send(Message({"op": "end"}))
                ended = wire.receive().body.get("op") == "ended"
        finally:
            if not ended:
                self.close()  # it may be in the middle of anything

    def _ready(self) -> Wire:
        if self._player is None:
            self._player = start(self._bwrap)
            self._wire = Wire(self._player.stdout, self._player.stdin)
            self._wire.send(Message({"op": "prepare", "cells": self._setup}))
            self._wire.receive()
        assert self._wire is not None
        return self._wire


@contextlib.contextmanager
def _watching(answer: Any, forbidden: Iterable[Any]) -> Iterator[set[str]]:
    """Let the player look for calls of `forbidden` functions in the answer's own lines."""
    used: set[str] = set()
    functions = [place for function in forbidden for place in [_place(function)] if place]
    if not functions or not isinstance(answer, StandIn):
        yield used
        return
    # Looked for where the code runs, by what the code may have changed: it tells honest students
    # what they must not use, and is a hint for a person where somebody evades it.
    peer = answer.peer
    peer.ask("watch", functions=functions)
    yield used
    if not peer.broken:
        used.update(_texts(peer.ask("watched")))


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Broken("something else than a list of texts came back")
    return value


def _place(function: Any) -> list[str] | None:
    """The module and the name under which a function is found."""
    named = (getattr(function, "__module__", None), getattr(function, "__qualname__", ""))
    homes = ("torch", "torch.nn.functional", "torch._C._nn")
    places = [named, *((home, named[1]) for home in homes)]
    for home, name in places:
        thing: Any = sys.modules.get(home or "")
        for part in name.split("."):
            thing = getattr(thing, part, None)
        if thing is function:
            return [str(home), name]
    return None
