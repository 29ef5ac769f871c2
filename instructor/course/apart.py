"""The marking process: ``python -m instructor.course.apart``, which `workers` starts.

It reads jobs from standard input and writes the result of each to standard output, as pickles: both
ends are our own code, and no student's code runs in this process. It ends with the process that
started it.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
from typing import BinaryIO

from instructor.course.jobs import Ahead, Job, NotMarked, code_digest
from instructor.course.judging.sandbox import Unfit


def main() -> None:
    """Mark one job after the other."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # a check must not print into the results
        os.dup2(nowhere, stream)
    code_digest()
    from instructor.course.marking import mark, prepare  # loads PyTorch

    jobs: queue.SimpleQueue[Job | Ahead] = queue.SimpleQueue()
    threading.Thread(target=_take, args=(source, jobs), daemon=True).start()
    _tell(target, None)
    while True:
        job = jobs.get()
        told: object = None
        try:
            if isinstance(job, Job):
                told = mark(job)
            else:
                prepare(job)
        except (NotMarked, Unfit) as error:
            told = error
        _tell(target, told)


def _take(source: BinaryIO, jobs: queue.SimpleQueue[Job | Ahead]) -> None:
    while True:
        try:
            jobs.put(pickle.load(source))
        except (EOFError, OSError):
            os._exit(0)  # the process that sent the jobs is gone


def _tell(target: BinaryIO, told: object) -> None:
    pickle.dump(told, target)
    target.flush()


if __name__ == "__main__":
    main()
