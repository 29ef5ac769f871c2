"""How long an answer may take, and what counts as its time."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Iterator

SECONDS = 2.0  # of work; no check takes longer, and an answer that does is stopped
PATIENCE = 30  # times that long a check may take by the wall clock, on a computer that is busy


class Stopwatch:
    """What has happened since it was made, in seconds."""

    def __init__(self) -> None:
        self._processor, self._wall = time.process_time(), time.perf_counter()

    @property
    def wall(self) -> float:
        """What a clock on the wall shows."""
        return time.perf_counter() - self._wall

    @property
    def work(self) -> float:
        """What this process has computed, and no more than has passed.

        On a busy computer time passes while a process waits for its turn; on one with many cores
        threads that only wait for each other count as computing. The smaller number is fair to an
        answer on both.
        """
        return min(time.process_time() - self._processor, self.wall)


@contextlib.contextmanager
def time_limit(seconds: float, patience: float = PATIENCE) -> Iterator[None]:
    """Stop Python code of the main thread with a `TimeoutError` that does more than `seconds` of
    work, or takes more than `patience` times as long in all, as one that sleeps does.

    Works on every system; the interruption waits for a call into a library to return.
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
                # Again if need be: an error that is raised while Python clears up is lost.
                over.wait(1.0)

    # A program that was started in the background ignores interruptions; an answer must not.
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
            time.sleep(1.0)  # the interruption is on its way; let it come here
    signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if fired:
        raise TimeoutError(
            f"the answer was stopped after {watch.work:.1f} s of work in {watch.wall:.1f} s"
        ) from None
    if error is not None:
        raise error
