"""One training at a time in this process, with a thread count chosen on purpose.

Threads of two trainings that fight for two cores make a fleet of two seconds take thirty.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_counting = threading.Lock()
_users = 0
_usual_threads = 0


def training_threads() -> int:
    """How many threads a training uses: all cores but one, which scores, and serves the browser; at
    most 4.

    The models here are small: more threads would wait for each other.
    """
    return max(1, min(4, (os.cpu_count() or 1) - 1))


@contextmanager
def limited_threads() -> Iterator[None]:
    """Set PyTorch's thread count for training, and give back the usual one at the end."""
    global _users, _usual_threads
    with _counting:
        if _users == 0:
            _usual_threads = torch.get_num_threads()
        _users += 1
    torch.set_num_threads(training_threads())
    try:
        yield
    finally:
        # PyTorch keeps the number for each thread too, so each user sets it back for itself.
        torch.set_num_threads(_usual_threads)
        with _counting:
            _users -= 1


def acquire_training_lock() -> Iterator[float]:
    """Wait for the lock, as an iterator, so that whoever waits can be cancelled.

    Yields 0 while another training runs. When it ends without having been closed, the caller
    holds the lock, and must call `release_training_lock`.
    """
    while not _lock.acquire(timeout=0.05):
        yield 0.0


def release_training_lock() -> None:
    """Let the next training begin."""
    _lock.release()
