"""A copy of the course that was set up, for the tests of start.py."""

import json
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils.tooling import installing
from course_utils.tooling.environment import Environment, Probe

ROOT = Path(__file__).resolve().parents[1]
START = ROOT / "start.py"
TOOLING = ROOT / "course_utils" / "tooling"
PYTHON = "{}.{}".format(*sys.version_info[:2])

Usage = namedtuple("Usage", "total used free")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def course_copy(tmp_path: Path) -> Environment:
    """A copy of the course, in a folder with a space, with a `.venv` that was set up."""
    root = tmp_path / "my course"
    (root / ".venv").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    made = Environment(root)
    made.write_stamp(sys.version_info[:2], ["dev"])
    return made


class Steps:
    """Stands in for the slow steps: remembers what was done, `.venv` answers what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.probe: Probe | None = Probe(sys.version_info[:2], frozenset())
        self.works = iter([True])
        monkeypatch.setattr(Environment, "probe", lambda *_: self.probe)
        monkeypatch.setattr(installing, "make", self.make)
        monkeypatch.setattr(installing, "choose_torch", lambda *_: None)
        monkeypatch.setattr(installing, "install", self.install)
        monkeypatch.setattr(installing, "try_out", self.try_out)

    def make(self, env: Environment) -> None:
        self.done.append("make")
        env.folder.mkdir(exist_ok=True)

    def install(self, env: Environment, extras: list[str]) -> None:
        self.done.append(f"install {','.join(extras)}".strip())
        self.probe = Probe(sys.version_info[:2], frozenset())

    def try_out(self, env: Environment, *, last: bool) -> bool:
        return next(self.works)


LESSON = "notebooks/02_l1_l2.ipynb"
EXERCISE = "exercises/02_l1_l2/02_l1_l2.ipynb"


def notebook(text: str, *, executed: bool = False) -> str:
    """A lesson of one cell, as the course's tools write it."""
    cell = {
        "cell_type": "code",
        "execution_count": 1 if executed else None,
        "id": "step",
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": ["λ\n"]}] * executed,
        "source": [text],
    }
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def small_course(tmp_path: Path) -> Path:
    """A course of one lesson and one exercise, in a folder with a space."""
    made = tmp_path / "the course"
    write(made / LESSON, notebook("x = 1  # λ", executed=True))
    write(made / EXERCISE, notebook("raise NotImplementedError"))
    return made


def changed(root: Path, text: str = "x = 2") -> None:
    """The lesson changes in the course."""
    write(root / LESSON, notebook(text, executed=True))


def content(folder: Path) -> dict[str, str]:
    """Every visible file of a copy."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and ".course" not in path.parts
    }
