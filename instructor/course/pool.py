"""Jobs go to workers, and come back as they are done; a worker that dies costs nobody else a mark.

Workers are any `concurrent.futures.Executor`: processes of this computer, or a cluster's.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Any

from instructor.course.marking import Job, NotMarked, mark, prepare

WINDOW = 3  # jobs for each worker that are under way at once; the others wait here, unread
LOST = "the process that marked it was lost twice; it may have taken all memory"

Done = tuple[Job, dict[str, Any] | str]  # the record, or why there is none


def processes(workers: int) -> Executor:
    """Worker processes of this computer, which import PyTorch once."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=prepare)


def results(
    jobs: Iterable[Job], make: Callable[[int], Executor] = processes, workers: int = 1
) -> Iterator[Done]:
    """What comes of each job, in the order in which they are done."""
    todo = iter(jobs)
    while True:
        suspects: list[Job] = []
        yield from _in_one_pool(todo, make(workers), workers, suspects)
        if not suspects:
            return
        # One of these has ended its worker, and with it the pool: alone, each tells for itself.
        for job in suspects:
            again: list[Job] = []
            yield from _in_one_pool(iter([job]), make(1), 1, again)
            if again:
                yield job, LOST


def _in_one_pool(
    todo: Iterator[Job], pool: Executor, workers: int, suspects: list[Job]
) -> Iterator[Done]:
    """Results until all is done or the pool is broken; then `suspects` has what was under way."""
    under_way: dict[Future[dict[str, Any]], Job] = {}
    try:
        while True:
            while len(under_way) < WINDOW * workers and not suspects:
                job = next(todo, None)
                if job is None:
                    break
                try:
                    under_way[pool.submit(mark, job)] = job
                except BrokenExecutor:
                    suspects.append(job)
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                job = under_way.pop(future)
                try:
                    result: dict[str, Any] | str = future.result()
                except BrokenExecutor:
                    suspects.append(job)
                    continue
                except NotMarked as error:
                    result = str(error)
                yield job, result
    except BaseException:
        _stop(pool)
        raise
    finally:
        with contextlib.suppress(BrokenExecutor):
            pool.shutdown(wait=False, cancel_futures=True)


def _stop(pool: Executor) -> None:
    """End the processes of this computer at once; what they were at is not done."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.kill()
