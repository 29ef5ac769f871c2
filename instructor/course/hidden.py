"""What no student may read before handing in, and whether a folder holds any of it.

A single line of code may well stand in a lesson too; passages of several lines do not by chance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from instructor.content import TASKS

SHORTEST = 60  # characters; `else:` and `return x` are nobody's secret
# How many lines in a row give a file of the tasks away. Lessons teach what the answers use, so
# that three lines of a right answer may stand there; for a model answer it takes the whole.
LINES = {"hidden*.py": 2, "guide.md": 2, "answer.md": 2, "bank.py": 4}
READ = {".py", ".md", ".toml", ".txt", ".yml", ".json", ".js", ".css", ".html", ".csv", ".ipynb"}
# What students are shown word for word, by the file and the task whose answers use it.
TAUGHT = {
    ("notebooks/01_overfitting.ipynb", "01_overfitting/train_one_epoch"),  # the training step
    ("course_utils/blanks/solutions.py", "01_overfitting/train_one_epoch"),
    ("course_utils/blanks/solutions.py", "03_dropout/dropout"),  # dropout in four lines
    # A training loop that stands in what is given: a check, and code to repair.
    ("course_utils/exercises/lesson_08/adamw.py", "08_regularization_today/adamw"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "08_regularization_today/adamw"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "04_batchnorm/train_head"),
    ("exercises/04_batchnorm/04_batchnorm.ipynb", "03_dropout/fit_with_dropout"),
    ("exercises/03_dropout/03_dropout.ipynb", "03_dropout/fit_with_dropout"),
    # Two visible checks do what a hidden one does: gradients left from before, numbers that stay.
    ("course_utils/exercises/lesson_03/fit_with_dropout.py", "01_overfitting/train_one_epoch"),
    ("course_utils/exercises/lesson_08/ema_update.py", "04_batchnorm/fold"),
}
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", flags=re.DOTALL)


def passages(tasks: Path = TASKS) -> dict[str, str]:
    """Every hidden passage, and the file that it is from."""
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
    """Where `folder` holds a hidden passage, one sentence each."""
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
    return "".join(_SOLUTION.findall(text)) or text  # prose is an answer from its first word


def _lines(text: str) -> list[str]:
    """The lines without indentation, blank ones and imports: those of a passage."""
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
