"""Derives the exercises that students get from their solutions, with nbgrader's own steps.

Run by `python3 start.py exercises`; with `--check` it writes nothing and says what differs.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader import preprocessors

from course_utils.grading.exercise import EXERCISES, SOLUTIONS, solution_paths

CODE_STUB = (
    '# Your lines, in place of the next one.\nraise NotImplementedError("not attempted yet")'
)
TEXT_STUB = "*Your answer, in place of this line.*"
# What nbgrader's generate_assignment runs, without the steps that need a gradebook.
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


def derived(solution: Path) -> str:
    """The text of the exercise notebook that belongs to a solution notebook.

    Raises:
        RuntimeError: A marker without its end, or a solution outside a cell for solutions.
    """
    notebook = nbformat.read(solution, as_version=4)
    resources: dict[str, object] = {}
    for step in STEPS:
        run = getattr(preprocessors, step)(log=logging.getLogger("nbgrader"))
        if step == "ClearSolutions":
            run.code_stub, run.text_stub = {"python": CODE_STUB}, TEXT_STUB
        notebook, resources = run.preprocess(notebook, resources)
    return as_text(notebook)


def as_text(notebook: NotebookNode) -> str:
    """A notebook as this course stores it."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def differences(solutions: Path = SOLUTIONS, exercises: Path = EXERCISES) -> list[str]:
    """What in `exercises` is not what `solutions` gives, one sentence each."""
    found = []
    made = {exercises / s.parent.name / s.name: derived(s) for s in solution_paths(solutions)}
    for path, text in made.items():
        if not holds(path, text):
            found.append(f"{path.name} is not what its solution gives")
    there = {path for path in exercises.rglob("*") if path.is_file()}
    there = {path for path in there if ".ipynb_checkpoints" not in path.parts}
    for path in sorted(there - made.keys()):
        found.append(f"{path.relative_to(exercises).as_posix()} has no solution it comes from")
    return found


def release(solutions: Path = SOLUTIONS, exercises: Path = EXERCISES) -> list[Path]:
    """Write the exercises that changed, and return their paths. Other files stay as they are.

    All are derived before the first is written: a broken solution changes nothing.
    """
    made = {exercises / s.parent.name / s.name: derived(s) for s in solution_paths(solutions)}
    changed = [path for path, text in made.items() if not holds(path, text)]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(made[path], encoding="utf-8", newline="\n")
        os.replace(partial, path)
    return changed


def holds(path: Path, text: str) -> bool:
    """Whether the file is there with this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str]) -> int:
    """Release, or check; the exit code."""
    parser = argparse.ArgumentParser(prog="start.py exercises", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    if parser.parse_args(arguments).check:
        found = differences()
        for text in found:
            print(text)
        return 1 if found else 0
    changed = release()
    for path in changed:
        print(f"written: exercises/{path.relative_to(EXERCISES).as_posix()}")
    if not changed:
        print("All exercises are what their solutions give.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
