"""Workers: threads here or on a cluster, each with a marking process of its own.

An answer that harms its marking process harms no other job, and nothing here loads PyTorch.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from instructor.content import ROOT
from instructor.course.jobs import Ahead, Job, NotMarked
from instructor.course.judging.sandbox import Unfit

OVER = "the run has ended"
LOST = "the process that marked it was lost twice; it may have taken all memory"

COMMAND = [sys.executable, "-m", "instructor.course.apart"]

_mine = threading.local()  # the process of each thread, and the run that it works for
_all: set[Process] = set()
_run = 0  # counts the runs that have ended
_starting = threading.Lock()  # so that no two processes choose the same core, and none is missed


def processes(workers: int) -> Executor:
    """Workers on this computer."""
    return ThreadPoolExecutor(workers, initializer=_work_for, initargs=(_run,))


def _work_for(run: int) -> None:
    _mine.run = run


def mark(job: Job) -> dict[str, Any]:
    """The record of a submission, as JSON. If the marking process is lost, it tries once more.

    Raises:
        Unfit: Nothing can be marked on this computer as it is.
        NotMarked: This one could not be marked.
    """
    for _ in range(2):
        process = _own()
        try:
            return process.mark(job)
        except (EOFError, OSError):
            if process.ended:
                break  # by `release`
            process.end()
        except Unfit:
            # A process started for an earlier run may have loaded an earlier version of the course.
            process.end()
            if process.fresh:
                raise
    raise NotMarked(LOST)


def prepare(ahead: Ahead) -> None:
    """Start this thread's marking process, and all that its jobs will need.

    Raises:
        Exception: It does not start, or is lost. The first job tries it again, and says so.
    """
    process = _own()
    try:
        process.ask(ahead)
    except BaseException:
        process.end()
        raise


def _own() -> Process:
    """The marking process of this thread."""
    process: Process | None = getattr(_mine, "process", None)
    if process is None or process.ended:
        process = _mine.process = Process()
    return process


def release() -> None:
    """End all marking processes of this process at once; the present workers start no more."""
    global _run
    with _starting:
        _run += 1
    for process in list(_all):
        process.end()


class Process:
    """A process that marks, and ends with this one.

    Raises:
        Unfit: It does not start.
        NotMarked: The run has ended.
    """

    def __init__(self) -> None:
        self.ended, self.fresh = False, True
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        with _starting:
            if getattr(_mine, "run", _run) != _run:
                raise NotMarked(OVER)
            self.core = _least_used_core()
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # There are as many processes as cores, so each has one thread.
                env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                start_new_session=os.name == "posix",  # so that Ctrl-C reaches only this process
            )
            _all.add(self)
        self._stay_on_its_core()
        try:
            self._hear()
        except (EOFError, OSError):
            self.end()
            raise Unfit("the process that marks does not start; what it said is above") from None

    def _stay_on_its_core(self) -> None:
        """Keep this process on one core, with all that it will start.

        A judge and its player take turns. On one core the first hands over to the second; between
        two, an idle core is woken each time, hundreds of times for a submission, and on a virtual
        machine that takes longer than the work.
        """
        if self.core is not None:
            with contextlib.suppress(OSError):  # it marks on any core as well
                os.sched_setaffinity(self._process.pid, {self.core})

    def mark(self, job: Job) -> dict[str, Any]:
        """The record of a submission.

        Raises:
            EOFError, OSError: The process is lost.
            Unfit, NotMarked: As in `marking.mark`.
        """
        told: dict[str, Any] = self.ask(job)
        self.fresh = False
        return told

    def ask(self, job: Job | Ahead) -> Any:
        """What it answers.

        Raises:
            As `mark`.
        """
        assert self._process.stdin is not None
        pickle.dump(job, self._process.stdin)
        self._process.stdin.flush()
        told = self._hear()
        if isinstance(told, Exception):
            raise told
        return told

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (pickle.UnpicklingError, ValueError) as error:  # half an answer, or a closed pipe
            raise EOFError(str(error)) from None

    def end(self) -> None:
        """End the process at once; its present job is not done."""
        self.ended = True
        _all.discard(self)
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # half a job may be in it
                pipe.close()  # type: ignore[union-attr]


def _least_used_core() -> int | None:
    """The core with the fewest marking processes; None where the system does not let us choose."""
    if sys.platform != "linux":
        return None
    used = [process.core for process in list(_all)]
    return min(sorted(os.sched_getaffinity(0)), key=used.count)
