"""Send jobs to workers, and yield the results in the order in which they are done.

Workers are any `concurrent.futures.Executor`: threads here, each with a marking process, or the
threads of a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from typing import Any

from instructor.course.jobs import Ahead, Job, NotMarked
from instructor.course.workers import mark, prepare, processes, release

WINDOW = 3  # jobs sent to each worker at once; the others are not even read yet

Done = tuple[Job, dict[str, Any] | str]  # the record, or why there is none


@contextmanager
def started(
    make: Callable[[int], Executor] = processes, workers: int = 1, ahead: Ahead | None = None
) -> Iterator[Executor]:
    """The workers, which end with the `with` body.

    With `ahead`, those of this computer start at once, and not with their first job.
    """
    pool = make(workers)
    try:
        if ahead and make is processes:
            for _ in range(workers):
                pool.submit(prepare, ahead)
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        release()


def results(jobs: Iterable[Job], pool: Executor, workers: int = 1) -> Iterator[Done]:
    """The result of each job, in the order in which they are done."""
    todo = iter(jobs)
    under_way: dict[Future[dict[str, Any]], Job] = {}
    while True:
        while len(under_way) < WINDOW * workers:
            job = next(todo, None)
            if job is None:
                break
            under_way[pool.submit(mark, job)] = job
        if not under_way:
            return
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            job = under_way.pop(future)
            try:
                result: dict[str, Any] | str = future.result()
            except NotMarked as error:
                result = str(error)
            yield job, result
