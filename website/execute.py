"""Executes a lesson for its page: its outputs, its questions, and its panels drawn ahead."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
WIDGETS = "application/vnd.jupyter.widget-state+json"
CELL_TIMEOUT_S = 600
DRAWING_TIMEOUT_S = 3600

DRAW = """\
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from website.ahead import write_panels
write_panels(Path({folder!r}))
"""


@dataclass(frozen=True)
class Executed:
    """A lesson that has run; panels and questions by the ids of their widgets."""

    notebook: NotebookNode
    panels: dict[str, dict[str, Any]]
    questions: dict[str, dict[str, Any]]


def executed(path: Path, cache: Path) -> Executed:
    """The lesson, executed now, or as it was when neither it nor the package has changed since.

    Raises CellExecutionError if one of its cells fails.
    """
    kept = cache / f"{path.stem}-{_digest(path)}.json"
    if not kept.is_file():
        found = _execute(path)
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{path.stem}-*.json"):
            old.unlink()
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(vars(found)), encoding="utf-8")
        os.replace(partial, kept)
    stored = json.loads(kept.read_text(encoding="utf-8"))
    notebook = nbformat.from_dict(stored["notebook"])
    return Executed(notebook, stored["panels"], stored["questions"])


def _execute(path: Path) -> Executed:
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        draw = nbformat.v4.new_code_cell(DRAW.format(root=str(ROOT), folder=folder))
        notebook.cells.append(draw)
        client = NotebookClient(
            notebook,
            # The last cell trains for every setting that a page shows.
            timeout_func=lambda cell: DRAWING_TIMEOUT_S if cell is draw else CELL_TIMEOUT_S,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=True,
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute()
        notebook.cells.pop()
        panels = {
            one.stem: json.loads(one.read_text(encoding="utf-8"))
            for one in Path(folder).glob("*.json")
        }
    states = notebook.metadata.pop("widgets", {}).get(WIDGETS, {}).get("state", {})
    questions = {
        name: {"question": widget["state"]["question"], "options": widget["state"]["options"]}
        for name, widget in states.items()
        if "question" in widget["state"]
    }
    return Executed(notebook, panels, questions)


def _digest(path: Path) -> str:
    """Of the notebook, the package that it imports, and what draws its panels."""
    files = [path, ROOT / "website" / "ahead.py", *sorted((ROOT / "course_utils").rglob("*.py"))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
