"""The warm process, which imports and runs once what all submissions to an exercise need.

`sandbox` starts it as ``python -m instructor.course.judging.host``, with a socket as its standard
input. Each submission gets a fork of it, the player, with a socket of its own to the judge. No
student's code runs in this process or holds its socket.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from typing import NoReturn

import torch

from instructor.course.judging import isolation, pages, player
from instructor.course.judging.patience import MEMORY, PROCESSES
from instructor.course.judging.player import World
from instructor.course.judging.wire import Broken, Message, Wire

FILE = 64 << 20  # bytes of one file


def main() -> None:
    """Answer the judge until it closes the socket."""
    control = socket.socket(fileno=os.dup(0))
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()  # loads much of PyTorch
    wire, world, child = Wire.of(control), {"__name__": "__main__"}, 0
    apart = "apart" in sys.argv and isolation.works()
    most = taken() + MEMORY
    player.silence()
    with contextlib.suppress(Broken):
        while True:
            body = wire.receive().body
            if body["op"] == "prepare":
                player.run_all(body["cells"], world)
                pages.settle()
                pages.gather()
                wire.send(Message({"op": "ready", "apart": apart}))
            elif body["op"] == "player":
                _, (own, *_), _, _ = socket.recv_fds(control, 1, 1)
                child = born(own, world, most, apart=apart)
                os.close(own)
            elif body["op"] == "end":
                wire.send(Message({"op": "ended", "why": ended(child)}))
                child = 0
    if child:
        ended(child)


def born(own: int, world: World, most: int, *, apart: bool) -> int:
    """Fork a player that answers on the socket `own`, with `most` bytes of address space.

    Returns its process id.
    """

    def play() -> NoReturn:
        code = 1
        try:
            os.closerange(3, own)
            os.closerange(own + 1, 1024)
            if not apart:
                os.setsid()
            limit(most, apart=apart)
            with contextlib.suppress(Broken):
                player.serve(Wire.of(socket.socket(fileno=own)), world)
            code = 0
        finally:
            os._exit(code)

    if apart:
        return isolation.fork_apart(play)
    child = os.fork()
    if child == 0:
        play()
    return child


def limit(most: int, *, apart: bool) -> None:
    """Set the limits for this process and all that it starts."""
    import resource

    # Each for one process; `patience` counts them together.
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: FILE, resource.RLIMIT_AS: most}
    if apart:
        limits[resource.RLIMIT_NPROC] = PROCESSES
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def taken() -> int:
    """The bytes of address space that this process uses; PyTorch reserves a lot at once."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def ended(child: int) -> str:
    """End a player and all that it has started; returns the message for the student."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    return player.why(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
