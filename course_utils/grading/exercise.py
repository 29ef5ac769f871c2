"""An exercise as its solution notebook holds it: tasks with model answers, checks and marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"


@dataclass(frozen=True)
class GradedCell:
    """A cell of checks; `name` is its grade id, for example ``dropout-hidden``."""

    name: str
    source: str
    points: float

    @property
    def visible(self) -> bool:
        """Whether students see what it checks."""
        return "BEGIN HIDDEN TESTS" not in self.source


@dataclass(frozen=True)
class Task:
    """One function (or class) to write. `name` is its name and the grade id of its cell."""

    name: str
    model_answer: str
    checks: tuple[GradedCell, ...]

    @property
    def points(self) -> float:
        """Marks for a right answer."""
        return sum(cell.points for cell in self.checks)


@dataclass(frozen=True)
class Exercise:
    """One solution notebook.

    `setup` holds the code that is neither an answer nor a check, in the order of the notebook.
    """

    name: str
    setup: tuple[str, ...]
    tasks: tuple[Task, ...]
    prose: tuple[GradedCell, ...]

    def task(self, name: str) -> Task:
        """The task of that name.

        Raises:
            KeyError: There is none; the message names those there are.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        known = ", ".join(task.name for task in self.tasks)
        raise KeyError(f"exercise {self.name} has no task {name!r}; its tasks are {known}")


def solution_paths(folder: Path = SOLUTIONS) -> list[Path]:
    """All solution notebooks, in the order of the lessons."""
    return sorted(path for path in folder.glob("*/*.ipynb") if path.parent.name == path.stem)


def read(path: Path) -> Exercise:
    """Read a solution notebook.

    Raises:
        ValueError: A graded cell belongs to no task, or a task has no checks.
    """
    notebook = nbformat.read(path, as_version=4)
    setup, prose = [], []
    answers: dict[str, str] = {}
    checks: dict[str, list[GradedCell]] = {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution") and mark.get("grade"):
            prose.append(_graded(cell))
        elif mark.get("solution"):
            answers[mark["grade_id"]] = cell.source
        elif mark.get("grade"):
            checks.setdefault(mark["grade_id"].partition("-")[0], []).append(_graded(cell))
        elif cell.cell_type == "code":
            setup.append(cell.source)
    if answers.keys() != checks.keys():
        odd = ", ".join(sorted(answers.keys() ^ checks.keys()))
        raise ValueError(
            f"{path.name}: every answer needs checks and every check an answer, but {odd} has "
            "only one of them; the grade id of a check is TASK-visible or TASK-hidden"
        )
    tasks = (Task(name, source, tuple(checks[name])) for name, source in answers.items())
    return Exercise(path.stem, tuple(setup), tuple(tasks), tuple(prose))


def _graded(cell: NotebookNode) -> GradedCell:
    mark = cell.metadata.nbgrader
    return GradedCell(mark.grade_id, cell.source, float(mark.points))
