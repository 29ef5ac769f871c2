"""Whether this process has nothing better to do than to draw what nobody has asked for yet."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from IPython import get_ipython

from course_utils.live.training_lock import no_training


class Forgets(Protocol):
    """Holds something that a cell may have made untrue."""

    def forget(self) -> None:
        """Drop it."""


class Idle:
    """Counts the work that is asked for, and lets other work be done in between.

    The random state of a process is one: a state that is computed beside a running cell or a
    training could change its numbers. So each waits until the other has ended.
    """

    def __init__(self) -> None:
        self._spare = threading.Lock()  # held by work that nobody asked for
        self._counting = threading.Lock()
        self._asked = 0
        self._in_cell = False
        self._shell: Any = None
        self._told: weakref.WeakSet[Forgets] = weakref.WeakSet()

    def watch_cells(self, told: Forgets) -> None:
        """Notice from now on when a cell runs; `told` is to forget what it knows when one begins.

        Called in a cell. Nothing happens outside IPython.
        """
        self._told.add(told)
        shell = get_ipython()
        if shell is None or shell is self._shell:
            return
        self._shell, self._in_cell = shell, True
        shell.events.register("pre_run_cell", self.begin_cell)
        shell.events.register("post_run_cell", self.end_cell)

    def begin_cell(self, _: object) -> None:
        """Wait for the work that nobody asked for, and allow none from now on."""
        self._in_cell = True
        self._wait_for_spare()
        for told in list(self._told):
            told.forget()

    def end_cell(self, _: object) -> None:
        """Allow work that nobody asked for."""
        self._in_cell = False

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Work that is asked for: it waits for other work in progress, and then none begins."""
        with self._counting:
            self._asked += 1
        try:
            self._wait_for_spare()
            yield
        finally:
            with self._counting:
                self._asked -= 1

    @contextmanager
    def spare(self) -> Iterator[bool]:
        """Work that nobody asked for; it must not be done if this gives False."""
        with self._spare, no_training() as none_trains:
            yield none_trains and not self._in_cell and not self._asked

    def _wait_for_spare(self) -> None:
        # What nobody asked for begins no more, for it looks at the flags once it has the lock.
        with self._spare:
            pass


idle = Idle()
