"""The judge, which runs the unchanged checks of a task on a stand-in for the student's function."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from typing import Any

from instructor.answers import UNNAMED
from instructor.content import Cell, Exercise, Task
from instructor.course.judging.cells import definitions
from instructor.course.judging.patience import GivenUp, patience
from instructor.course.judging.peer import Peer
from instructor.course.judging.sandbox import bubblewrap, start
from instructor.course.judging.watching import derived, seeded, texts, watched_there
from instructor.course.judging.wire import ENDED, MOST_IN_ALL, OVER, Broken, Message
from instructor.limits import SECONDS, Stopwatch
from instructor.trial import Failure, Result, Trial, failure

WALL = 60.0  # seconds for one check, with all that it waits for
CELLS_WALL = 120.0  # and for the cells of a submission
ALL_WALL = 300.0  # and for a submission as a whole, or a patient one holds up the class
WORK = 4 * SECONDS  # of the judge itself in one check, in which the player's calls are answered
Cells = Sequence[tuple[str, str]]  # name and source
World = dict[str, Any]


class Judge:
    """Marks submissions to one exercise; `with Judge(exercise) as judge`.

    Args:
        exercise: The exercise, with its checks.
        protected: Whether players run inside bubblewrap; None for if it is installed.

    Raises:
        ValueError: `protected` is True, but there is no bubblewrap.
    """

    def __init__(self, exercise: Exercise, *, protected: bool | None = None) -> None:
        self._bwrap = bubblewrap() if protected is not False else None
        if protected and self._bwrap is None:
            raise ValueError("protected is True, and bubblewrap is not there; install it")
        self.exercise = exercise
        self._trial = Trial(exercise)
        self._setup = [(f"setup-{i}", source) for i, source in enumerate(exercise.setup)]
        self._host: Any = None
        self._player: Any = None
        self._cells: Cells = ()
        self._notes: list[str] = []
        self._until = math.inf

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End the player, and the host of players."""
        if self._player is not None:
            self._player.close()
            self._player = None
        if self._host is not None:
            self._host.close()
            self._host = None

    def prepare(self) -> None:
        """Start the host of players, so that no submission waits for it.

        Raises:
            Unfit: It does not start.
        """
        if self._host is None:
            self._host = start(self._bwrap, self._setup)

    def take(self, cells: Cells) -> None:
        """Begin the next submission, with its cells in the order in which they are to run."""
        self._end_player()
        if self._host is not None and self._bwrap is not None and not self._host.apart:
            self.close()
        self._cells, self._notes = cells, []
        self._until = time.monotonic() + ALL_WALL

    def marks(self, task: Task, cells: Cells = (), *, seed: int = 0) -> Result:
        """Marks for the submission's definition of the task's name.

        `cells` run after those of the submission, for this task alone. `seed` is that of the
        checks' random numbers. `seconds` of the result is the elapsed time of the slowest check.
        """
        marks, slowest, failures = 0.0, 0.0, []
        with contextlib.suppress(Broken):  # a check tries again, and says it
            self._ready()  # is no check's time
        for cell in task.checks:
            watch = Stopwatch()
            failed = self._check(task, cell, cells, seed)
            slowest = max(slowest, watch.wall)
            if failed:
                failures.append(failed)
            else:
                marks += cell.points or 0.0
        return Result(marks, task.points, tuple(failures), slowest)

    def _check(self, task: Task, cell: Cell, cells: Cells, seed: int) -> Failure | None:
        told = ""
        for _ in range(2):  # a process that was lost may have met a computer without memory
            try:
                return self._once(task, cell, cells, seed)
            except Broken as error:
                told = str(error)
                if told == OVER or isinstance(error, GivenUp):
                    break
        return Failure(cell.grade_id, f"{task.name}: {told}", UNNAMED)

    def _once(self, task: Task, cell: Cell, cells: Cells, seed: int) -> Failure | None:
        player, clean = self._ready(), False
        peer = Peer("j", player.wire)
        player.wire.left = MOST_IN_ALL
        body = {"op": "begin", "task": task.name, "cells": [*cells], "seconds": SECONDS + 1}
        try:
            with self._patience(player, WALL):
                player.wire.send(Message(body))
                notes, answer = texts(peer.ask("notes")), peer.ask("answer")
                if answer is None:
                    text = f"the answer does not define {task.name}; keep the name in the stub"
                    told = "\n".join([text, *self._notes, *notes])
                    failed: Failure | None = Failure(cell.grade_id, told, UNNAMED)
                else:
                    failed = self._judged(
                        peer, {**self._trial.world, task.name: answer}, cell, seed
                    )
                if not peer.broken:
                    player.wire.send(Message({"op": "end"}))
                    clean = player.wire.receive().body.get("op") == "ended"
                return failed
        except Broken as error:
            if str(error).startswith(ENDED):
                raise Broken(self._end_player()) from error
            raise
        finally:
            if not clean:
                self._end_player()  # it may be in the middle of anything

    def _judged(self, peer: Peer, world: World, cell: Cell, seed: int) -> Failure | None:
        with seeded(derived(seed, "draws")), watched_there():
            failed = failure(cell, world, WORK, derived(seed, f"order of {cell.grade_id}"))
        if peer.why:  # a check that expects an error may have taken the end of the process for one
            raise Broken(peer.why)
        return failed

    def _patience(self, player: Any, seconds: float) -> contextlib.AbstractContextManager[None]:
        return patience(player, min(seconds, self._until - time.monotonic()))

    def _ready(self) -> Any:
        """The player, which has run the cells of the submission."""
        while self._player is None:
            if time.monotonic() > self._until:
                raise GivenUp(OVER)
            self._player = self._new_player()
            try:
                with self._patience(self._player, CELLS_WALL):
                    self._player.wire.send(Message({"op": "run", "cells": [*self._cells]}))
                    self._notes += texts(self._player.wire.receive().body.get("notes"))
            except Broken as error:
                told = self._end_player()
                if isinstance(error, GivenUp):
                    told = str(error)
                if not self._cells:
                    raise Broken(told) from None
                fewer = definitions(self._cells)
                self._cells = fewer if fewer != self._cells else ()
                self._notes = [f"{told}; so only what defines something was run"]
        return self._player

    def _new_player(self) -> Any:
        if self._host is not None:
            try:
                return self._host.player()
            except Broken:
                self.close()
        self.prepare()
        return self._host.player()

    def _end_player(self) -> str:
        """End the player; returns the message for the student."""
        player, self._player = self._player, None
        if player is None:
            return ""
        try:
            return player.end()
        except Broken:
            self.close()
            return f"{ENDED}, and more than that"
