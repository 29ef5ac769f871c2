"""Visible check of exercise 01: ``memorize``."""

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


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NO_NETWORK = "return the trained network itself, an nn.Module"
    WRONG_OUTPUTS = "the network gives one logit for each class of `y`, for every sample"
    IN_TRAINING_MODE_ONLY = (
        "in training mode every label is right; what counts is evaluation mode, so look there "
        "before you stop"
    )
    NOT_MEMORIZED = (
        "look at the loss during training: does it still fall (more steps), does it stay the same "
        "or jump (another learning rate), or are there too few units?"
    )


Memorizer = Callable[[Tensor, Tensor], nn.Module]


def memorize(answer: Memorizer) -> None:
    """Task ``memorize(x, y)`` -> a network that gets every training label right."""
    with attempt("memorize", answer) as check:
        new = by_heart(check, answer, 40, 6, 3)
        print(f"  of new samples, with random labels too, your network gets {new:.0%} right")


def in_three_calls(check: Check, answer: Memorizer) -> None:
    """Check three calls; the second must leave the first network as it is, and the third has
    samples of the same size as the second."""
    networks: list[nn.Module] = []

    def kept(x: Tensor, y: Tensor) -> nn.Module:
        networks.append(answer(x, y))
        return networks[-1]

    by_heart(check, kept, 100, 5, 10)
    x, _ = nonsense(100, 5, 10)
    on = "100 samples of 10 classes, then 30 of 2 classes"
    with untouched(check, networks[0], x, on=on):
        by_heart(check, kept, 30, 20, 2)

    def anew(x: Tensor, y: Tensor) -> nn.Module:
        network = kept(x, y)
        check.that(
            all(network is not earlier for earlier in networks[:-1]),
            "every call makes a new network",
            on="30 samples of 2 classes, then 30 others of 2 classes",
            expected="another network than that of an earlier call",
            got="the same network",
            hint="train one in each call; the samples and labels may be others, even if as many",
        )
        return network

    by_heart(check, anew, 30, 20, 2, seed=2)


def by_heart(
    check: Check, answer: Memorizer, n: int, features: int, classes: int, seed: int = 0
) -> float:
    """Check that `answer` memorizes n random labels; return its accuracy on 1000 other samples."""
    x, y = nonsense(n, features, classes, seed)
    on = f"{n} samples of {features} features, random labels of {classes} classes"
    given = x.clone(), y.clone()
    model = answer(*given)
    is_network(check, model, on=on, hint=Mistake.NO_NETWORK)
    logits = logits_of(check, model, x, classes, on=on, hint=Mistake.WRONG_OUTPUTS)
    right = int((logits.argmax(1) == y).sum()) if logits.isfinite().all() else 0
    loss = F.cross_entropy(logits, y)
    hint = Mistake.NOT_MEMORIZED
    if right < n and _right_in_training(model, x, y):
        hint = Mistake.IN_TRAINING_MODE_ONLY
    check.that(
        right == n,
        "every training label is right",
        on=on,
        expected=f"{n} of {n} right",
        got=f"{right} of {n} right, training loss {loss:.3g}",
        hint=hint,
    )
    with torch.no_grad():
        alone = torch.cat([model(sample) for sample in x.split(1)])
    right = int((alone.argmax(1) == y).sum())
    check.that(
        right == n,
        "every training label is right for a sample alone",
        on=f"{on}, passed to the network one by one",
        expected=f"{n} of {n} right",
        got=f"{right} of {n} right",
        hint="the network's output for a sample must depend on that sample alone",
    )
    check.kept(given, (x, y), on=on)
    with torch.no_grad():
        others, labels = nonsense(1000, features, classes, seed=1)
        return float((model(others).argmax(1) == labels).double().mean())


def _right_in_training(model: nn.Module, x: Tensor, y: Tensor) -> bool:
    with torch.no_grad():
        right = bool((model.train()(x).argmax(1) == y).all())
    model.eval()
    return right


def nonsense(n: int, features: int, classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random samples [n, features] and random labels [n], in which every class occurs."""
    dice = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=dice)
    return x, (torch.arange(n) % classes)[torch.randperm(n, generator=dice)]
