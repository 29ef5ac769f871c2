"""Make forks cheap: gather memory in large pages, and do not write into it.

A fork copies an entry for each page of its parent, and lets go of it when it ends. PyTorch takes up
to 400 MB, which are 100,000 pages of the usual size but 200 large ones.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Iterator

# From <asm-generic/mman-common.h>; Linux knows the second one since 6.1, and refuses it before.
HUGE_PAGES, COLLAPSE = 14, 25
LARGE = 2 << 20  # bytes of a large page


def settle() -> None:
    """Let the garbage collector leave alone what there is now, before this process is forked.

    A collection writes into every object that it looks at, so that a fork has to copy nearly all of
    PyTorch's and the course's, and does so again and again.
    """
    gc.collect()
    gc.freeze()


def gather() -> None:
    """Move what this process has written into large pages, where the system can do that."""
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with open("/proc/self/maps") as file:
        found = list(places(file))
    for begin, end in found:
        # Both may be refused: nothing but the time of a fork depends on them.
        advise(begin, end - begin, HUGE_PAGES)
        advise(begin, end - begin, COLLAPSE)


def places(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The parts of memory that can be large pages: of no file, written, and long enough.

    `maps` are the lines of /proc/PID/maps.
    """
    for line in maps:
        place, rights, _, _, inode, *_ = line.split()
        begin, end = (int(text, 16) for text in place.split("-"))
        begin, end = -(-begin // LARGE) * LARGE, end // LARGE * LARGE
        if rights == "rw-p" and inode == "0" and begin < end:
            yield begin, end
