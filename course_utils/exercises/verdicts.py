"""Check answers of yes or no so that guessing does not pass.

In some tasks the learner's answer is a test, which returns whether a given piece of code is broken.
Called once with broken and once with right code, it would pass by guessing in one case of four, and
always if it knew the order. So it is called several times with each, in a random order, and each
time with a copy that it cannot recognize.
"""

from __future__ import annotations

import copy
import functools
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.report import Check

ASKED = 12  # calls in one check, at least: six of each kind can come in 924 orders

#: Draws the order. Grading replaces it by a seeded generator, so that the marks can be reproduced.
dice: random.Random = random.SystemRandom()


@dataclass
class _Case:
    given: tuple[Any, ...]
    truth: dict[str, Any]
    seed: int
    answers: list[Any] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)


class Verdicts:
    """The cases of one check: what the answer is called with, and the right verdict on each."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer
        self._cases: list[_Case] = []

    def add(
        self, *given: Any, broken: bool, what: str, bug: str, missed: str, accused: str
    ) -> None:
        """Add a case: call the answer with `given`, which `what` describes.

        The other arguments are those of `Check.verdict`.
        """
        truth = {"broken": broken, "bug": bug, "on": what, "missed": missed, "accused": accused}
        # The same object may be added several times, for an answer that is seldom wrong. Each case
        # then has a seed of its own.
        seed = sum(case.given[0] is given[0] for case in self._cases)
        self._cases.append(_Case(given, truth, seed))

    def check(self, check: Check) -> None:
        """Call the answer in a random order; report the first wrong case in the order of `add`.

        Raises:
            Exception: The answer raised it.
            CheckFailed: A verdict is wrong, or numbers that were passed in have changed.
        """
        for case in self._order():
            _seed(case.seed)
            case.asked.append(tuple(map(_unrecognizable_copy, case.given)))
            try:
                case.answers.append(self._answer(*case.asked[-1]))
            except Exception as error:  # raised below, when its case is due
                case.answers.append(error)
        for case in self._cases:
            for got, asked in zip(case.answers, case.asked, strict=True):
                if isinstance(got, Exception):
                    raise got
                check.verdict(got, **case.truth)
                check.kept(_numbers(asked), _numbers(case.given), on=case.truth["on"])

    def _order(self) -> list[_Case]:
        order = self._cases * math.ceil(ASKED / max(1, len(self._cases)))
        dice.shuffle(order)
        return order


@contextmanager
def in_any_order(check: Check, answer: Callable[..., Any]) -> Iterator[Verdicts]:
    """Collect cases in the `with` body; at its end, check `answer` on all of them."""
    verdicts = Verdicts(answer)
    yield verdicts
    verdicts.check(check)


def _seed(number: int) -> None:
    """Seed all global generators, so that the answer's draws depend neither on the order of the
    cases, which would make marks differ between runs, nor on whether the case is broken, which
    would give the verdict away."""
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    # The CPU's, where all cases run; `torch.manual_seed` asks for every other device each time.
    torch.default_generator.manual_seed(number)


def _unrecognizable_copy(thing: Any) -> Any:
    """An equal object with another identity, so that an answer cannot remember its verdict."""
    if isinstance(thing, nn.Module):
        return copy.deepcopy(thing)
    if isinstance(thing, Tensor):
        return thing.clone()
    if not callable(thing):
        return thing

    @functools.wraps(thing)
    def same(*args: Any, **options: Any) -> Any:
        return thing(*args, **options)

    return same


def _numbers(given: tuple[Any, ...]) -> list[Tensor]:
    """The tensors among `given`, and the parameters of the models among them."""
    tensors = [thing for thing in given if isinstance(thing, Tensor)]
    models = [thing for thing in given if isinstance(thing, nn.Module)]
    return [t.detach() for t in (*tensors, *(p for model in models for p in model.parameters()))]
