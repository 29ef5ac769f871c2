"""The student's side, which runs the cells of a submission and answers the judge's calls.

On Linux it is a fork of `host`; elsewhere `sandbox` starts it for each submission, as ``python -m
instructor.course.judging.player``. It runs the submission's cells once, and each check gets a fork
of that.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from instructor.course.judging import pages
from instructor.course.judging.peer import Peer
from instructor.course.judging.wire import OVER, Broken, Message, Wire

try:
    import resource  # here, and not in each fork
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

World = dict[str, Any]
CELL = 20  # seconds on the wall for one cell; the answers are called later
CELLS = 60  # and seconds of work for all of them


def main() -> None:
    """Answer on standard input and output; what cells print is discarded."""
    # Nothing is read ahead, because messages after "begin" are for the fork.
    wire = Wire(os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb"))  # type: ignore[arg-type]
    silence()
    with contextlib.suppress(Broken):
        serve(wire, {"__name__": "__main__"})


def silence() -> None:
    """Discard what is printed, and let nothing be read."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def serve(wire: Wire, world: World) -> None:
    """Run cells, and begin checks of what they define, until the judge closes the wire.

    Raises:
        Broken: It is closed.
    """
    _limit(CELLS)
    while True:
        body = wire.receive().body
        if body["op"] == "run":
            notes = run_all(body["cells"], world)
            pages.settle()
            wire.send(Message({"op": "ran", "notes": notes}))
        elif body["op"] == "begin":
            begin(wire, body, world)


def begin(wire: Wire, body: dict[str, Any], world: World) -> None:
    """Run one check of one task, in a process of its own if the system can fork."""
    if not hasattr(os, "fork"):
        play(wire, body, dict(world))
        wire.send(Message({"op": "ended", "why": "it has ended"}))
        return
    child = os.fork()
    if child == 0:
        code = 1
        try:
            wire.read_ahead()  # the judge sends nothing after "end" until the fork has ended
            play(wire, body, dict(world))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    wire.send(Message({"op": "ended", "why": why(status)}))


def why(status: int) -> str:
    """The message for a student whose process has ended."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return OVER
    if number == signal.SIGKILL:
        return "your code was stopped by the system: it took too much memory, or too long"
    return f"your code ended the process in which it ran{f' (signal {number})' if number else ''}"


def play(wire: Wire, body: dict[str, Any], world: World) -> None:
    """Define what the submission defines, and answer the judge's calls until it ends the check."""
    _limit(body["seconds"])
    notes = run_all(body["cells"], world)
    peer, task = Peer("p", wire), body["task"]
    watching: list[Any] = []

    def watch(asked: dict[str, Any]) -> None:
        from course_utils.exercises import attempt  # noqa: F401 (loads the module of its name)

        module = sys.modules["course_utils.exercises.attempt"]
        forbidden = [found(home, name) for home, name in asked["functions"]]
        watching.append(module._recorded_calls(world[task], forbidden))
        watching.append(watching[0].__enter__())
        peer.profile = sys.getprofile()
        sys.setprofile(None)

    def watched(asked: dict[str, Any]) -> list[str]:
        manager, used = watching
        watching.clear()
        peer.profile = None
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
    """The function of this name in its module or class."""
    thing: Any = importlib.import_module(home)
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def run_all(cells: list[list[str]], world: World) -> list[str]:
    """Execute cells, and return a sentence for each error."""
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
    """Raise `TimeoutError` in a cell that runs for longer, so that the others still run."""
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


def _limit(seconds: float) -> None:
    """Limit the processor time from here on; the system ends a process that uses more, whatever
    errors it catches."""
    if resource is None:
        return  # the judge's own clock decides
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    most = int(spent + seconds) + 1
    # At the first limit a signal that says why; at the second the end, for who does not hear it.
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))


if __name__ == "__main__":
    main()
