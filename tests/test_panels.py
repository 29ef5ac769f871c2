"""Every control of every panel in every lesson, moved through its range without a browser.

The code cells of each notebook are run here as they stand, up to its last panel. Panels train for a
quarter of their epochs, for every control that trains is moved through all that it offers; with all
epochs they train where the notebooks are executed. Lessons added later are found by themselves.
"""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_utils import panels
from course_utils.data import seal
from course_utils.live import Panel, drive, open_panels
from course_utils.search import Trials

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]
SLOWEST_RUN_S = 120  # for one setting of one panel, on a machine that is busy with other things


@pytest.fixture
def fresh_kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As far as the lessons can tell, a process of their own."""
    close_all()  # what other tests left open
    monkeypatch.setattr(seal, "_opened", {})
    monkeypatch.chdir(NOTEBOOKS[0].parent)
    yield
    close_all()


@pytest.fixture
def quarter_of_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all panels, whether they keep their epochs in a constant, in an argument or in trials."""
    settings = inspect.signature(Trials).parameters.values()
    usual = {s.name: s.default for s in settings if s.default is not s.empty}
    fewer = tuple((usual | {"epochs": usual["epochs"] // 4}).values())
    monkeypatch.setattr(Trials.__init__, "__defaults__", fewer)
    for found in pkgutil.walk_packages(panels.__path__, f"{panels.__name__}."):
        module = importlib.import_module(found.name)
        for name in {"EPOCHS", "STEPS"} & vars(module).keys():
            if isinstance(number := getattr(module, name), int):
                monkeypatch.setattr(module, name, number // 4)
        for function in vars(module).values():
            defaults = getattr(function, "__kwdefaults__", None) or {}
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and "epochs" in defaults:
                monkeypatch.setitem(defaults, "epochs", max(3, defaults["epochs"] // 4))


def close_all() -> None:
    for panel in open_panels():
        panel.close()


def code_cells(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Id and source of each code cell, and whether it is meant to raise."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            meant = "raises-exception" in cell["metadata"].get("tags", [])
            yield cell["id"], "".join(cell["source"]), meant


def run_lesson(path: Path) -> dict[str, Any]:
    """The names that the notebook has defined when its last panel is there."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = list(code_cells(path))
    last = max(i for i, (name, *_) in enumerate(cells) if name.startswith("panel-"))
    for name, source, meant_to_raise in cells[: last + 1]:
        try:
            exec(compile(source, f"{path.stem}, cell {name}", "exec"), names)
        except Exception:
            if not meant_to_raise:
                raise
        else:
            assert not meant_to_raise, f"cell {name} should raise an error, and did not"
    return names


def title(panel: Panel) -> str:
    return str(panel.view.title)


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_kernel", "quarter_of_the_epochs")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_every_control_moves_the_picture(path: Path) -> None:
    names = run_lesson(path)  # keeps the panels alive
    found = sorted(open_panels(), key=title)
    shown = [name for name, *_ in code_cells(path) if name.startswith("panel-")]
    assert len(found) == len(shown) > 0, f"{path.stem}: each panel has a cell named panel-..."
    for panel in found:
        assert title(panel), "a panel needs a title, for those who cannot see it"
        seen = drive(panel, timeout=SLOWEST_RUN_S)
        for control, pictures in seen.items():
            options = len(panel.controls[control].options)
            assert pictures > 1 or options == 1, (
                f"{title(panel)!r}: {control} has {options} options and one picture"
            )
    del names
