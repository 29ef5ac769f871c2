"""Visible check of exercise 02: ``useful_inputs``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import unique

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ALL_OF_THEM = "every input is named: is no weight exactly 0, or have the steps diverged to NaN?"
    NEGATIVE_LOST = "the useful inputs with a negative weight are missing"
    MASK_RETURNED = "return the places as a list of integers, such as [2, 5]"
    COUNTED_FROM_1 = "places are counted from 0, as in `x[:, 0]`"
    IN_ANOTHER_ORDER = "these are the useful inputs; name each once, in increasing order"
    USELESS_KEPT = (
        "there are useless inputs among these; look at their weights, and at the strength"
    )
    USEFUL_MISSED = "useful inputs are missing; look at their weights, and at the strength"


Chooser = Callable[[Tensor, Tensor], Sequence[int]]


def useful_inputs(answer: Chooser) -> None:
    """Task ``useful_inputs(x, y)`` -> places of the useful inputs."""
    with attempt("useful_inputs", answer) as check:
        chosen(check, answer, 80, 30, 3)


def chosen(check: Check, answer: Chooser, n: int, inputs: int, useful: int) -> None:
    """Check that `answer` names the useful inputs, and no others."""
    x, y, wanted = some_inputs(n, inputs, useful)
    on = f"{n} samples of {inputs} inputs, {useful} of them useful"
    given = x.clone(), y.clone()
    got = answer(*given)
    found = got.tolist() if isinstance(got, Tensor) else got
    listed = isinstance(found, Sequence | np.ndarray) and all(
        not isinstance(place, bool | float) and hasattr(place, "__index__") for place in found
    )
    check.that(
        listed,
        "places are returned",
        on=on,
        expected="a list of integers",
        got=got,
        hint=Mistake.MASK_RETURNED,
    )
    places = [int(place) for place in found]
    weights = _weights(useful)
    positive = sorted(
        place for place, w in zip(_places(inputs, useful), weights, strict=True) if w > 0
    )
    hint: str = Mistake.USEFUL_MISSED if set(wanted) - set(places) else Mistake.USELESS_KEPT
    if len(set(places)) == inputs:
        hint = Mistake.ALL_OF_THEM
    elif places == positive:
        hint = Mistake.NEGATIVE_LOST
    elif places == [place + 1 for place in wanted]:
        hint = Mistake.COUNTED_FROM_1
    elif set(places) == set(wanted):
        hint = Mistake.IN_ANOTHER_ORDER
    check.that(
        places == wanted,
        "these inputs are useful, and no others",
        on=on,
        expected=wanted,
        got=places,
        hint=hint,
    )
    check.kept(given, (x, y), on=on)


def some_inputs(n: int, inputs: int, useful: int) -> tuple[Tensor, Tensor, list[int]]:
    """Samples [n, inputs], targets [n], and the places of the useful inputs in increasing order.

    Two useless inputs are correlated with the most useful one.
    """
    places = _places(inputs, useful)
    dice = torch.Generator().manual_seed(n)
    x = torch.randn(n, inputs, generator=dice)
    x = (x - x.mean(0)) / x.std(0, correction=0)
    weights = _weights(useful)
    y = x[:, places] @ weights + 0.3 * torch.randn(n, generator=dice)
    useless = [i for i in range(inputs) if i not in places][:2]
    for i in useless:  # correlated with the input that has the largest weight
        x[:, i] = 0.5 * x[:, places[0]] + 0.75**0.5 * x[:, i]
    return x, y, sorted(places)


def _places(inputs: int, useful: int) -> list[int]:
    dice = torch.Generator().manual_seed(inputs)
    return torch.randperm(inputs, generator=dice)[:useful].tolist()


def _weights(useful: int) -> Tensor:
    return torch.tensor([2.0, -1.5, 1.0, -1.0, 1.2])[:useful]
