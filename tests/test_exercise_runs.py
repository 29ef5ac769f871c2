"""Exercises as students get them, and solutions, run from the first cell to the last."""

import contextlib
import io

import pytest
import torch

from tests.exercises import NAMES, cells, exercise


def ran(folder: str, name: str) -> str:
    """What a notebook says that is run from its first cell to its last, as in a new kernel."""
    said, world = io.StringIO(), {"__name__": "__main__"}
    with contextlib.redirect_stdout(said), torch.random.fork_rng(devices=[]):
        for cell in cells(folder, name).values():
            if cell.cell_type == "code":
                exec(cell.source, world)
    return said.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_exercise_runs_to_its_end_and_says_so(name: str) -> None:
    said = ran("exercises", name)
    for task in exercise(name).tasks:
        assert f"○ {task.name}: not attempted yet" in said
    assert "✗" not in said


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_runs_to_its_end_and_every_check_passes(name: str) -> None:
    said = ran("solutions", name)
    for task in exercise(name).tasks:
        assert f"✓ {task.name}" in said
    assert "✗" not in said
    assert "○" not in said
