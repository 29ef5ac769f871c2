"""Load the bank of answers beside each task: different right answers, and wrong ones.

A bank is ``bank.py`` in the folder of its task, a module of functions under these decorators::

    @right
    def by_multiplying_a_bernoulli_draw(x, p, training): ...

    @wrong("without_rescaling")
    def without_rescaling(x, p, training): ...

    EQUIVALENT = {"p -> p + 0": "why this change of the model answer changes no behavior"}

A wrong answer names its mistake by id; the message is beside the check that recognizes it. An
answer that fails without a recognized mistake is ``@wrong(UNNAMED)``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instructor.content import Task

Answer = Callable[..., Any]

UNNAMED = "unnamed"


@dataclass(frozen=True)
class Known:
    """An answer that is known to be right or wrong.

    `mistake` is the id of its mistake, "" for a right answer; `at` is the check that must recognize
    the mistake, for example "hidden-ties", or "" for any of them.
    """

    answer: Answer
    mistake: str = ""
    at: str = ""

    @property
    def name(self) -> str:
        """The name of its function, which describes what it does."""
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


def wrong(mistake: str, *, at: str = "") -> Callable[[Answer], Answer]:
    """Mark a function or class as a wrong answer with this mistake, named by id.

    `at` names the check that must recognize it; "" for any. Raises ValueError if `mistake` cannot
    be an id.
    """
    if not mistake.isidentifier():
        raise ValueError(f"a wrong answer needs the id of its mistake, got {mistake!r}")

    def collect(answer: Answer) -> Answer:
        _collected.append(Known(answer, mistake, at))
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
        right=tuple(k for k in known if not k.mistake),
        wrong=tuple(k for k in known if k.mistake),
        equivalent=getattr(module, "EQUIVALENT", {}),
    )
