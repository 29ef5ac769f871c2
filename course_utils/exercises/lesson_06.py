"""Visible checks of exercise 06, early stopping."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch.optim.lr_scheduler import ReduceLROnPlateau

from course_utils import checks, regularizers
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_06_evidence import choose_patience, small_record
from course_utils.exercises.lesson_06_training import TrainToBest, listed, play
from course_utils.regularizers import stopping_epoch as right_rule

__all__ = [
    "LIBRARY",
    "choose_patience",
    "exposes_wrong_rule",
    "play",
    "rule",
    "running_mean",
    "small_record",
    "smoothed",
    "stopping_epoch",
    "train_to_best",
    "verdict",
]

LIBRARY = (regularizers.stopping_epoch, regularizers.early_stopping, ReduceLROnPlateau.step)

Losses = Sequence[float]
Rule = Callable[[Losses, int], int | None]


def stopping_epoch(answer: Callable[..., int | None]) -> None:
    """Task ``stopping_epoch(val_losses, patience, min_delta=0.0)`` -> an epoch or None."""

    def plain(losses: Losses, patience: int, min_delta: float) -> int | None:
        got = answer(losses, patience, min_delta)
        return int(got) if isinstance(got, np.integer) else got

    with attempt("stopping_epoch", answer, by_hand=LIBRARY) as check:
        check.include(checks.early_stopping(plain))
        got, on = plain([math.nan, 3, 2], 1, 0.0), "val_losses = [nan, 3, 2], patience = 1"
        hint = "no number has come yet, but epoch 0 brought no improvement: it was waited in vain"
        what = "a NaN in entry 0 is no improvement"
        check.that(got == 0, what, on=on, expected=0, got=got, hint=hint)


def train_to_best(answer: TrainToBest) -> None:
    """Task ``train_to_best(model, train_epoch, val_loss, epochs, tired)`` -> the losses."""
    with attempt("train_to_best", answer) as check:
        nothing = "these are the last weights; nothing was given back"
        play(check, answer, [3, 1, 2, 2, 4], 2, "the best weights come back", nothing)
        never = (
            "nothing was given back here: the best weights are due also when `tired` never fires"
        )
        what = "the best weights come back, also when patience never runs out"
        play(check, answer, [4, 3, 1, 2], 5, what, never)
        play(check, answer, [3, 1, 1, 2], 5, "of equal losses the first is the best", nothing)


def exposes_wrong_rule(answer: Callable[[Rule], bool]) -> None:
    """Task ``exposes_wrong_rule(rule)`` -> True for a rule with a fault, else False."""
    with attempt("exposes_wrong_rule", answer) as check:
        verdict(check, answer, right_rule, "")
        verdict(check, answer, rule(late=1), "waits for one epoch more than `patience`")


def verdict(check: Check, answer: Callable[[Rule], bool], rule: Rule, fault: str) -> None:
    """`answer` says of `rule` whether it has a fault; `fault` is "" for a right rule."""
    check.verdict(
        answer(rule),
        broken=bool(fault),
        bug=f"a rule that {fault}",
        on=f"a rule that {fault}" if fault else "a right rule",
        missed="write down a record on which this fault changes the epoch, and the epoch that is "
        "right",
        accused="a right rule is accused; go through your records by hand, or play them to "
        "regularizers.stopping_epoch. Entry 0 is epoch 0, and None is right where patience never "
        "runs out",
    )


def rule(
    improved: Callable[[float, float], bool] = lambda loss, best: loss < best,
    *,
    late: int = 0,
    resets: bool = True,
    previous: bool = False,
) -> Rule:
    """A stopping rule; what the arguments change makes it a wrong one.

    Args:
        improved: improved(loss, best) -> whether it counts as an improvement.
        late: waiting epochs beyond `patience` (negative: fewer, but at least 1 in all).
        resets: whether an improvement sets the count back.
        previous: compare with the epoch before instead of the best.
    """

    def stop(losses: Losses, patience: int) -> int | None:
        best, waited = float("inf"), 0
        for epoch, loss in enumerate(losses):
            better = improved(loss, best)
            waited = waited + 1 if not better else 0 if resets else waited
            best = loss if better or previous else best
            if waited >= max(1, patience + late):
                return epoch
        return None

    return stop


def smoothed(answer: Callable[[Losses, float], Any]) -> None:
    """Task ``smoothed(val_losses, beta)`` -> as many running means."""
    with attempt("smoothed", answer) as check:
        running_mean(check, answer, [4, 2, 2, 6], 0.75, [4, 3.5, 3.125, 3.84375])
        running_mean(check, answer, [4, math.nan, 2], 0.75, [4, 4, 3.5])


def running_mean(
    check: Check,
    answer: Callable[[Losses, float], Any],
    losses: list[float],
    beta: float,
    wanted: list[float],
) -> None:
    """`answer` smooths `losses`, and leaves them as they are."""
    given, on = list(losses), f"val_losses = {losses}, beta = {beta}"
    got = answer(given, beta)
    check.close(
        "each entry mixes the smoothed one before with the loss",
        listed(check, got, on),
        wanted,
        on=on,
        hint="beta times the smoothed entry before, plus (1 - beta) times the loss",
        mistakes={
            "a NaN moves nothing, but here it stays for ever: NaN + anything is NaN": (
                _mixed(losses, lambda mean, loss: beta * mean + (1 - beta) * loss)
            ),
            "beta and 1 - beta are swapped: beta belongs to the past": (
                _mixed(losses, lambda mean, loss: (1 - beta) * mean + beta * loss)
            ),
            "it starts from 0, so the first entries are too small; the first is the loss itself": (
                _mixed([0.0, *losses], lambda mean, loss: beta * mean + (1 - beta) * loss)[1:]
            ),
            "the loss before was taken where the smoothed entry before is meant": [
                losses[0],
                *(beta * old + (1 - beta) * new for old, new in itertools.pairwise(losses)),
            ],
            "the first entry is missing: smoothed has as many entries as val_losses": wanted[1:],
            "this is only the last entry; all of them are asked for": [wanted[-1]],
        },
    )
    check.that(
        repr(given) == repr(losses),
        "the record of losses is kept",
        on=f"val_losses = {losses}",
        expected=losses,
        got=given,
        hint="the record was changed; write into a list of your own",
    )


def _mixed(losses: list[float], mix: Callable[[float, float], float]) -> list[float]:
    return list(itertools.accumulate(losses, mix))
