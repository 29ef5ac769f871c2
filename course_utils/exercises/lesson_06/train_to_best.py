"""Visible check of exercise 06: ``train_to_best``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import unique
from typing import Any

import torch
from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_06.common import listed
from course_utils.regularizers import stopping_epoch


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    KEPT_A_VIEW = (
        "the stored weights are not a copy: state_dict() returns the model's own tensors, which "
        "training goes on changing"
    )
    LAST_WEIGHTS = "these are the last weights; the best ones were not restored"
    ONLY_IF_PATIENCE_RAN_OUT = "restore the best weights also if `tired` is never true"
    WITHOUT_BUFFERS = (
        "the parameters are not the whole state: batch norm's running statistics are buffers; "
        "state_dict() has both"
    )
    WITHOUT_THE_UNTRAINED_MODEL = "entry 0 is missing: the loss of the untrained model"
    NEVER_TIRED = "it trained on where `tired(losses)`, called with all losses so far, is true"
    ONE_EPOCH_SHORT = (
        "the last epoch is missing, although `tired` was not true: range(epochs) has `epochs` "
        "entries, and no other rule may end the training"
    )
    ASKED_BEFORE_THE_FIRST = (
        "nothing was trained: `tired` is asked after each epoch, and not before the first"
    )
    LATER_OF_TWO = "the later of two equal losses was kept; an equal loss is no improvement"


TrainToBest = Callable[..., list[float]]


def train_to_best(answer: TrainToBest) -> None:
    """Task ``train_to_best(model, train_epoch, val_loss, epochs, tired)`` -> the losses."""
    with attempt("train_to_best", answer) as check:
        nothing = Mistake.LAST_WEIGHTS
        play(check, answer, [3, 1, 2, 2, 4], 2, "the best weights come back", nothing)
        never = Mistake.ONLY_IF_PATIENCE_RAN_OUT
        what = "the best weights come back, also when patience never runs out"
        play(check, answer, [4, 3, 1, 2], 5, what, never)
        play(check, answer, [3, 1, 1, 2], 5, "of equal losses the first is the best", nothing)


class Walker(nn.Module):
    """A model whose only weight and only buffer are the number of epochs it was trained for."""

    seen: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))
        #: Whether it was loaded with its own tensors, which were meant to be a copy.
        self.got_itself = False

    def load_state_dict(self, state_dict: Mapping[str, Any], *more: Any, **options: Any) -> Any:
        self.got_itself = state_dict["weight"].data_ptr() == self.weight.data_ptr()
        return super().load_state_dict(state_dict, *more, **options)


def walk(model: Walker) -> None:
    """One epoch of training: changes weight and buffer in place, as an optimizer does."""
    with torch.no_grad():
        model.weight.add_(1)
        model.seen.add_(1)


def play(
    check: Check,
    answer: TrainToBest,
    script: list[float],
    patience: int,
    what: str,
    last_weights: str,
    *,
    tired: Callable[[list[float]], bool] | None = None,
    until: str = "",
) -> None:
    """Check that `answer` trains a `Walker` with the losses `script`, and restores the best epoch.

    The rule is `patience`, or else `tired`, which `until` describes. `what` is the property that
    this script tests, and `last_weights` the hint if the last weights are left in the model.
    """

    def out_of_patience(losses: list[float]) -> bool:
        return stopping_epoch(losses, patience) is not None

    model, rule = Walker(), tired or out_of_patience
    ends = (e for e in range(1, len(script)) if rule(script[: e + 1]))
    wanted = script[: next(ends, len(script) - 1) + 1]
    best = min(loss for loss in wanted if loss == loss)
    stops = f"stop {until}" if until else f"patience {patience}"
    on = f"epochs {len(script) - 1}, {stops}, validation losses as scripted: {script}"
    scored: list[int] = []

    def val_loss(walker: Walker) -> float:
        scored.append(int(walker.weight))
        return float((script + 1000 * [script[-1]])[int(walker.weight)])

    got = answer(model, walk, val_loss, len(script) - 1, rule)
    check.close(
        "it returns the losses up to the stop",
        listed(check, got, on),
        wanted,
        on=on,
        hint="one loss before training and one after each epoch, until `tired(losses)` is true",
        mistakes={
            Mistake.WITHOUT_THE_UNTRAINED_MODEL: wanted[1:],
            Mistake.NEVER_TIRED: script,
            **({Mistake.ASKED_BEFORE_THE_FIRST: script[:1]} if rule(script[:1]) else {}),
            **({Mistake.ONE_EPOCH_SHORT: wanted[:-1]} if len(wanted) == len(script) else {}),
        },
    )
    check.that(
        scored == list(range(len(wanted))),
        "each loss is taken once, after its epoch",
        on=f"{on}; how many epochs the model had seen at each call of val_loss",
        expected=list(range(len(wanted))),
        got=scored,
        hint="call val_loss once before training and once after each epoch, and store the result",
    )
    check.close(
        what,
        model.weight,
        float(wanted.index(best)),
        on=f"{on}; the model's weight is the number of epochs it has seen",
        hint="store a copy at every new lowest loss, and load it at the end; of equal losses the "
        "first counts, and a NaN is never the lowest",
        mistakes={
            Mistake.KEPT_A_VIEW if model.got_itself else last_weights: float(len(wanted) - 1),
            Mistake.LATER_OF_TWO: float(len(wanted) - 1 - wanted[::-1].index(best)),
        },
    )
    check.close(
        "the best buffers are restored with the weights",
        model.seen,
        float(wanted.index(best)),
        on=f"{on}; the model's buffer is the number of epochs it has seen",
        hint=Mistake.WITHOUT_BUFFERS,
    )
