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


def _is_free(file: IO[bytes]) -> bool:
    try:
        _take(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # this disk knows no locks; going on without is all that is left
    return True


@contextmanager
def setup_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` inside; the system lets go of it even if the process is killed."""
    with path.open("ab") as file:
        if not _is_free(file):
            print("Another start.py is setting up this folder. Waiting for it ...", flush=True)
            while not _is_free(file):
                time.sleep(0.5)
        yield
