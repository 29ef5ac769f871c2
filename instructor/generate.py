"""Generate exercise notebooks, solution notebooks and guides from the tasks.

`python3 start.py exercises` runs it; with `--check` it writes nothing and lists the differences.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from instructor.content import ROOT, TASKS, exercise_names, read
from instructor.guides import guide
from instructor.notebooks import as_text, released, solution

FOLDERS = ("exercises", "solutions")  # all their files are generated


def made(tasks: Path = TASKS) -> dict[str, str]:
    """The texts of all generated files, by their paths relative to the course's root."""
    files = {}
    for name in exercise_names(tasks):
        exercise = read(name, tasks)
        notebook = solution(exercise)
        files[f"solutions/{name}/{name}.ipynb"] = as_text(notebook)
        files[f"exercises/{name}/{name}.ipynb"] = as_text(released(notebook))
        files[f"solutions/guides/{name}.md"] = guide(exercise)
    return files


def differences(root: Path = ROOT, tasks: Path = TASKS) -> list[str]:
    """A sentence for each file under `root` that differs from what the tasks generate."""
    files = made(tasks)
    found = [
        f"{path} differs from what its tasks generate"
        for path, text in files.items()
        if not holds(root / path, text)
    ]
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*")):
        where = path.relative_to(root).as_posix()
        left_behind = not {".ipynb_checkpoints", "__pycache__"}.isdisjoint(path.parts)
        if path.is_file() and where not in files and not left_behind:
            found.append(f"{where} is generated from no task")
    return found


def generate(root: Path = ROOT, tasks: Path = TASKS) -> list[str]:
    """Write the files that changed, and return their paths.

    All are made before the first is written, so that a broken task changes nothing.
    """
    changed = {path: text for path, text in made(tasks).items() if not holds(root / path, text)}
    for path, text in changed.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, target)
    return list(changed)


def holds(path: Path, text: str) -> bool:
    """Whether the file exists and has this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str], prog: str = "start.py exercises") -> int:
    """Generate, or check with ``--check``; returns the exit code."""
    parser = argparse.ArgumentParser(prog, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, list the differences")
    if parser.parse_args(arguments).check:
        found = differences()
        for text in found:
            print(text)
        return 1 if found else 0
    changed = generate()
    for path in changed:
        print(f"written: {path}")
    if not changed:
        print("All generated files are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
