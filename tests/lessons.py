"""What the tests of the lessons share: the cells that they need executed once, panels, images."""

import ast
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from course_utils.budget import set_training_share
from course_utils.data import Dataset, seal
from course_utils.evidence import Difference
from course_utils.live import Panel, move_every_control, open_panels
from tests.needed_cells import Cell, needed_cells

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
SLOWEST_RUN_S = 120  # for one setting of one panel, on a machine that is busy with other things
SHARE = 0.05  # of their epochs, for which panels train here


@dataclass(frozen=True)
class Lesson:
    """A lesson of which some code cells have run here, in their order."""

    path: Path
    names: dict[str, Any]
    panels: list[Panel]

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


def code_cells(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Id and source of each code cell, and whether it is meant to raise."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            meant = "raises-exception" in cell["metadata"].get("tags", [])
            yield cell["id"], "".join(cell["source"]), meant


@contextmanager
def executed(path: Path, test: Path) -> Iterator[Lesson]:
    """The lesson, run as in a new kernel as far as the file `test` needs it; its panels are open
    inside.

    Those cells run that open a panel or make a name that `test` asks for, and all that they rest
    on. The others train what nobody here looks at: the whole lesson, with all epochs of its panels,
    is executed once, as a notebook.
    """
    cells = list(code_cells(path))
    wanted = asked_for(test) & set[str]().union(*(Cell(source).made for _, source, _ in cells))
    opening = [i for i, (name, *_) in enumerate(cells) if name.startswith("panel-")]
    needed = needed_cells([source for _, source, _ in cells], wanted, opening)
    before = open_panels()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seal, "_opened", {})
        with patch.context() as inside, set_training_share(SHARE):
            inside.chdir(path.parent)
            names = _run(path, [cells[i] for i in needed])
        opened = [panel for panel in open_panels() if panel not in before]
        yield Lesson(path, names, opened)
        for panel in opened:
            panel.close()


def asked_for(test: Path) -> set[str]:
    """The strings by which a file may take a name out of its lesson: of `lesson["x"]`, beside
    `lesson.names`, and in tuples and lists, such as the values of its tests' arguments."""
    nodes = list(ast.walk(ast.parse(test.read_text(encoding="utf-8"))))
    arguments = {
        id(node.args[0])
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "parametrize"
    }
    found: list[ast.expr] = []
    for node in nodes:
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "lesson":
            found.append(node.slice)
        elif isinstance(node, ast.Tuple | ast.List) and id(node) not in arguments:
            found += node.elts
        elif isinstance(node, ast.Call) and "lesson.names" in map(ast.unparse, node.args):
            found += node.args
    constants = (part for part in found if isinstance(part, ast.Constant))
    return {part.value for part in constants if isinstance(part.value, str)}


def _run(path: Path, cells: Iterable[tuple[str, str, bool]]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    for name, source, meant_to_raise in cells:
        try:
            exec(compile(source, f"{path.stem}, cell {name}", "exec"), names)
        except Exception:
            if not meant_to_raise:
                raise
        else:
            assert not meant_to_raise, f"cell {name} should raise an error, and did not"
    return names


def every_control_moves_the_picture(lesson: Lesson) -> None:
    """Move every control of every panel through its range without a browser."""
    shown = [name for name, *_ in code_cells(lesson.path) if name.startswith("panel-")]
    assert len(lesson.panels) == len(shown) > 0, "each panel has a cell named panel-..."
    for panel in lesson.panels:
        title = str(panel.view.title)
        assert title, "a panel needs a title, for those who cannot see it"
        seen = move_every_control(panel, timeout=SLOWEST_RUN_S)
        for control, pictures in seen.items():
            options = len(panel.controls[control].options)
            assert pictures > 1 or options == 1, (
                f"{title!r}: {control} has {options} options and one picture"
            )


def rises(difference: Difference) -> bool:
    """Whether it is clearly above 0."""
    return difference.low > 0


def falls(difference: Difference) -> bool:
    """Whether it is clearly below 0."""
    return difference.high < 0


def bars(n: int, *, noise: float = 0.2, brightness: float = 0.8) -> Dataset:
    """Four classes of 6 x 6 images: a bright bar in one of four places, with noise."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 4
    x = noise * torch.rand(n, 1, 6, 6, generator=generator)
    x[torch.arange(n), 0, y, :] += brightness
    return Dataset.from_tensors(x, y, name="bars")
