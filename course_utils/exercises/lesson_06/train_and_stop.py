"""Visible check of exercise 06: ``train_and_stop``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.networks import is_network, logits_of, untouched
from course_utils.snapshot import evaluating

FEATURES, CLASSES, N = 10, 3, 240

#: The share of redrawn labels in each set of samples, the size of the samples, and the loss that
#: is asked for there. A network stopped in time reached 0.90, 0.24 and 0.93 in the worst of six
#: or seven ways to train and split. No number of steps (of Adam, at a rate of 0.01) is enough for
#: the small samples of 1 and not too many for 2.
WORLDS = {0: (0.3, 1.0, 1.0), 1: (0.0, 0.15, 0.3), 2: (0.3, 1.0, 1.0)}

Samples = tuple[Tensor, Tensor]


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NO_NETWORK = "return the trained network itself, an nn.Module"
    WRONG_OUTPUTS = "the network takes samples [n, 10] and gives three logits for each"
    TOO_LONG = (
        "it does much better on the samples that it was given than on new ones: it was trained "
        "beyond the moment that samples held out would have shown"
    )
    TOO_SHORT = (
        "it does hardly better on the samples that it was given: it was trained too little, or on "
        "numbers that were scaled outside of the network"
    )


Trainer = Callable[[Tensor, Tensor], nn.Module]


def train_and_stop(answer: Trainer) -> None:
    """Task ``train_and_stop(x, y)`` -> a network that was stopped in time."""
    with attempt("train_and_stop", answer) as check:
        stopped_in_time(check, answer, 0)


def in_two_calls(check: Check, answer: Trainer) -> None:
    """`stopped_in_time` for two calls; the second must leave the first network as it is."""
    model = stopped_in_time(check, answer, 1)
    (x, _), _ = samples(1)
    with untouched(check, model, x, on=f"{N} samples, then {N} others"):
        stopped_in_time(check, answer, 2)


def stopped_in_time(check: Check, answer: Trainer, world: int) -> nn.Module:
    """Check that `answer` makes a network whose loss on new samples is low enough; return it."""
    (x, y), _ = samples(world)
    scored = samples(world)[1] if world else _drawn(world, 3000, 99)
    noise, size, bound = WORLDS[world]
    on = f"{N} samples, of which {noise:.0%} have a random label"
    if size != 1:
        on += f", of size {size}"
    given = x.clone(), y.clone()
    model = answer(*given)
    is_network(check, model, on=on, hint=Mistake.NO_NETWORK)
    check.kept(given, (x, y), on=on)
    logits_of(check, model, x, CLASSES, on=on, hint=Mistake.WRONG_OUTPUTS)
    own, new = loss_on(model, x, y), loss_on(model, *scored)
    check.that(
        new <= bound,
        "its loss on new samples is low",
        on=on,
        expected=f"{bound} or less",
        got=f"{new:.3f} on new samples, {own:.3f} on those that it was given",
        hint=Mistake.TOO_LONG if own < 0.75 * new else Mistake.TOO_SHORT,
    )
    return model


def loss_on(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The mean cross-entropy of `model` in evaluation mode; its own mode is then restored."""
    with torch.no_grad(), evaluating(model):
        return F.cross_entropy(model(x), y).item()


def samples(world: int) -> tuple[Samples, Samples]:
    """Samples to train on, and samples to score on; the hidden checks use other worlds than 0."""
    return _drawn(world, N, 7), _drawn(world, 3000, 8)


def _drawn(world: int, n: int, seed: int) -> Samples:
    """n samples of this world, with labels from its linear rule, a share of them redrawn."""
    turn = torch.randn(FEATURES, CLASSES, generator=torch.Generator().manual_seed(world))
    dice = torch.Generator().manual_seed(10 * seed + world)
    noise, size, _ = WORLDS[world]
    x = size * torch.randn(n, FEATURES, generator=dice)
    by_dice = torch.rand(n, generator=dice) < noise
    return x, torch.where(
        by_dice, torch.randint(CLASSES, (n,), generator=dice), (x @ turn).argmax(1)
    )
