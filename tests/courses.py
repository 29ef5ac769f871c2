"""A copy of the course that was set up, for the tests of start.py."""

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
