"""What the tests of several lessons share: a notebook's own lines, and small images."""

import ast
import json
from pathlib import Path
from typing import Any

import torch

from course_utils.data import Dataset

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def cell(notebook: Path, name: str) -> str:
    """The source of one cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["id"] == name))


def definitions(notebook: Path, **names: Any) -> dict[str, Any]:
    """The functions and classes that a lesson defines, without its trainings; `names` are what
    they use."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            for part in ast.parse("".join(cell["source"])).body:
                if isinstance(part, ast.FunctionDef | ast.ClassDef):
                    exec(compile(ast.Module([part], []), cell["id"], "exec"), names)
    return names


def bars(n: int, *, noise: float = 0.2, brightness: float = 0.8) -> Dataset:
    """Four classes of 6 x 6 images: a bright bar in one of four places, with noise."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 4
    x = noise * torch.rand(n, 1, 6, 6, generator=generator)
    x[torch.arange(n), 0, y, :] += brightness
    return Dataset.from_tensors(x, y, name="bars")
