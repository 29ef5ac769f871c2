"""Visible check of exercise 05: ``train_shifted``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from functools import cache

import torch
from torch import Tensor, nn

from course_utils.augmentation import RandomShift
from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.data import load_dataset
from course_utils.exercises.attempt import attempt
from course_utils.exercises.networks import is_network, logits_of, untouched

ENOUGH = {0: 0.0, 1: 0.80, 2: 0.65}  # of the images that are scored, by how far they moved


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NO_NETWORK = "return the trained network itself, an nn.Module"
    WRONG_OUTPUTS = "the network takes images [n, 1, 8, 8] and gives ten logits for each"
    TOO_LITTLE_TRAINING = (
        "it gets too many of its own training images wrong, even unmoved: too little training, or "
        "not on the images and labels of this call"
    )
    NOT_LEARNED = (
        "it gets its own images right, but too many others that have moved wrong; did training "
        "shift images by up to `pixels`, and anew in each step?"
    )


Trainer = Callable[[Tensor, Tensor, int], nn.Module]


def train_shifted(answer: Trainer) -> None:
    """Task ``train_shifted(x, y, pixels)`` -> a network for images that have moved."""
    with attempt("train_shifted", answer) as check:
        knows_moved(check, answer, 0, 1)


def in_two_calls(check: Check, answer: Trainer) -> None:
    """`knows_moved` for two calls, of which the second must leave the first one's network alone."""
    model = knows_moved(check, answer, 1, 2, turned=3)
    x, _ = digits(1)
    with untouched(check, model, x, on="300 digits, then 300 others with other labels"):
        knows_moved(check, answer, 0, 2, turned=6)


def knows_moved(
    check: Check, answer: Trainer, part: int, pixels: int, turned: int = 0
) -> nn.Module:
    """Check that `answer` makes a network that gets enough of other, shifted digits right.

    Digit d has the label (d + turned) % 10. Returns the network, in evaluation mode.
    """
    x, y = digits(part)
    y = (y + turned) % 10
    on = f"300 digits, others that have moved by up to {pixels}"
    if turned:
        on += f", digit 0 with label {turned}"
    given = x.clone(), y.clone()
    model = answer(*given, pixels)
    is_network(check, model, on=on, hint=Mistake.NO_NETWORK)
    check.kept(given, (x, y), on=on)
    logits = logits_of(check, model, x, 10, on=on, hint=Mistake.WRONG_OUTPUTS)
    own = float((logits.argmax(1) == y).double().mean())
    moved = moved_accuracy(model, pixels, turned)
    check.that(
        moved >= ENOUGH[pixels],
        f"at least {ENOUGH[pixels]:.0%} of digits that have moved are right",
        on=on,
        expected=f"{ENOUGH[pixels]:.0%} or more",
        got=f"{moved:.1%} of others that have moved, {own:.1%} of its own where they were",
        hint=Mistake.NOT_LEARNED if own >= 0.7 else Mistake.TOO_LITTLE_TRAINING,
    )
    return model


def moved_accuracy(model: nn.Module, pixels: int, turned: int = 0) -> float:
    """The share of 400 other digits, moved by up to `pixels`, that `model` gets right.

    Digit d has the label (d + turned) % 10.
    """
    data = _digits()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        moved = RandomShift(pixels)(data[2]) if pixels else data[2]
        right = model.eval()(moved).argmax(1) == (data[3] + turned) % 10
        return float(right.double().mean())


def digits(part: int) -> tuple[Tensor, Tensor]:
    """300 digits and their labels; parts 0 and 1 have none in common."""
    x, y, _, _ = _digits()
    rows = slice(300 * part, 300 * part + 300)
    return x[rows].clone(), y[rows].clone()


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    data = load_dataset("digits")
    return data.x_train, data.y_train, data.x_val[:400], data.y_val[:400]
