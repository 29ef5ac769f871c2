"""Yes-or-no answers, asked so that whoever guesses is found out.

A learner's test says of some code whether it is broken. With two kinds of code it would be right by
chance in one case of four, and by the order in which they come in all. So each is asked about in an
order that nobody can foresee, some again, and each time in a new guise.
"""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from course_utils.checks.report import Check

ASKED = 10  # times at least in one check: by chance all are right in one run of 2**10

#: Draws the order. Whoever marks submissions puts one here whose seed stays with the marks.
dice: random.Random = random.SystemRandom()


@dataclass
class _Case:
    given: tuple[Any, ...]
    truth: dict[str, Any]
    answers: list[Any] = field(default_factory=list)


class Verdicts:
    """What is asked in one check."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer
        self._cases: list[_Case] = []

    def add(self, *given: Any, broken: bool, bug: str, on: str, missed: str, accused: str) -> None:
        """Ask what the answer says of `given`; the rest is what `Check.verdict` takes."""
        truth = {"broken": broken, "bug": bug, "on": on, "missed": missed, "accused": accused}
        self._cases.append(_Case(given, truth))

    def check(self, check: Check) -> None:
        """Ask, in any order; what is wrong is told in the order in which it was added.

        Raises:
            Exception: What the answer raises.
            CheckFailed: A verdict is wrong.
        """
        for case in self._order():
            try:
                case.answers.append(self._answer(*map(_in_a_new_guise, case.given)))
            except Exception as error:  # told in its turn, below
                case.answers.append(error)
        for case in self._cases:
            for got in case.answers:
                if isinstance(got, Exception):
                    raise got
                check.verdict(got, **case.truth)

    def _order(self) -> list[_Case]:
        kinds = [[c for c in self._cases if c.truth["broken"] is kind] for kind in (True, False)]
        kinds = [kind for kind in kinds if kind]
        again = max(0, ASKED - len(self._cases)) if kinds else 0
        # First the kind, then which: each draw is a question of its own.
        order = [*self._cases, *(dice.choice(dice.choice(kinds)) for _ in range(again))]
        dice.shuffle(order)
        return order


@contextmanager
def in_any_order(check: Check, answer: Callable[..., Any]) -> Iterator[Verdicts]:
    """Collect in the body what is to be asked; at its end it is."""
    verdicts = Verdicts(answer)
    yield verdicts
    verdicts.check(check)


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
