"""A panel's background worker: it runs one job at a time, and a new job cancels the one before."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing

# A job does a step of work between two yields; each yields how many seconds to rest before the next
# step. It is cancelled by closing the generator at a yield, so its `finally` blocks run.
Job = Callable[[], Generator[float, None, None]]

LINGER = 5.0  # seconds after which an idle thread ends


class Worker:
    """Runs jobs one at a time on a thread of its own.

    A slider can send changes faster than they can be drawn, so only the newest job counts: `submit`
    replaces the waiting job, and cancels the running one at its next yield. `on_error` is called
    with whatever a job raises.
    """

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._changed = threading.Condition()
        self._waiting: Job | None = None
        self._running = False
        self._cancelled = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Run `job` as soon as the one before it has stopped. Returns at once."""
        with self._changed:
            self._waiting = job
            self._cancelled = True  # the running job, if there is one
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="live", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self) -> None:
        """Stop the running job at its next yield, and drop the waiting one. Returns at once."""
        with self._changed:
            self._waiting = None
            self._cancelled = True
            self._changed.notify_all()

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._changed:
            return self._running or self._waiting is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing runs or waits. False if `timeout` seconds did not suffice."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a job cannot wait for its own worker; return from it instead")
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._running and self._waiting is None, timeout
            )

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting is not None, LINGER):
                    self._thread = None
                    return
                job, self._waiting = self._waiting, None
                self._running, self._cancelled = True, False
            assert job is not None
            try:
                self._run(job)
            except BaseException as error:  # a computation may call sys.exit
                self._on_error(error)
            finally:
                with self._changed:
                    self._running = False
                    self._changed.notify_all()

    def _run(self, job: Job) -> None:
        with closing(job()) as steps:
            for rest in steps:
                with self._changed:
                    if self._changed.wait_for(lambda: self._cancelled, rest):
                        return
