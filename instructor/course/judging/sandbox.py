"""Start players: inside bubblewrap if it is installed, else as plain processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from instructor.course.judging.patience import Family
from instructor.course.judging.wire import Broken, Message, Wire

ROOT = Path(__file__).resolve().parents[3]
HOME = "instructor.course.judging"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime")
# The variables of the instructor's environment that Python needs to start; no others are passed on.
PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LD_LIBRARY_PATH")
VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}

UNPROTECTED = (
    "There is no sandbox here: bubblewrap is not installed, or the system does not let it work. "
    "Submissions run with all your rights: they can read and change your files, reach the network, "
    "and leave processes behind. A mark is still decided outside of their process, and each check "
    "has a limit of time. On Debian and Ubuntu, `apt-get install bubblewrap` brings a sandbox; on "
    "Windows and macOS use the container of instructor/Dockerfile, or a virtual machine"
)


class Unfit(RuntimeError):
    """No submission can be marked on this computer as it is; the message says why."""


def bubblewrap() -> str | None:
    """The path of bubblewrap if it is installed and can make a sandbox; else None."""
    found = shutil.which("bwrap") if sys.platform == "linux" else None
    if found is None:
        return None
    command = [found, *_walls(), sys.executable, "-c", "pass"]
    tried = subprocess.run(command, capture_output=True, env=_environment())
    return found if tried.returncode == 0 else None


class Player:
    """The process of one submission, and the connection to it."""

    def __init__(self, host: Host, own: socket.socket) -> None:
        self.wire, self._host, self._own = Wire.of(own, ahead=True), host, own

    def cut(self) -> None:
        """Let whoever waits for its answer hear that it is over; from any thread."""
        with contextlib.suppress(OSError):
            self._own.shutdown(socket.SHUT_RDWR)

    def too_much(self) -> str:
        """What it has taken too much of; "" as long as it has not."""
        return self._host.family.too_much()

    def close(self) -> None:
        """Let go of the wire."""
        self.cut()
        self.wire.close()
        self._own.close()

    def end(self) -> str:
        """End it with all that it has started; how it ended, in words for a student."""
        self.close()
        return self._host.ended()


class Host:
    """The warm process, on Linux, from which players are forked."""

    def __init__(self, bwrap: str | None, setup: Sequence[tuple[str, str]]) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", f"{HOME}.host"]
        if bwrap is not None:
            command = [bwrap, *_walls(), *command, "apart"]
        self._control, self._wire = ours, Wire.of(ours)
        self._process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,  # until the host is ready; what it starts prints nowhere
            env=_environment(bwrap),
            start_new_session=True,  # Ctrl-C is the judge's to answer
        )
        theirs.close()
        try:
            self._wire.send(Message({"op": "prepare", "cells": [*setup]}))
            # Where players see each other, each gets a host of its own.
            self.apart = bool(self._wire.receive().body["apart"])
            self.family = Family(self._process.pid)
        except Broken:
            _kill(self._process)
            assert self._process.stderr is not None
            said = self._process.stderr.read().decode(errors="replace")[-2000:]
            self.close()
            raise Unfit(f"the process for submissions did not start: {said}") from None
        except BaseException:
            self.close()
            raise

    def player(self) -> Player:
        """A new player; the one before has been ended.

        Raises:
            Broken: The host is gone.
        """
        ours, theirs = socket.socketpair()
        try:
            self._wire.send(Message({"op": "player"}))
            socket.send_fds(self._control, [b"f"], [theirs.fileno()])
        except (Broken, OSError) as error:
            ours.close()
            raise Broken(f"the host of the players is gone: {error}") from error
        finally:
            theirs.close()
        return Player(self, ours)

    def ended(self) -> str:
        """End the player; how it ended."""
        self._wire.send(Message({"op": "end"}))
        return str(self._wire.receive().body["why"])

    def close(self) -> None:
        """End it, and the player."""
        _kill(self._process)
        self._process.wait()
        self._wire.close()
        self._control.close()
        if self._process.stderr is not None:
            self._process.stderr.close()


class PlainPlayer:
    """A player that is a host of itself alone, on systems that cannot pass sockets to a fork."""

    apart = False

    def __init__(self, setup: Sequence[tuple[str, str]]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{HOME}.player"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=os.name == "posix",
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.wire = Wire(self._process.stdout, self._process.stdin)  # type: ignore[arg-type]
        try:
            self.wire.send(Message({"op": "run", "cells": [*setup]}))
            self.wire.receive()
            self._family = Family(self._process.pid)
        except Broken as error:
            self.close()
            raise Unfit(f"the process for submissions did not start: {error}") from None

    def player(self) -> PlainPlayer:
        if self._process.poll() is not None:
            raise Broken("this player has ended")
        return self

    def cut(self) -> None:
        _kill(self._process)

    def too_much(self) -> str:
        return self._family.too_much()

    def end(self) -> str:
        self.close()
        return "your code was stopped: it took too long, or too much memory"

    def close(self) -> None:
        _kill(self._process)
        self._process.wait()
        self.wire.close()


def start(bwrap: str | None, setup: Sequence[tuple[str, str]]) -> Host | PlainPlayer:
    """A host of players that have run the cells of `setup`.

    In the sandbox they see Python, PyTorch and the package `course_utils`, read-only, but no
    network, no processes but their own and no files of the instructor's; they can write only in
    memory.
    """
    return Host(bwrap, setup) if sys.platform == "linux" else PlainPlayer(setup)


def _environment(bwrap: str | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if bwrap is not None:
        return {"PATH": kept.get("PATH", "")}
    return kept | VARIABLES | {"PYTHONPATH": str(ROOT)}


def _walls() -> list[str]:
    walls = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    walls += ["--uid", "1000", "--gid", "1000"]  # the inner namespaces may not map a root
    walls += ["--clearenv", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for name, value in (VARIABLES | {"PYTHONPATH": "/course", "HOME": "/tmp"}).items():
        walls += ["--setenv", name, value]
    for path in dict.fromkeys([*SYSTEM, sys.base_prefix, sys.prefix]):
        walls += ["--ro-bind-try", path, path]
    here = Path(__file__).parent
    seen: dict[str, Path] = {
        "course_utils": ROOT / "course_utils",
        "instructor/course/judging": here,
    }
    for name in ("instructor/__init__.py", "instructor/course/__init__.py"):
        seen[name] = ROOT / name
    for name, place in seen.items():
        walls += ["--ro-bind", str(place), f"/course/{name}"]
    return [*walls, "--remount-ro", "/", "--chdir", "/tmp"]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its session at once."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
