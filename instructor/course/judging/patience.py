"""Limit how long the judge waits for a player, and how much memory and processes it uses meanwhile.

The system's limits apply to each process alone, and not to root's processes. Here all processes of
a submission are counted together, from outside, and ended if they use too much.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from instructor.course.judging.wire import OVER, Broken

TICK = 0.1  # seconds between two looks
MEMORY = 4 << 30  # bytes that the processes of one submission may take together
PROCESSES = 64  # of one submission, with their threads
TOO_LARGE = f"your code was stopped: it took more than {MEMORY >> 30} GB of memory"
TOO_MANY = f"your code was stopped: it started more than {PROCESSES} processes and threads"


class GivenUp(Broken):
    """The other side took too long or used too much; another try would end the same way."""


class Waited(Protocol):
    """A player that somebody waits for."""

    def cut(self) -> None:
        """Wake up whoever waits for its answer; may be called from any thread."""

    def too_much(self) -> str:
        """What it has taken too much of, in words for a student; "" as long as it has not."""


@contextlib.contextmanager
def patience(player: Waited, seconds: float) -> Iterator[None]:
    """Give up on a player that does not answer, or takes too much: waiting, this process hears of
    nothing else.

    Raises:
        GivenUp: It was, whatever came of that; the message says why.
    """
    over, told = threading.Event(), [""]
    end = time.monotonic() + seconds

    def watch() -> None:
        while not over.wait(max(0.0, min(TICK, end - time.monotonic()))):
            told[0] = OVER if time.monotonic() >= end else player.too_much()
            if told[0]:
                player.cut()
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    except Broken as error:
        if told[0]:
            raise GivenUp(told[0]) from error
        raise
    finally:
        over.set()
        watching.join()


class Family:
    """All that a process has started, counted from now on; what there is already costs nothing."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        here = list(self._members())
        self._threads = sum(threads for _, threads in here)
        # Whoever is forked has the same pages, until it writes into them.
        self._shared = max((size for size, _ in here), default=0)

    def too_much(self) -> str:
        """Which of the limits is broken, in words for a student; "" as long as none is."""
        size, threads = 0, -self._threads
        for own, some in self._members():
            size, threads = size + max(0, own - self._shared), threads + some
            if threads > PROCESSES:
                return TOO_MANY
            if size > MEMORY:
                return TOO_LARGE
        return ""

    def _members(self) -> Iterator[tuple[int, int]]:
        """Memory of their own, in bytes, and the threads of all processes below the parent."""
        todo = [self._parent] if sys.platform == "linux" else []
        while todo:
            home = Path("/proc") / str(todo.pop())
            with contextlib.suppress(OSError, ValueError):  # it has ended since
                for path in home.glob("task/[0-9]*/children"):
                    todo += [int(child) for child in path.read_text().split()]
                yield _taken((home / "status").read_text())


def _taken(status: str) -> tuple[int, int]:
    told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    sizes = [told.get(name, "0 kB").split()[0] for name in ("RssAnon", "RssShmem")]
    return sum(map(int, sizes)) << 10, int(told.get("Threads", "1"))
