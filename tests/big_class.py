"""The class of 200 that `tests.class_of_200` grades: honest, hostile and broken submissions."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from instructor.content import ROOT
from tests.breaking_out import BREAKING_OUT
from tests.classes import FULL, NONE, UNREAD, WHOLE, every_kind, forged, hand_in
from tests.damaged import NAME, cell, code, solution
from tests.exercises import bank, exercise
from tests.guessing import GUESSING
from tests.meddling import MEDDLING
from tests.nonsense import NONSENSE
from tests.odd_results import ODD_RESULTS

OTHER = "01_overfitting"
STUB = "def {}(*given):\n    raise NotImplementedError\n"
MARKERS = "UNNAMED = ''\nright = lambda answer: answer\nwrong = lambda *a, **k: right\n"


@dataclass(frozen=True)
class Member:
    """A student: what kind, in which exercise, what is expected of which task, and, of an honest
    one, the known answer to each task."""

    kind: str
    exercise: str
    expected: str
    task: str = ""
    known: dict[str, str] = field(default_factory=dict)


def solved(name: str) -> dict[str, object]:
    path = ROOT / "solutions" / name / f"{name}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def honest(name: str, draws: random.Random) -> tuple[bytes, dict[str, str]]:
    """A notebook with a known answer to each task, right or wrong; and which they are."""
    book, chosen = solved(name), {}
    for task in exercise(name).tasks:
        known = bank(name, task.name)
        one = draws.choice(known.right if draws.random() < 0.6 else known.wrong)
        text = (task.folder / "bank.py").read_text(encoding="utf-8")
        text = re.sub(r"^from instructor\.answers import .*$", MARKERS, text, flags=re.M)
        cell(book, task.name)["source"] = f"{text}\n{task.name} = {one.name}\n"
        chosen[task.name] = one.name
    return json.dumps(book).encode(), chosen


def guessed(source: str) -> bytes:
    """Exercise 01 solved, but for a hostile answer to `exposes_leak`."""
    book = solved(OTHER)
    cell(book, "exposes_leak")["source"] = STUB.format("exposes_leak")
    book["cells"].insert(2, code(source))
    return json.dumps(book).encode()


def _with(*sources: str, answer: str | None = None) -> bytes:
    book = copy.deepcopy(solution())
    if answer is not None:
        cell(book, "dropout")["source"] = answer
    book["cells"] += [code(source) for source in sources]
    return json.dumps(book).encode()


def _renamed(data: bytes) -> bytes:
    return data.replace(b'"cells":', b'"cells": [], "nonsense": NaN, "cells":', 1)


def _alike() -> bytes:
    book = copy.deepcopy(solution())
    for one in book["cells"]:
        one["id"] = "dropout"
    return json.dumps(book).encode()


def _large() -> bytes:
    book = copy.deepcopy(solution())
    book["cells"][0]["outputs"] = [{"output_type": "stream", "text": "x" * (19 << 20)}]
    return json.dumps(book).encode()


RIGHT = "return x * (torch.rand_like(x) >= p) / (1 - p) if training else x"
DAEMON = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 100)
        while True:
            os.listdir("/")
    os._exit(0)
"""

#: Right answers that do something else besides, or are strange; all marks are theirs.
STRANGE: dict[str, Callable[[], bytes]] = {
    "leaves a daemon behind": lambda: _with(DAEMON),
    "leaves zombies behind": lambda: _with("import os\n" + "os.fork() or os._exit(0)\n" * 20),
    "goes elsewhere": lambda: _with(
        "import os, sys\nos.chdir('/')\nos.environ.clear()\nsys.stdout.close()\nsys.path.clear()"
    ),
    "cells that sleep": lambda: _with(*["import time\ntime.sleep(30)"] * 8),
    "a cell that works on, whatever it is told": lambda: _with(
        "while True:\n  try:\n    while True:\n      pass\n  except Exception:\n    pass"
    ),
    "a name in other letters": lambda: _with(answer=f"def ｄropout(x, p, training):\n    {RIGHT}"),
    "defined under a condition": lambda: _with(
        answer=f"if True:\n    def dropout(x, p, training):\n        {RIGHT}"
    ),
    "defined by exec": lambda: _with(
        answer=f"exec('''def dropout(x, p, training):\n    {RIGHT}''')"
    ),
    "another answer after it": lambda: _with("def dropout(x, p, training):\n    return None"),
    "all identifiers alike": _alike,
    "names that are there twice": lambda: _renamed(WHOLE),
    "nineteen megabytes": _large,
}


def _in_its_place(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 << 20)


def _deep(path: Path) -> None:
    home = path.parent
    (home / "loop").symlink_to(home)
    for _ in range(60):
        home = home / "down"
        home.mkdir()
    (home / "Untitled.ipynb").write_bytes(b"{")


#: What is done to the file of a right notebook, and what is expected then.
PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a name with a line's end": (lambda p: p.rename(p.parent / "03\n\x1b[2J.ipynb"), FULL),
    "sixty folders deep, and in a circle": (_deep, FULL),
    "a folder": (lambda p: _in_its_place(p, Path.mkdir), UNREAD),
    "a link to a device": (lambda p: _in_its_place(p, lambda q: q.symlink_to("/dev/zero")), UNREAD),
    "a link to another's": (
        lambda p: _in_its_place(p, lambda q: q.symlink_to("../../h000/03_dropout/x.ipynb")),
        UNREAD,
    ),
    "a pipe": (lambda p: _in_its_place(p, os.mkfifo), UNREAD),
    "two hundred megabytes of nothing": (_sparse, UNREAD),
}


def make(folder: Path, students: int, seed: int) -> dict[str, Member]:
    """Hand in for a whole class; who they are, by id."""
    draws = random.Random(seed)
    made: dict[str, Member] = {}

    def add(member: Member, data: bytes) -> Path:
        student = f"{'h' if member.known else 's'}{len(made):03d}"
        made[student] = member
        return hand_in(folder, student, data, member.exercise)

    new = {**MEDDLING, **NONSENSE, **ODD_RESULTS, **BREAKING_OUT}
    for kind, source in new.items():
        add(Member(kind, NAME, NONE, "dropout"), forged(source))
    for kind, source in GUESSING.items():
        add(Member(kind, OTHER, NONE, "exposes_leak"), guessed(source))
    for kind, bytes_of in STRANGE.items():
        add(Member(kind, NAME, FULL), bytes_of())
    for kind, (change, expected) in PLACES.items():
        change(add(Member(kind, NAME, expected), WHOLE))
    older = every_kind()
    chosen = [kind for kind in older if kind.startswith("forged")]
    rest = [kind for kind in older if kind not in chosen]
    honest_ones = max(60, students // 3)
    chosen += draws.sample(rest, max(0, students - honest_ones - len(made) - len(chosen)))
    for kind in chosen:
        data, expected = older[kind]
        add(Member(kind, NAME, expected, "dropout" if expected == NONE else ""), data)
    while len(made) < students:
        name = (NAME, OTHER)[len(made) % 2]
        data, known = honest(name, draws)
        add(Member("honest", name, "", known=known), data)
    return made
