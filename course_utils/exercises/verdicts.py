"""Yes-or-no answers, asked so that whoever guesses is found out.

A learner's test says of some code whether it is broken. Asked about one of each kind it would be
right by chance in one case of four, and always if it knew the order in which they come. So each is
asked about several times, in an order that nobody can foresee and each time in a new guise.
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

ASKED = 12  # times at least in one check: six of each kind can come in 924 orders

#: Draws the order. Whoever marks submissions puts one here whose seed stays with the marks.
dice: random.Random = random.SystemRandom()


@dataclass
class _Case:
    given: tuple[Any, ...]
    truth: dict[str, Any]
    seed: int
    answers: list[Any] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)


class Verdicts:
    """What is asked in one check."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer
        self._cases: list[_Case] = []

    def add(
        self, *given: Any, broken: bool, what: str, bug: str, missed: str, accused: str
    ) -> None:
        """Ask what the answer says of `given`, which is `what`; the rest is for `Check.verdict`."""
        truth = {"broken": broken, "bug": bug, "on": what, "missed": missed, "accused": accused}
        # What is to be asked about many times, to catch what happens seldom, is added many times.
        seed = sum(case.given[0] is given[0] for case in self._cases)
        self._cases.append(_Case(given, truth, seed))

    def check(self, check: Check) -> None:
        """Ask, in any order; what is wrong is told in the order in which it was added.

        Raises:
            Exception: What the answer raises.
            CheckFailed: A verdict is wrong, or numbers that were passed in have changed.
        """
        for case in self._order():
            _seed(case.seed)
            case.asked.append(tuple(map(_in_a_new_guise, case.given)))
            try:
                case.answers.append(self._answer(*case.asked[-1]))
            except Exception as error:  # told in its turn, below
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
    """Collect in the body what is to be asked; at its end it is."""
    verdicts = Verdicts(answer)
    yield verdicts
    verdicts.check(check)


def _seed(number: int) -> None:
    """Draws that depend neither on the order nor on the kind: the one would change marks from run
    to run, and by the other an answer would know what it is asked about."""
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    torch.manual_seed(number)


def _in_a_new_guise(thing: Any) -> Any:
    """The same once more, in which nobody recognizes what was asked about before."""
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
    """The tensors that are passed in, and the parameters of the models."""
    tensors = [thing for thing in given if isinstance(thing, Tensor)]
    models = [thing for thing in given if isinstance(thing, nn.Module)]
    return [t.detach() for t in (*tensors, *(p for model in models for p in model.parameters()))]
