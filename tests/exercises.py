"""What the tests of the exercises share: each exercise, its trial, its banks and its notebooks."""

import contextlib
import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import nbformat
import pytest
import torch

from instructor.answers import Bank, load
from instructor.content import ROOT, Exercise, exercise_names, read
from instructor.trial import Trial

NAMES = exercise_names()


@cache
def exercise(name: str) -> Exercise:
    return read(name)


@cache
def trial(name: str) -> Trial:
    return Trial(exercise(name))


@cache
def bank(name: str, task: str) -> Bank:
    return load(exercise(name).task(task))


def tasks() -> Iterator[Any]:
    """Every task with checks, the spare ones too."""
    for name in NAMES:
        for task in (*exercise(name).tasks, *exercise(name).spare):
            yield pytest.param(name, task.name, id=f"{name[:2]}-{task.name}")


def known(kind: str) -> Iterator[Any]:
    for name in NAMES:
        for task in (*exercise(name).tasks, *exercise(name).spare):
            for answer in getattr(bank(name, task.name), kind):
                yield pytest.param(
                    name, task.name, answer, id=f"{name[:2]}-{task.name}-{answer.name}"
                )


def cells(folder: str, name: str) -> dict[str, Any]:
    """The cells of a committed notebook, by id."""
    notebook = nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)
    return {cell.id: cell for cell in notebook.cells}


def ran(folder: str, name: str) -> str:
    """What a notebook says that is run from its first cell to its last, as in a new kernel."""
    said, world = io.StringIO(), {"__name__": "__main__"}
    with contextlib.redirect_stdout(said), torch.random.fork_rng(devices=[]):
        for cell in cells(folder, name).values():
            if cell.cell_type == "code":
                exec(cell.source, world)
    return said.getvalue()
