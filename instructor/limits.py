"""Limit how long an answer may take, by processor time and, more loosely, by the wall clock."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Iterator

SECONDS = 2.0  # of processor time for one check; an answer that takes longer is stopped
PATIENCE = 30  # the limit on the wall clock, as a multiple of that, for a busy computer


class Stopwatch:
    """Measures the seconds since it was made."""

    def __init__(self) -> None:
        self._processor, self._wall = time.process_time(), time.perf_counter()

    @property
    def wall(self) -> float:
        """Elapsed time, in seconds."""
        return time.perf_counter() - self._wall

    @property
    def work(self) -> float:
        """Processor time of this process or elapsed time, whichever is smaller, in seconds.

        On a busy computer the elapsed time includes waiting for the processor; on one with many
        cores the processor time includes threads that only wait for each other. The smaller of the
        two is fair to an answer on both.
        """
        return min(time.process_time() - self._processor, self.wall)


@contextlib.contextmanager
def time_limit(seconds: float, patience: float = PATIENCE) -> Iterator[None]:
    """Raise `TimeoutError` in the body after `seconds` of work.

    Also after `patience` times that much elapsed time, for code that sleeps. Works on every system,
    but only in the main thread, and a call into a library is interrupted only when it returns.
    """
    lock, over, fired, watch = threading.Lock(), threading.Event(), False, Stopwatch()

    def guard() -> None:
        nonlocal fired
        while not over.wait(min(0.05, seconds / 10)):
            if watch.work >= seconds or watch.wall >= patience * seconds:
                with lock:
                    if not over.is_set():
                        fired = True
                        _thread.interrupt_main()
                # Repeated if necessary: an error raised while Python cleans up objects is lost.
                over.wait(1.0)

    # A program started in the background ignores interruptions, but an answer must not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=guard, daemon=True).start()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
    with lock:
        over.set()
    if fired and not isinstance(error, KeyboardInterrupt):
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(1.0)  # the interruption may still arrive: wait for it here
    signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if fired:
        raise TimeoutError(
            f"the answer was stopped after {watch.work:.1f} s of work in {watch.wall:.1f} s"
        ) from None
    if error is not None:
        raise error
