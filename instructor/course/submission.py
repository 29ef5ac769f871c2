"""Find in a student's notebook the answer to each task that counts.

Answers are found by task and not by position. Repairs are recorded as notes; the file is not
changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from instructor.content import TEXT_STUB, Exercise, Task
from instructor.course.judging.cells import body, defines
from instructor.course.reading import SCRIPT, Unreadable, cells_of, decoded, source_of

MOST_PIECES = 10  # that a split cell is put together from; all of them are parsed at each one

__all__ = ["Answer", "Cell", "Submission", "Unreadable", "read"]


@dataclass(frozen=True)
class Cell:
    """A cell: its place, its kind ("code" or another), its source, its name in nbgrader ("" for the
    student's own), and whether it is one that the course provides."""

    place: int
    kind: str
    source: str
    grade_id: str
    given: bool


@dataclass(frozen=True)
class Answer:
    """The answer to a task that counts, "" if there is none, and notes about repairs."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """The cells of a notebook, and what was repaired to read it."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def script(self) -> bool:
        """Whether a .py file was handed in, in which text may be anywhere."""
        return SCRIPT in self.notes

    def own(self) -> list[tuple[str, str]]:
        """The student's code cells in order, name and source, without the cells that the course
        provides, which the player has itself."""
        return [(f"cell {c.place}", c.source) for c in self.cells if c.kind == "code" and _own(c)]

    def answer(self, task: Task) -> Answer:
        """The definition that counts: the one in the answer's own cell or, if that is unchanged or
        defines nothing, the last one anywhere."""
        named = [cell for cell in self.cells if cell.grade_id == task.name]
        notes = []
        if len(named) > 1:
            notes.append(f"its cell is there {len(named)} times; the last one counts")
        joined = _joined(self.cells, named, task.name)
        if joined:
            return Answer(joined, ("its cell was split; the parts were put together",))
        chosen = _last(named, task.name)
        if chosen is None or is_stub(chosen.source, task.name):
            code = [cell for cell in self.cells if cell.kind == "code" and cell not in named]
            elsewhere = _last(code, task.name, stub=False)
            if elsewhere is not None:
                notes.append(
                    f"not in its own cell; the definition in cell {elsewhere.place} counts"
                )
                chosen = elsewhere
        if chosen is None:
            return Answer("", tuple(notes))
        if chosen.kind != "code":
            notes.append("its cell is no code cell any more; it was read as code")
        return Answer(chosen.source, tuple(notes))

    def prose(self, task: Task) -> Answer:
        """The text that answers a question: that of the answer's own cell or, if that is unchanged,
        the text cells that the student has added."""
        named = [cell for cell in self.cells if cell.grade_id == task.name]
        texts = [cell.source.strip() for cell in named if not _is_blank(cell.source)]
        if texts:
            notes = [f"its cell is there {len(texts)} times; all are shown"] if texts[1:] else []
            if any(cell.kind == "code" for cell in named):
                notes.append("its cell is a code cell; it was read as text")
            return Answer("\n\n".join(dict.fromkeys(texts)), tuple(notes))
        loose = [c for c in self.cells if c.kind == "markdown" and not c.grade_id and _own(c)]
        found = [cell.source.strip() for cell in loose if not _is_blank(cell.source)]
        if not found:
            return Answer("")
        return Answer("\n\n".join(found), ("not in its own cell; the student's own text is shown",))


def _own(cell: Cell) -> bool:
    return not cell.given


def _last(cells: Sequence[Cell], name: str, *, stub: bool = True) -> Cell | None:
    """The last cell that defines the name, of those that are no stub unless one may be."""
    found = (cell for cell in reversed(cells) if defines(cell.source, name))
    return next((cell for cell in found if stub or not is_stub(cell.source, name)), None)


def _joined(cells: Sequence[Cell], named: Sequence[Cell], name: str) -> str:
    """The answer of a cell that was split, "" if none was: consecutive parts, one of which alone is
    not valid Python, but all together are."""
    if not named:
        return ""
    start = cells.index(named[0])
    parts: list[str] = []
    for cell in cells[start : start + MOST_PIECES]:
        if parts and (cell.given or cell.grade_id not in ("", name) or cell.kind != "code"):
            break
        parts.append(cell.source)
        if len(parts) > 1 and any(body(part) is None for part in parts):
            text = "\n".join(parts)
            if defines(text, name):
                return text
    return ""


def is_stub(source: str, name: str) -> bool:
    """Whether a definition does nothing but say that it is not attempted."""
    for node in body(source) or ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            inner = [n for n in ast.walk(node) if isinstance(n, ast.stmt) and n is not node]
            real = [n for n in inner if not _says_nothing(n)]
            return all(isinstance(n, ast.Raise) and "NotImplemented" in ast.dump(n) for n in real)
    return False


def _says_nothing(node: ast.stmt) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Pass | ast.FunctionDef)


def _is_blank(source: str) -> bool:
    return source.strip() in ("", TEXT_STUB)


def read(data: bytes, exercise: Exercise) -> Submission:
    """A submission from the bytes of its file.

    Raises:
        Unreadable: It is no notebook of this exercise.
    """
    text, notes = decoded(data)
    found, more = cells_of(text)
    known = list(exercise.cells())
    cells = [_cell(place, cell, known) for place, cell in enumerate(found, start=1)]
    if all(cell.given or not cell.grade_id for cell in cells):
        answered = any(defines(c.source, t.name) for c in cells for t in exercise.tasks)
        if not answered and not any(cell.grade_id for cell in cells):
            raise Unreadable(
                f"the notebook has no cell of exercise {exercise.name}; was another one handed in?"
            )
        more.append("the cells have lost what connects them with their tasks; found by name")
    return Submission(tuple(cells), (*notes, *more))


def _cell(place: int, cell: dict[str, Any], known: Iterable[Any]) -> Cell:
    """A cell with its name in the exercise, found by its nbgrader metadata, else by its id, else by
    the text of a cell that the course provides. Points and rights in the metadata are not read,
    because a student could have changed them."""
    source, kind = source_of(cell), str(cell.get("cell_type"))
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    named = mark.get("grade_id") if isinstance(mark, dict) else None
    by_mark = [c for c in known if c.grade_id == named]
    by_id = [c for c in known if c.id and c.id == cell.get("id")]
    by_text = [c for c in known if not c.solution and _shown(c.source) == _shown(source)]
    found = next(iter(by_mark or by_id or by_text), None)
    if found is None:
        return Cell(place, kind, source, "", False)
    return Cell(place, kind, source, found.grade_id, not found.solution)


def _shown(source: str) -> str:
    """The part of a provided cell that students see."""
    return source.partition("### BEGIN HIDDEN TESTS")[0].strip()
