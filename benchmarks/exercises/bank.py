"""The bank of answers beside each exercise: right ones written differently, and wrong ones.

A bank is ``solutions/NAME/answers.py``, a module of functions under these decorators::

    @right("dropout")
    def by_multiplying_a_bernoulli_draw(x, p, training): ...

    @wrong("dropout", "survivors are not rescaled")
    def without_rescaling(x, p, training): ...

    EQUIVALENT = {"dropout": {"p -> p + 0": "why this change changes no behavior"}}
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.grading.exercise import SOLUTIONS

Answer = Callable[..., Any]


@dataclass(frozen=True)
class Known:
    """An answer of which it is known whether it is right.

    `says` is a part of the message that names the mistake, "" for a right answer.
    """

    task: str
    answer: Answer
    says: str = ""

    @property
    def name(self) -> str:
        """What it does, in the name of its function."""
        return self.answer.__name__


@dataclass(frozen=True)
class Bank:
    """All known answers to one exercise; `equivalent` maps tasks to mutants and the reason."""

    right: tuple[Known, ...]
    wrong: tuple[Known, ...]
    equivalent: dict[str, dict[str, str]]


_collected: list[Known] = []


def right(task: str) -> Callable[[Answer], Answer]:
    """Mark a function or class as a right answer to `task`."""

    def collect(answer: Answer) -> Answer:
        _collected.append(Known(task, answer))
        return answer

    return collect


def wrong(task: str, says: str) -> Callable[[Answer], Answer]:
    """Mark a function or class as a wrong answer whose message must contain `says`."""
    if not says:
        raise ValueError("say which words of the message name the mistake, got an empty text")

    def collect(answer: Answer) -> Answer:
        _collected.append(Known(task, answer, says))
        return answer

    return collect


def load(exercise: str, folder: Path = SOLUTIONS) -> Bank:
    """The bank of one exercise, for example ``load("03_dropout")``."""
    path = folder / exercise / "answers.py"
    spec = importlib.util.spec_from_file_location(f"answers_{exercise}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    _collected.clear()
    spec.loader.exec_module(module)
    known = tuple(_collected)
    return Bank(
        right=tuple(k for k in known if not k.says),
        wrong=tuple(k for k in known if k.says),
        equivalent=getattr(module, "EQUIVALENT", {}),
    )
