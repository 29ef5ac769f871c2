"""Search a folder for hidden passages, which students must not read before they hand in.

A single line of code may be in a lesson too, but a passage of several lines is not there by chance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from instructor.content import TASKS

SHORTEST = 60  # characters of a passage; shorter code, such as `return x`, occurs anywhere
# How many consecutive lines of a task's file count as a leak. Lessons teach what the answers use,
# so they may contain three lines of a right answer; a model answer leaks only as a whole.
LINES = {"hidden*.py": 2, "guide.md": 2, "answer.md": 2, "bank.py": 4}
READ = {".py", ".md", ".toml", ".txt", ".yml", ".json", ".js", ".css", ".html", ".csv", ".ipynb"}
# Passages that students may see word for word: the file, and the task whose answers use them.
TAUGHT = {
    ("notebooks/01_overfitting.ipynb", "01_overfitting/train_one_epoch"),  # the training step
    ("course_utils/blanks/solutions.py", "01_overfitting/train_one_epoch"),
    ("course_utils/blanks/solutions.py", "03_dropout/dropout"),  # dropout in four lines
    # A training loop that is part of a check, or of code to correct.
    ("course_utils/exercises/training_runs.py", "08_regularization_today/adamw"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "08_regularization_today/adamw"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "04_batchnorm/train_head"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "03_dropout/fit_with_dropout"),
    ("exercises/03_dropout/03_dropout.ipynb", "03_dropout/fit_with_dropout"),
    # Two visible checks test the same as a hidden one: gradients left before, unchanged tensors.
    ("course_utils/exercises/training_runs.py", "01_overfitting/train_one_epoch"),
    ("course_utils/exercises/lesson_08/ema_update.py", "04_batchnorm/fold"),
}
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", flags=re.DOTALL)


def passages(tasks: Path = TASKS) -> dict[str, str]:
    """Every hidden passage, with the file that it is from."""
    found = {}
    for pattern, count in LINES.items():
        for path in sorted(tasks.rglob(pattern)):
            lines = _lines(_hidden_of(path))
            for i in range(max(len(lines) - count, 0) + 1):
                found["\n".join(lines[i : i + count])] = path.relative_to(tasks).as_posix()
    for path in sorted(tasks.rglob("answer.py")):
        found["\n".join(_lines(_hidden_of(path)))] = path.relative_to(tasks).as_posix()
    return {text: name for text, name in found.items() if len(text) >= SHORTEST}


def leaks(folder: Path, secrets: dict[str, str] | None = None) -> list[str]:
    """One sentence for each hidden passage in `folder`."""
    secrets = passages() if secrets is None else secrets
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in READ):
        where = path.relative_to(folder).as_posix()
        text = "\n".join(_lines(_text_of(path)))
        for passage, name in secrets.items():
            if passage in text and (where, name.rpartition("/")[0]) not in TAUGHT:
                found.append(f"{where} holds a part of {name}: {passage!r}")
    return found


def _hidden_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if not path.name.startswith("answer"):
        return text
    return "".join(_SOLUTION.findall(text)) or text  # the whole of a prose answer


def _lines(text: str) -> list[str]:
    """The lines without indentation, and without blank lines and imports."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not re.match(r"(from|import) ", line)]


def _text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix not in (".ipynb", ".json"):
        return text
    return "\n".join(_strings(json.loads(text)))


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON file; a notebook stores one as a list of its lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(value)
        else:
            for part in value:
                yield from _strings(part)
