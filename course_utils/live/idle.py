"""Whether this process has nothing better to do than to draw what nobody has asked for yet."""

import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from IPython import get_ipython
from IPython.core.error import InputRejected

from course_utils.live.training_lock import no_training
from course_utils.live.undisturbed import undisturbed


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
        self._in_cells: set[int] = set()  # the threads in which a cell runs
        self._shell: Any = None
        self._told: weakref.WeakSet[Forgets] = weakref.WeakSet()

    def watch_cells(self, told: Forgets) -> bool:
        """Notice from now on when a cell runs; `told` is to forget what it knows when one begins.

        False outside IPython, where no cell is noticed.
        """
        self._told.add(told)
        shell = get_ipython()
        if shell is None:
            return False
        if shell is not self._shell:
            self._shell = shell
            # A button's callback has a thread of its own, and a cell may run beside it.
            here = threading.current_thread() if cells_around() else threading.main_thread()
            self._in_cells.add(here.ident or 0)
            shell.events.register("pre_run_cell", self.begin_cell)
            shell.events.register("post_run_cell", self.end_cell)
        return True

    def begin_cell(self, _: object) -> None:
        """Wait for the work that nobody asked for, and allow none from now on."""
        self._in_cells.add(threading.get_ident())
        with ExitStack() as stack:
            # All forget, even if one cannot.
            for told in list(self._told):
                stack.callback(told.forget)
            try:
                self._wait_for_spare()
            except KeyboardInterrupt:
                if self._shell is None:
                    raise
                # IPython would print it and run the cell, beside the work that it waited for.
                self._shell.ast_transformers.append(Rejects())

    def end_cell(self, _: object) -> None:
        """Allow work that nobody asked for, unless the cell was run by another one."""
        if self._shell is not None:
            # What is no Python is rejected before, so this one may be left.
            kept = [one for one in self._shell.ast_transformers if not isinstance(one, Rejects)]
            self._shell.ast_transformers[:] = kept
        if not cells_around():
            self._in_cells.discard(threading.get_ident())

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
        """Work that nobody asked for; it must not be done if this gives False.

        What code shares is put back at the end.
        """
        with self._spare, no_training() as none_trains:
            if not none_trains or self._in_cells or self._asked:
                yield False
                return
            with undisturbed():
                yield True

    def _wait_for_spare(self) -> None:
        # What nobody asked for begins no more, for it looks at the flags once it has the lock.
        with self._spare:
            pass


class Interrupted(InputRejected):
    """The learner has interrupted a cell before it began."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


class Rejects:
    """In the place of a transformer of the shell: lets it run no code."""

    def visit(self, node: object) -> object:
        """Raise `Interrupted`."""
        raise Interrupted("the cell was stopped before it began; run it again")


def cells_around() -> int:
    """How many cells the present thread is in: one can run another.

    IPython tells of the end of each, also of one so empty that it never told of its beginning.
    """
    count, frame = 0, sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        count += frame.f_code.co_name == "run_cell_async"
    return count


idle = Idle()
