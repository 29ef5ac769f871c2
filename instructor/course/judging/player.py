"""The student's side: runs the cells of a submission, and answers the judge's calls.

Started by `sandbox`, as ``python -m instructor.course.judging.player``, where neither tasks nor
other submissions are in sight. One process prepares what all tasks need; each check gets
a fork of it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import linecache
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import torch

from instructor.course.judging.peer import Peer
from instructor.course.judging.wire import Broken, Message, Wire

World = dict[str, Any]
MEMORY = 16 << 30  # bytes of addresses; PyTorch reserves far more than it uses
FILE = 64 << 20  # bytes of one file
CELL = 10  # seconds on the wall for one cell; the answers are called later
CELLS = 60  # and seconds of work for all of them


def main() -> None:
    """Answer on standard input and output; what cells print goes nowhere."""
    # Nothing is read ahead: what comes after "begin" is for the fork.
    wire = Wire(os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb"))  # type: ignore[arg-type]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = io.StringIO()
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()  # loads much of PyTorch
    _limit_memory()
    world: World = {"__name__": "__main__"}
    with contextlib.suppress(Broken):
        while True:
            body = wire.receive().body
            if body["op"] == "prepare":
                run_all(body["cells"], world)
                wire.send(
                    Message({"op": "value", "values": [None], "names": ["value"], "changes": []})
                )
            elif body["op"] == "begin":
                begin(wire, body, world)


def begin(wire: Wire, body: dict[str, Any], world: World) -> None:
    """One check of one task, in a process of its own where the system can fork."""
    if not hasattr(os, "fork"):
        play(wire, body, dict(world))
        wire.send(Message({"op": "ended", "why": "it has ended"}))
        return
    child = os.fork()
    if child == 0:
        code = 1
        try:
            play(wire, body, dict(world))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    wire.send(Message({"op": "ended", "why": why(status)}))


def why(status: int) -> str:
    """What a student reads of a process that has ended."""
    if not os.WIFSIGNALED(status):
        return "your code ended the process in which it ran"
    if os.WTERMSIG(status) in (9, 24):
        return "your code was stopped: it took too long, or too much memory"
    return f"your code ended the process in which it ran (signal {os.WTERMSIG(status)})"


def play(wire: Wire, body: dict[str, Any], world: World) -> None:
    """Define what the submission defines, and answer until the judge has seen enough."""
    _limit(CELLS)
    notes = run_all(body["cells"], world)
    _limit(body["seconds"])
    peer, task = Peer("p", wire), body["task"]
    watching: list[Any] = []

    def watch(asked: dict[str, Any]) -> None:
        from course_utils.exercises import attempt  # noqa: F401 (loads the module of its name)

        module = sys.modules["course_utils.exercises.attempt"]
        forbidden = [found(home, name) for home, name in asked["functions"]]
        watching.append(module._watching(world[task], forbidden))
        watching.append(watching[0].__enter__())

    def watched(asked: dict[str, Any]) -> list[str]:
        manager, used = watching
        watching.clear()
        manager.__exit__(None, None, None)
        return sorted(used)

    words: dict[str, Any] = {
        "answer": lambda asked: world.get(task),
        "notes": lambda asked: notes,
        "watch": watch,
        "watched": watched,
    }
    peer.serve(words)


def found(home: str, name: str) -> Any:
    """A function by the module or class that it is in."""
    thing: Any = importlib.import_module(home)
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def run_all(cells: list[list[str]], world: World) -> list[str]:
    """Execute cells; what their errors say, a sentence each."""
    notes = []
    for name, source in cells:
        filename = f"<cell {name}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            with _interrupted(CELL):
                exec(compile(source, filename, "exec"), world)
        except (Exception, SystemExit) as error:
            notes.append(f"{name}: {type(error).__name__}: {error}"[:500])
    return notes


@contextlib.contextmanager
def _interrupted(seconds: float) -> Iterator[None]:
    """A `TimeoutError` in a cell that goes on for longer, so that the others are still run."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def over(*_: Any) -> None:
        raise TimeoutError(f"the cell was stopped after {seconds} s")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_memory() -> None:
    """For this process and all that it starts, on systems that have such limits."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _limit(seconds: float) -> None:
    """From here on so much work; the system ends what does more, whatever it catches."""
    try:
        import resource
    except ImportError:
        return  # Windows: the judge's own clock decides
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    most = int(spent + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))


if __name__ == "__main__":
    main()
