"""Each check is run in a fork, which must not copy what the warm process has prepared."""

import mmap
import subprocess
import sys
from collections.abc import Iterator

import pytest

from instructor.course.judging import pages
from instructor.course.judging.peer import Peer
from instructor.course.judging.sandbox import Host, start
from instructor.course.judging.wire import Message

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks of a host are Linux's")

COUNTS = """
import gc
def counts():
    return gc.get_freeze_count(), len(gc.get_objects())
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    made = start(None, [("setup", "import torch")])
    assert isinstance(made, Host)
    yield made
    made.close()


def called(host: Host, name: str, cells: str) -> object:
    """What a submission's function returns when it is called in a check."""
    player = host.player()
    try:
        player.wire.send(Message({"op": "run", "cells": [["cell", cells]]}))
        assert player.wire.receive().body["notes"] == []
        player.wire.send(Message({"op": "begin", "task": name, "cells": [], "seconds": 10}))
        return Peer("j", player.wire).ask("answer")()
    finally:
        player.end()


def test_the_garbage_collector_leaves_alone_what_was_there_before_the_fork(host: Host) -> None:
    frozen, looked_at = called(host, "counts", COUNTS)  # type: ignore[misc]
    assert frozen > 100_000
    assert looked_at < frozen / 10


def test_garbage_of_the_submission_is_not_kept(host: Host) -> None:
    cells = """
import weakref
class Large: pass
one = Large()
one.itself, seen = one, weakref.ref(one)
del one
def gone():
    return seen() is None
"""
    assert called(host, "gone", cells) is True


GATHERED = """
import mmap
from instructor.course.judging import pages

def huge():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("AnonHugePages"))

memory = mmap.mmap(-1, 16 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(15)  # no large pages before they are asked for
for place in range(0, len(memory), 4096):
    memory[place : place + 4] = place.to_bytes(4, "little")
before = huge()
pages.gather()
print(huge() - before)
assert all(
    memory[place : place + 4] == place.to_bytes(4, "little")
    for place in range(0, len(memory), 4096)
)
"""


def test_memory_is_gathered_in_large_pages_and_keeps_its_contents() -> None:
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        with mmap.mmap(-1, 4 * pages.LARGE, private) as trial:
            trial[:] = bytes(len(trial))
            trial.madvise(pages.COLLAPSE)
    except OSError:
        pytest.skip("this Linux gives no large pages, which is no error")
    command = [sys.executable, "-c", GATHERED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) >= 12 << 10  # kB


def test_what_belongs_to_a_file_is_left_where_it_is() -> None:
    maps = """\
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0000500000-7f0000900000 rw-p 00000000 00:00 0                          [heap]
7f0001000000-7f0001100000 rw-p 00000000 00:00 0
7f0002000000-7f0002400000 rw-p 00000000 fe:00 123                        /usr/lib/a.so
7f0003000000-7f0003400000 r--p 00000000 00:00 0
7f0004000000-7f0004400000 rw-s 00000000 00:01 5                          /dev/zero (deleted)
"""
    assert [*pages.places(maps.splitlines())] == [
        (0x7F0000000000, 0x7F0000400000),
        (0x7F0000600000, 0x7F0000800000),
    ]
