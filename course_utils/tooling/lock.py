"""One set-up at a time: a second `start.py` in the same folder waits for the first."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(file: IO[bytes]) -> bool:
    """Lock an open file for this process, until it is closed; False where another holds it."""
    try:
        _take(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # this disk has no locks, so go on without one
    return True


@contextmanager
def setup_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` inside; the system releases it even if the process is killed."""
    with path.open("ab") as file:
        if not try_lock(file):
            print("Another start.py is setting up this folder. Waiting for it ...", flush=True)
            while not try_lock(file):
                time.sleep(0.5)
        yield
