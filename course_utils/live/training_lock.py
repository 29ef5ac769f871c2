"""A lock that lets one training run at a time in this process, and PyTorch's thread count for it.

When the threads of two trainings compete for two cores, a fleet that takes two seconds alone takes
thirty.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_users_lock = threading.Lock()  # guards the next two
_users = 0  # how many trainings have set the thread count now
_usual_threads = 0  # the thread count before the first of them


def training_threads() -> int:
    """How many threads a training uses: all cores but one, and at most 4.

    One core is left for scoring and for serving the browser. The models of the course are small,
    and more than four threads would wait for each other.
    """
    return max(1, min(4, (os.cpu_count() or 1) - 1))


@contextmanager
def limited_threads() -> Iterator[None]:
    """Set PyTorch's thread count for training, and restore the usual one at the end."""
    global _users, _usual_threads
    with _users_lock:
        if _users == 0:
            _usual_threads = torch.get_num_threads()
        _users += 1
    torch.set_num_threads(training_threads())
    try:
        yield
    finally:
        # PyTorch also keeps the number per thread, so each user restores it in its own thread.
        torch.set_num_threads(_usual_threads)
        with _users_lock:
            _users -= 1


def acquire_training_lock() -> Iterator[float]:
    """Wait for the lock, as an iterator, so that a waiting job can be cancelled at each yield.

    Yields 0 while another training runs. Once the iterator is exhausted, the caller holds the lock
    and must call `release_training_lock`; if it is closed before, the caller does not hold it.
    """
    while not _lock.acquire(timeout=0.05):
        yield 0.0


def release_training_lock() -> None:
    """Let the next training begin."""
    _lock.release()


@contextmanager
def no_training() -> Iterator[bool]:
    """Let no training begin meanwhile; False, at once, if one runs."""
    free = _lock.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            _lock.release()
