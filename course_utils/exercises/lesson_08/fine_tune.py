"""Visible check of exercise 08: ``fine_tune``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import unique
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.networks import is_network, logits_of, untouched

INPUTS, MEANING, CLASSES = 60, 4, 20  # dimensions, those that mean something, classes of the body
ENOUGH = 0.95  # of the samples that are scored

Samples = tuple[Tensor, Tensor]


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NO_NETWORK = "return the trained network itself, an nn.Module"
    WRONG_OUTPUTS = "the network takes samples [n, 60] and gives one logit for each class of `y`"
    BODY_CHANGED = "others use this body too; train a copy.deepcopy of it, or only a new layer"
    TOO_LITTLE_TRAINING = (
        "it gets even many of its own training samples wrong: too little training, or not with the "
        "body and the samples of this call"
    )
    NOT_CARRIED_OVER = (
        "it gets its own samples right, but too many others wrong: what the body has learned was "
        "not used, or was lost in training"
    )


Tuner = Callable[[nn.Module, Tensor, Tensor], nn.Module]


def fine_tune(answer: Tuner) -> None:
    """Task ``fine_tune(body, x, y)`` -> a network from samples to logits."""
    with attempt("fine_tune", answer) as check:
        carried_over(check, answer, world=0, classes=4, training=False)


def in_two_calls(check: Check, answer: Tuner) -> None:
    """`carried_over` for two calls, of which the second must leave the first network as it is."""
    model = carried_over(check, answer, world=1, classes=5, training=True)
    _, (x, _), _ = pretrained(1, 5)
    on = "5 new classes and a body, then 5 others and another body"
    with untouched(check, model, x, on=on):
        carried_over(check, answer, world=2, classes=5, training=False)


def carried_over(
    check: Check, answer: Tuner, *, world: int, classes: int, training: bool
) -> nn.Module:
    """Check that `answer` makes a good classifier from few samples and does not change the body.

    Returns the classifier, in evaluation mode.
    """
    body, (x, y), scored = pretrained(world, classes)
    on = (
        f"{classes} new classes with 10 samples each, a body in "
        f"{'training' if training else 'evaluation'} mode"
    )
    given, samples = body.train(training), (x.clone(), y.clone())
    before = copy.deepcopy(given)
    model = answer(given, *samples)
    is_network(check, model, on=on, hint=Mistake.NO_NETWORK)
    now, then = given.state_dict(), before.state_dict()
    same = now.keys() == then.keys() and all(torch.equal(now[k], then[k]) for k in then)
    modes = [m.training for m in given.modules()] == [m.training for m in before.modules()]
    flags = [[p.requires_grad for p in net.parameters()] for net in (given, before)]
    check.that(
        same and modes and flags[0] == flags[1],
        "the body is not changed",
        on=on,
        expected="the same numbers, modes and requires_grad before and after",
        got="changed numbers" if not same else "another requires_grad" if modes else "another mode",
        hint=Mistake.BODY_CHANGED,
    )
    check.kept(samples, (x, y), on=on)
    own_samples = f"{on}; its own samples, {tuple(x.shape)}"
    logits_of(check, model, x, classes, on=own_samples, hint=Mistake.WRONG_OUTPUTS)
    own, fresh = accuracy(model, x, y), accuracy(model, *scored)
    check.that(
        fresh >= ENOUGH,
        f"at least {ENOUGH:.0%} of other samples are right",
        on=on,
        expected=f"{ENOUGH:.0%} or more",
        got=f"{fresh:.1%} of other samples, {own:.1%} of its own",
        hint=Mistake.TOO_LITTLE_TRAINING if own < ENOUGH else Mistake.NOT_CARRIED_OVER,
    )
    return model


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of `x` that `model` gets right in evaluation mode."""
    with torch.no_grad():
        return float((model.eval()(x).argmax(1) == y).double().mean())


def pretrained(world: int, classes: int = 4) -> tuple[nn.Module, Samples, Samples]:
    """A trained body, ten samples of each of some new classes, and many more of them to score on.

    A sample is a rotated vector of 60 numbers, of which only 4 depend on its class; the rotation is
    that of the `world`.
    """
    body, turn = _learned(world)
    dice = torch.Generator().manual_seed(100 + world)
    corners = torch.cat([torch.eye(MEANING), -torch.ones(1, MEANING) / MEANING**0.5])
    centers = 2 * corners[-classes:]
    few, many = (_samples(centers, n * classes, turn, dice) for n in (10, 400))
    return copy.deepcopy(body), few, many


@cache
def _learned(world: int) -> tuple[nn.Module, Tensor]:
    """A body, trained on 20 classes with 150 samples each, and the rotation of its world."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(world)
        dice = torch.Generator().manual_seed(world)
        turn = torch.linalg.qr(torch.randn(INPUTS, INPUTS, generator=dice)).Q
        centers = 2 * F.normalize(torch.randn(CLASSES, MEANING, generator=dice))
        x, y = _samples(centers, 3000, turn, dice)
        body = nn.Sequential(
            *(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Dropout(0.1))
        )
        model = nn.Sequential(body, nn.Linear(16, CLASSES))
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(200):
            batch = torch.randint(len(x), (200,))
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return body.eval(), turn


def _samples(centers: Tensor, n: int, turn: Tensor, dice: torch.Generator) -> Samples:
    y = torch.arange(n) % len(centers)
    meaning = centers[y] + 0.4 * torch.randn(n, MEANING, generator=dice)
    rest = 1.5 * torch.randn(n, INPUTS - MEANING, generator=dice)
    return torch.cat([meaning, rest], 1) @ turn, y
