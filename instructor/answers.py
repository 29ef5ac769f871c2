"""The bank of answers beside each task: right ones written differently, and wrong ones.

A bank is ``bank.py`` in the folder of its task, a module of functions under these decorators::

    @right
    def by_multiplying_a_bernoulli_draw(x, p, training): ...

    @wrong("survivors are not rescaled")
    def without_rescaling(x, p, training): ...

    EQUIVALENT = {"p -> p + 0": "why this change of the model answer changes no behavior"}
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instructor.content import Task

Answer = Callable[..., Any]


@dataclass(frozen=True)
class Known:
    """An answer of which it is known whether it is right.

    `says` is a part of the message that names the mistake, "" for a right answer.
    """

    answer: Answer
    says: str = ""

    @property
    def name(self) -> str:
        """What it does, in the name of its function."""
        return self.answer.__name__


@dataclass(frozen=True)
class Bank:
    """All known answers to one task; `equivalent` maps mutants to the reason."""

    right: tuple[Known, ...]
    wrong: tuple[Known, ...]
    equivalent: dict[str, str]


_collected: list[Known] = []


def right(answer: Answer) -> Answer:
    """Mark a function or class as a right answer."""
    _collected.append(Known(answer))
    return answer


def wrong(says: str) -> Callable[[Answer], Answer]:
    """Mark a function or class as a wrong answer whose message must contain `says`."""
    if not says:
        raise ValueError("say which words of the message name the mistake, got an empty text")

    def collect(answer: Answer) -> Answer:
        _collected.append(Known(answer, says))
        return answer

    return collect


def load(task: Task) -> Bank:
    """The bank of one task."""
    path = task.folder / "bank.py"
    spec = importlib.util.spec_from_file_location(f"bank_of_{task.name}", path)
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
