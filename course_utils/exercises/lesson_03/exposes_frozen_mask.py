"""Visible check of exercise 03: ``exposes_frozen_mask``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_03.common import DropoutFn
from course_utils.exercises.verdicts import Verdicts, in_any_order


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = "call it twice on the same input in training mode: what must differ?"
    RIGHT_ACCUSED = (
        "a right dropout is accused. Its outputs can agree in evaluation mode, with p = 0, after "
        "the same seed, or by chance: in few entries, or in a sum or a count"
    )


def exposes_frozen_mask(answer: Callable[[DropoutFn], bool]) -> None:
    """Task ``exposes_frozen_mask(dropout)`` -> True for a frozen mask, else False."""
    with attempt("exposes_frozen_mask", answer) as check, in_any_order(check, answer) as asked:
        verdict(asked, seeded_inside, broken=True, what="one that calls manual_seed inside")
        verdict(asked, fresh, broken=False, what="a right dropout")


#: ``verdict(asked, code, broken=..., what=...)`` adds the case of `code`; `what` describes it.
verdict = partial(
    Verdicts.add, bug="a frozen mask", missed=Mistake.BUG_MISSED, accused=Mistake.RIGHT_ACCUSED
)


def fresh(x: Tensor, p: float, training: bool) -> Tensor:
    """Right dropout, with a new mask at each call."""
    return F.dropout(x, p, training)


def seeded_inside(x: Tensor, p: float, training: bool) -> Tensor:
    """Broken dropout, whose mask never changes."""
    torch.manual_seed(0)
    return F.dropout(x, p, training)
