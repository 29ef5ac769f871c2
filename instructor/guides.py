"""Make the instructor's guide to an exercise: ``guide.md`` with tables of tasks and mistakes."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

from course_utils import checks
from course_utils.checks.mistakes import Common, Mistakes
from instructor.answers import UNNAMED
from instructor.content import Exercise, Task

FACTS = "(no mistake is recognized: the input, what was expected, and what was returned)"


def guide(exercise: Exercise) -> str:
    """The text of ``solutions/guides/NAME.md``.

    {tasks}, {mistakes} and {marks} in ``guide.md`` are replaced by the two tables and the marks.

    Raises:
        ValueError: A task has no visible check, or lists a mistake that no check knows.
    """
    text = (exercise.folder / "guide.md").read_text(encoding="utf-8")
    for name, value in (
        ("tasks", _tasks(exercise)),
        ("mistakes", _mistakes(exercise)),
        ("marks", f"{exercise.points:g}"),
    ):
        text = text.replace("{" + name + "}", value)
    return text


def words(exercise: Exercise, task: Task) -> dict[str, str]:
    """The message of each mistake that the checks of a task recognize, by the mistake's id."""
    lesson = importlib.import_module(f"course_utils.exercises.lesson_{exercise.name[:2]}")
    check = getattr(lesson, task.visible, None)
    if not callable(check):
        raise ValueError(
            f"{exercise.name}/{task.name} has no visible check: write the function {task.visible} "
            f"in a module of {lesson.__name__}, and import it in the package's __init__.py"
        )
    visible = importlib.import_module(check.__module__)
    included = [
        getattr(checks, n) for n in re.findall(r"checks\.(\w+)", inspect.getsource(visible))
    ]
    imported = [value for value in vars(visible).values() if inspect.isfunction(value)]
    known: dict[str, str] = {m.id: m.value for m in Common}
    for module in (*map(inspect.getmodule, [*included, *imported]), visible):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Mistakes):
                known |= {m.id: m.value for m in value}
    for path in sorted(task.folder.glob("hidden*.py")):
        known |= _listed_in(path)
    return known


def _listed_in(path: Path) -> dict[str, str]:
    """The mistakes that a hidden check defines, read from its source; the check is not run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == [
            "Mistakes"
        ]:
            for line in node.body:
                assert isinstance(line, ast.Assign)
                assert isinstance(line.targets[0], ast.Name)
                found[line.targets[0].id.lower()] = ast.literal_eval(line.value)
    return found


def _tasks(exercise: Exercise) -> str:
    lines = ["| task | kind | marks (visible + hidden) | the hidden checks look at |"]
    lines.append("|---|---|---|---|")
    for task in exercise.parts:
        if task.prose:
            lines.append(f"| {task.name} | prose | {task.points:g} | marked by hand, see below |")
        else:
            marks = " + ".join(f"{cell.points:g}" for cell in task.checks)
            lines.append(f"| `{task.name}` | {task.kind} | {marks} | {task.looks_at} |")
    return "\n".join(lines)


def _mistakes(exercise: Exercise) -> str:
    lines = ["| task | mistake | the message says |", "|---|---|---|"]
    for task in exercise.tasks:
        known = words(exercise, task) | {UNNAMED: FACTS}
        for mistake, example in task.mistakes.items():
            if mistake not in known:
                raise ValueError(
                    f"{exercise.name}/{task.name}/task.toml lists the mistake {mistake!r}, which "
                    f"none of its checks knows; they know {', '.join(sorted(known))}"
                )
            says = re.sub(r"\{\w+\}", "…", known[mistake]).replace("|", "\\|")
            lines.append(f"| `{task.name}` | {example} | {says} |")
    return "\n".join(lines)
