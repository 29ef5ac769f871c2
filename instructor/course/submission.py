"""A student's notebook as the judge takes it: for each task the cells that define its answer.

Answers are found by task and not by place. What had to be repaired is a note; the file stays as it
is.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any

from instructor.content import Exercise, Task

MOST_BYTES = 20 << 20


class Unreadable(ValueError):
    """Nothing can be marked; the message is for the student and says what to do."""


@dataclass(frozen=True)
class Code:
    """A code cell: its place, the name that nbgrader knows it by, its source."""

    place: int
    grade_id: str
    locked: bool
    source: str


@dataclass(frozen=True)
class Submission:
    """The code cells of a notebook, and what was repaired to read it."""

    cells: tuple[Code, ...]
    notes: tuple[str, ...] = ()

    def answer(self, exercise: Exercise, task: Task) -> tuple[list[tuple[str, str]], list[str]]:
        """The cells to run for a task, in order, and notes on which definition counts.

        Checks are not among them, nor what the course gives, which the player has of its own. The
        definition in the answer's own cell counts; else the last one anywhere.
        """
        given = {cell.grade_id for cell in exercise.cells() if not cell.solution}
        own = [c for c in self.cells if not c.locked and c.grade_id not in given]
        named = [c for c in own if c.grade_id == task.name]
        notes = []
        if len(named) > 1:
            notes.append(f"{task.name}: its cell is there {len(named)} times; the last one counts")
        chosen = next((c for c in reversed(named) if defines(c.source, task.name)), None)
        if chosen is None:
            chosen = next((c for c in reversed(own) if defines(c.source, task.name)), None)
            if chosen is not None:
                where = f"the definition in cell {chosen.place} counts"
                notes.append(f"{task.name}: not in its own cell; {where}")
        others = [(f"cell {c.place}", c.source) for c in own if c is not chosen]
        last = [] if chosen is None else [(f"cell {chosen.place}", chosen.source)]
        return others + last, notes


def defines(source: str, name: str) -> bool:
    """Whether a cell gives a value to this name."""
    try:
        body = ast.parse(_without_magics(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in body:
        if isinstance(node, kinds) and node.name == name:
            return True
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return True
    return False


def read(data: bytes, exercise: Exercise) -> Submission:
    """A submission from the bytes of its file.

    Raises:
        Unreadable: It is no notebook.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"the file has {len(data) >> 20} MB, and at most {MOST_BYTES >> 20} MB are read; clear "
            "all outputs, save, and hand it in again"
        )
    text, notes = _decoded(data)
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(
            "the file is no complete notebook; open it in Jupyter, save it, and hand it in again"
        ) from None
    cells = _cells(notebook)
    if not cells:
        raise Unreadable("the notebook has no cells; was another file handed in?")
    if isinstance(notebook, dict) and notebook.get("nbformat") != 4:
        notes.append(f"a notebook of format {notebook.get('nbformat')!r}; its cells were readable")
    by_id = {cell.id: cell for cell in exercise.cells() if cell.id}
    code = []
    for place, cell in enumerate(cells, start=1):
        if cell.get("cell_type") != "code":
            continue
        grade_id, locked = _mark(cell, by_id)
        code.append(Code(place, grade_id, locked, _without_magics(_source(cell))))
    if not any(cell.grade_id for cell in code):
        notes.append("the cells have lost what connects them with their tasks; found by name")
    return Submission(tuple(code), tuple(notes))


def _decoded(data: bytes) -> tuple[str, list[str]]:
    if not data.strip():
        raise Unreadable("the file is empty; hand it in again")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ["saved as UTF-16; read as that"]
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", errors="replace"), ["saved with a mark in front; read on"]
    return data.decode("utf-8", errors="replace"), []


def _cells(notebook: Any) -> list[dict[str, Any]]:
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if (
        found is None
        and isinstance(notebook, dict)
        and isinstance(notebook.get("worksheets"), list)
    ):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        found = [cell for sheet in sheets for cell in sheet.get("cells") or []]
    if not isinstance(found, list):
        raise Unreadable("the file is no notebook; hand in the .ipynb file of the exercise")
    return [cell for cell in found if isinstance(cell, dict)]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _mark(cell: dict[str, Any], by_id: dict[str, Any]) -> tuple[str, bool]:
    """The name of a cell, and whether it is the course's; by its id where that is all it has."""
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if isinstance(mark, dict) and isinstance(mark.get("grade_id"), str):
        return mark["grade_id"], bool(mark.get("grade")) or not mark.get("solution", True)
    known = by_id.get(str(cell.get("id")))
    if known is None:
        return "", False
    return known.grade_id, not known.solution


def _without_magics(source: str) -> str:
    """A cell without IPython's own lines, which are no Python and answer nothing."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = source.splitlines(keepends=True)
    return "".join("\n" if line.startswith(("%", "!", "?")) else line for line in lines)
