"""Make the two notebooks of an exercise: the solution, and from it the exercise for students.

The exercise is made by nbgrader's own preprocessors, so that it is what nbgrader would release.
"""

from __future__ import annotations

import copy
import logging

import nbformat
from nbformat import NotebookNode
from nbgrader import preprocessors

from instructor.content import TEXT_STUB, Cell, Exercise

CODE_STUB = (
    '# Your lines, in place of the next one.\nraise NotImplementedError("not attempted yet")'
)
# The steps of nbgrader's generate_assignment, except those that need a gradebook.
STEPS = (
    "LockCells",
    "ClearSolutions",
    "ClearOutput",
    "CheckCellMetadata",
    "ComputeChecksums",
    "ClearHiddenTests",
    "ClearMarkScheme",
    "ComputeChecksums",  # anew, for the cells without their hidden tests
    "CheckCellMetadata",
)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def solution(exercise: Exercise) -> NotebookNode:
    """The solution notebook: model answers, and all checks."""
    notebook = nbformat.v4.new_notebook(
        cells=[_cell(cell) for cell in exercise.cells()],
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}},
    )
    notebook.nbformat_minor = 5
    return notebook


def released(notebook: NotebookNode) -> NotebookNode:
    """The exercise notebook for students, made from a solution notebook.

    Raises:
        RuntimeError: A marker has no end, or a solution is outside a cell for solutions.
    """
    notebook, resources = copy.deepcopy(notebook), dict[str, object]()
    for step in STEPS:
        run = getattr(preprocessors, step)(log=logging.getLogger("nbgrader"))
        if step == "ClearSolutions":
            run.code_stub, run.text_stub = {"python": CODE_STUB}, TEXT_STUB
        notebook, resources = run.preprocess(notebook, resources)
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """The text of a notebook, as it is stored in this course."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _cell(cell: Cell) -> NotebookNode:
    made = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    mark = {
        "grade": cell.points is not None,
        "grade_id": cell.grade_id,
        "locked": not cell.solution,
        "schema_version": 3,
        "solution": cell.solution,
        "task": False,
    }
    if cell.points is not None:
        mark["points"] = cell.points
    return made(cell.source, id=cell.id, metadata={"nbgrader": mark})
