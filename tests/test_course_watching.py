"""Calls that an answer must not make are looked for where it runs, so each must be found there."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import course_utils.exercises
from instructor.course.judging.watching import _place

CHECKS = Path(course_utils.exercises.__file__).parent


def forbidden() -> Iterator[Any]:
    """What the visible checks forbid, `attempt(..., by_hand=NAMES)`, with the check's module."""
    for path in sorted(CHECKS.glob("lesson_*/*.py")):
        module = importlib.import_module(f"course_utils.exercises.{path.parent.name}.{path.stem}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "by_hand":
                assert isinstance(node.value, ast.Name), path
                for function in getattr(module, node.value.id):
                    yield pytest.param(function, id=f"{path.stem}-{function.__qualname__}")


ALL = list(forbidden())


def test_there_are_some() -> None:
    assert len(ALL) > 50


@pytest.mark.parametrize("function", ALL)
def test_the_player_finds_every_function_that_is_forbidden(function: Any) -> None:
    place = _place(function)
    assert place is not None
    home, name = place
    found: Any = importlib.import_module(home)
    for part in name.split("."):
        found = getattr(found, part)
    assert found is function
