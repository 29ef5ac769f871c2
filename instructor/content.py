"""Read an exercise from its folder ``tasks/NN_name/``, which has one folder for each task.

An exercise's folder::

    exercise.toml     the order of its tasks, and its spare tasks
    title.md          the first cell; {contents} becomes "Five functions and one question, 31 marks"
    imports.py        the second cell
    guide.md          the guide for instructors; its tables are filled in

A task's folder::

    task.toml         title, kind, marks, what the hidden checks look at, its mistakes
    text.md           the task in words
    answer.py         stub and model answer; the student writes between the SOLUTION markers
    hidden.py, hidden_NAME.py      the hidden checks, each a cell with its own marks
    bank.py           right and wrong answers (see `instructor.answers`)

The visible check is the function of the task's name in ``course_utils.exercises.lesson_NN``. A
question that is answered in prose has ``answer.md`` and neither checks nor a bank.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HAND_IN = "Hand in this notebook: save it, and do not rename it."
TEXT_STUB = "*Your answer, in place of this line.*"
TASKS = ROOT / "instructor" / "tasks"

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True)
class Cell:
    """A cell of the notebook; `points` is None unless it is graded."""

    id: str
    grade_id: str
    kind: str
    source: str
    points: float | None = None
    solution: bool = False

    @property
    def visible(self) -> bool:
        """Whether students see the whole of it."""
        return "BEGIN HIDDEN TESTS" not in self.source


@dataclass(frozen=True)
class Task:
    """One function or class to write, or one question; `name` is its folder's.

    `mistakes` maps the id of a mistake to a phrase for the guide that describes it. `given` are the
    cells between text and answer, `visible` is the name of the visible check.
    """

    name: str
    folder: Path
    title: str
    kind: str
    looks_at: str
    text: str
    model_answer: str
    given: tuple[Cell, ...]
    checks: tuple[Cell, ...]
    visible: str = ""
    mistakes: dict[str, str] = field(default_factory=dict)
    prose_points: float = 0.0

    @property
    def prose(self) -> bool:
        """Whether a person marks it."""
        return not self.checks

    @property
    def points(self) -> float:
        """Marks for a right answer."""
        return self.prose_points + sum(cell.points or 0 for cell in self.checks)

    def cells(self, number: int) -> Iterator[Cell]:
        """The cells of the task, as the `number`-th of its notebook."""
        dashed = self.name.replace("_", "-").lower()
        heading = f"## {number}. {self.title} ({self.points:g} marks)\n\n"
        yield _text(f"about-{dashed}", heading + self.text)
        yield from self.given
        if self.prose:
            yield Cell(dashed, self.name, "markdown", self.model_answer, self.prose_points, True)
        else:
            yield Cell(dashed, self.name, "code", self.model_answer, solution=True)
            for cell in self.checks:
                _, _, part = cell.grade_id.partition("-")
                yield Cell(f"{dashed}-{part}", cell.grade_id, "code", cell.source, cell.points)


@dataclass(frozen=True)
class Exercise:
    """One exercise; `spare` are tasks that are in no notebook, kept for another year."""

    name: str
    folder: Path
    title: str
    imports: str
    parts: tuple[Task, ...]
    spare: tuple[Task, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that checks mark."""
        return tuple(task for task in self.parts if not task.prose)

    @property
    def prose(self) -> tuple[Task, ...]:
        """The questions that a person marks."""
        return tuple(task for task in self.parts if task.prose)

    @property
    def points(self) -> float:
        """The marks of all its tasks."""
        return sum(task.points for task in self.parts)

    @property
    def setup(self) -> tuple[str, ...]:
        """The code that is neither an answer nor a check, in order, that of spare tasks last."""
        cells = (cell for task in (*self.parts, *self.spare) for cell in task.given)
        return (self.imports, *(cell.source for cell in cells if cell.kind == "code"))

    def cells(self) -> Iterator[Cell]:
        """Every cell of the solution notebook."""
        title = self.title.replace("{contents}", self._contents()).rstrip()
        yield _text("title", f"{title}\n\n{HAND_IN}")
        yield Cell("imports", "code-imports", "code", self.imports)
        for number, task in enumerate(self.parts, start=1):
            yield from task.cells(number)

    def _contents(self) -> str:
        functions = all(task.model_answer.startswith("def ") for task in self.tasks)
        tasks = f"{NUMBERS[len(self.tasks)]} {'functions' if functions else 'tasks'}"
        questions = NUMBERS[len(self.prose)].lower() + " question" + "s" * (len(self.prose) > 1)
        return f"{tasks} and {questions}, {self.points:g} marks"

    def task(self, name: str) -> Task:
        """The task of that name, which may be a spare one.

        Raises:
            KeyError: There is none; the message names those there are.
        """
        known = {task.name: task for task in (*self.tasks, *self.spare)}
        if name not in known:
            there = ", ".join(known)
            raise KeyError(f"exercise {self.name} has no task {name!r}; its tasks are {there}")
        return known[name]


def exercise_names(folder: Path = TASKS) -> list[str]:
    """All exercises, in the order of the lessons."""
    return sorted(path.parent.name for path in folder.glob("*/exercise.toml"))


def named(text: str) -> str:
    """The name of the exercise that "03", "3" or "03_dropout" stands for.

    Raises:
        KeyError: There is none; the message names those there are.
    """
    names = exercise_names()
    for name in names:
        if text in (name, name[:2], name[:2].lstrip("0")):
            return name
    raise KeyError(f"there is no exercise {text!r}; there are {', '.join(names)}")


def read(name: str, folder: Path = TASKS) -> Exercise:
    """Read an exercise, for example ``read("03_dropout")``.

    Raises:
        ValueError: exercise.toml does not name every task's folder once, or a task's marks do not
            fit its checks.
    """
    home = folder / name
    config = tomllib.loads(_read(home / "exercise.toml"))
    order, spare = config["order"], config.get("spare", [])
    there = {path.parent.name for path in home.glob("*/task.toml")}
    if sorted(order + spare) != sorted(there):
        raise ValueError(
            f"{name}/exercise.toml names {', '.join(sorted(order + spare))}, but the folders with "
            f"a task.toml are {', '.join(sorted(there))}; name each of them once"
        )
    parts, apart = (tuple(_task(home / task) for task in tasks) for tasks in (order, spare))
    return Exercise(name, home, _read(home / "title.md"), _read(home / "imports.py"), parts, apart)


def _task(folder: Path) -> Task:
    config: dict[str, Any] = tomllib.loads(_read(folder / "task.toml"))
    name, marks = folder.name, config["marks"]
    given = tuple(_given(name, folder / file) for file in config.get("given", ()))
    common = {key: config.get(key, "") for key in ("title", "kind", "looks_at")}
    common |= {"name": name, "folder": folder, "text": _read(folder / "text.md"), "given": given}
    if config["kind"] == "prose":
        answer = _read(folder / "answer.md")
        return Task(**common, model_answer=answer, checks=(), prose_points=marks["prose"])
    files = {path.stem.replace("_", "-") for path in folder.glob("hidden*.py")}
    if marks.keys() != {"visible", *files} or not files:
        raise ValueError(
            f"{folder.parent.name}/{name}: [marks] names {', '.join(marks)}, but the checks are "
            f"{', '.join(['visible', *sorted(files)])}; each check needs its marks, and a task "
            "at least one hidden check"
        )
    visible = config.get("check", name)
    return Task(
        **common,
        model_answer=_read(folder / "answer.py"),
        visible=visible,
        checks=tuple(_check(folder, visible, part, points) for part, points in marks.items()),
        mistakes=config.get("mistakes", {}),
    )


def _check(folder: Path, visible: str, part: str, points: float) -> Cell:
    task = folder.name
    if part == "visible":
        source = f"check.{visible}({task})"
    else:
        source = (
            f"# Further checks of {task} run here when your work is graded.\n"
            f"### BEGIN HIDDEN TESTS\n{_read(folder / (part.replace('-', '_') + '.py'))}\n"
            "### END HIDDEN TESTS"
        )
    return Cell("", f"{task}-{part}", "code", source, points)


def _given(task: str, path: Path) -> Cell:
    dashed = path.stem.replace("_", "-")
    if path.suffix == ".py":
        return Cell(dashed, f"code-{dashed}", "code", _read(path))
    return _text(f"about-{task}-{dashed}", _read(path))


def _text(cell: str, source: str) -> Cell:
    return Cell(cell, f"text-{cell}", "markdown", source)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").removesuffix("\n")
