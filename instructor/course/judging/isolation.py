"""Fork a process into Linux namespaces of its own, so that submissions cannot reach each other.

bubblewrap isolates the warm process once. Its forks alone would still see each other: one could end
others, read their files in /tmp, or leave something in shared memory for the next one.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from typing import NoReturn

# From <linux/sched.h>, <linux/prctl.h>, <sys/mount.h> and <linux/capability.h>.
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS = 0x20000, 0x8000000, 0x10000000, 0x20000000
CHILD_SUBREAPER = 36
NO_NEW_PRIVILEGES = 38
READ_ONLY, NO_SUID, NO_DEVICES = 1, 2, 4
CAPABILITIES_3 = 0x20080522

SCRATCH = "size=64m,nr_inodes=4096,mode=1777"  # what a submission may write, in memory


def fork_apart(run: Callable[[], NoReturn]) -> int:
    """Fork a process that runs `run` in namespaces of its own, and return its process id.

    It is the first process of its namespace, so when it ends, all that it has started ends too.

    Raises:
        OSError: The system does not allow such namespaces here.
    """
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        code = 1
        with contextlib.suppress(BaseException):
            os.close(reading)
            _unshare()
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    os.close(writing)
                    _furnish()
                    run()
                os._exit(1)
            os.write(writing, child.to_bytes(4, "little"))
            code = 0
        os._exit(code)
    os.close(writing)
    os.waitpid(between, 0)
    told = os.read(reading, 4)
    os.close(reading)
    if len(told) < 4:
        raise OSError("the system allows no namespaces inside the sandbox")
    return int.from_bytes(told, "little")


def works() -> bool:
    """Whether `fork_apart` works here. Afterwards this process is told how such forks end."""
    try:
        # Whoever forked them has ended by then.
        _checked(_library().prctl(CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")
        child = fork_apart(lambda: os._exit(42))
    except OSError:
        return False
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    _checked(_library().unshare(NEW_USER | NEW_MOUNTS | NEW_IPC | NEW_PIDS), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _furnish() -> None:
    """Mount an empty /tmp, /dev/shm and /proc, and give up the right to change that."""
    library = _library()
    flags = NO_SUID | NO_DEVICES
    for place, options, more in (
        ("/tmp", SCRATCH, 0),
        ("/dev/shm", SCRATCH, 0),
        ("/proc", "size=4k,mode=555", READ_ONLY),
    ):
        done = library.mount(b"tmpfs", place.encode(), b"tmpfs", flags | more, options.encode())
        _checked(done, f"mount {place}")
    os.chdir("/tmp")
    _checked(library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0)
    _checked(library.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
