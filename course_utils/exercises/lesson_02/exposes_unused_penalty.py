"""Visible check of exercise 02: ``exposes_unused_penalty``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt
from course_utils.exercises.verdicts import Verdicts, in_any_order
from course_utils.regularizers import l2_penalty


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BUG_MISSED = "the bug is missed: train with two strengths; what stays exactly the same here?"
    RIGHT_ACCUSED = (
        "a right training is accused: in it at least one parameter depends on the strength, and "
        "need not become smaller. Compare all parameters, exactly, at 0 and at a large strength"
    )


#: ``train(strength)`` -> the model trained with a penalty of that strength, and its losses.
TrainFn = Callable[[float], tuple[nn.Module, list[float]]]


def exposes_unused_penalty(answer: Callable[[TrainFn], bool]) -> None:
    """Task ``exposes_unused_penalty(train)`` -> True if the strength changes no weight."""
    with attempt("exposes_unused_penalty", answer) as check, in_any_order(check, answer) as asked:
        verdict(asked, never_added, broken=True, what="a penalty that is never added")
        verdict(asked, added, broken=False, what="a penalty added as it should be")


#: ``verdict(asked, code, broken=..., what=...)`` adds the case of `code`; `what` describes it.
verdict = partial(
    Verdicts.add,
    bug="a penalty without effect",
    missed=Mistake.BUG_MISSED,
    accused=Mistake.RIGHT_ACCUSED,
)


def small_training(strength: float, steps: int = 5) -> tuple[nn.Module, Tensor, Tensor, int]:
    """A seeded model, its inputs and labels, and the number of steps; the strength is not used."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    return model, torch.randn(20, 4), torch.randint(3, (20,)), steps


def added(strength: float) -> tuple[nn.Module, list[float]]:
    """Right training: the penalty is added to the loss."""
    model, x, y, steps = small_training(strength)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.01), []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        (loss + strength * l2_penalty(model)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return model, losses


def never_added(strength: float) -> tuple[nn.Module, list[float]]:
    """Broken training: the penalty is never added to the loss."""
    return added(0.0)
