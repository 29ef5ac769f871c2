"""Use the workers of a Dask cluster, for ``course grade --scheduler ADDRESS``.

A submission is sent as bytes and its record comes back as data: the workers share no disk with this
computer, but need the course and its packages. Each of their threads has a marking process, like
the workers here (see `workers`). If a worker dies, Dask gives its jobs to another one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from instructor.course.jobs import NotMarked

WAIT = 60  # seconds for the scheduler to answer, and for its first worker
INSTALL = "python3 start.py setup instructor cluster"


class Cluster(Executor):
    """An executor whose threads are those of a cluster's workers; `threads` is their number.

    Raises:
        RuntimeError: It cannot be used; the message says why and what to do.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise RuntimeError(
                f"--scheduler needs the package distributed; `{INSTALL}` brings it"
            ) from None
        self._killed = distributed.KilledWorker
        try:
            self._client = distributed.Client(address, timeout=WAIT)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"no scheduler answers at {address}: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=WAIT)
            self._client.run(there)
        except TimeoutError:
            self._client.close()
            raise RuntimeError(
                f"the scheduler at {address} has no worker; start `dask worker {address}`"
            ) from None
        except ImportError as error:
            self._client.close()
            raise RuntimeError(
                f"the workers of {address} have no course ({error}); start each in a copy of it, "
                f"after `{INSTALL}` there"
            ) from error
        self.threads: int = sum(self._client.nthreads().values())
        self._pool = self._client.get_executor(pure=False)

    def submit(self, run: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Call a function with data on a worker, which imports the function by its name."""
        done: Future[Any] = Future()
        there = self._pool.submit(run, *args, **options)
        there.add_done_callback(lambda future: self._pass_on(future, done))
        return done

    def _pass_on(self, there: Future[Any], done: Future[Any]) -> None:
        if there.cancelled():
            done.set_exception(RuntimeError("the connection to the scheduler was lost"))
            return
        error = there.exception()
        if isinstance(error, self._killed):  # several workers died one after the other
            error = NotMarked(f"workers of the cluster were lost over it: {error}")
        if error is None:
            done.set_result(there.result())
        else:
            done.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the connection to the cluster, which runs on."""
        self._pool.shutdown(wait=wait)
        self._client.close()


def there() -> None:
    """Do nothing; called on a worker to test that it can import the course."""
