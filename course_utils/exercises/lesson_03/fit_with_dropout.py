"""Visible check of exercise 03: ``fit_with_dropout``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import unique
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.training_runs import (
    leave_gradients,
    losses_in,
    parameters_of,
    steps_of,
)
from course_utils.training import fit, train_epoch


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    AS_GIVEN = (
        "the masks are on in the first step and off in all later ones, as in the given lines: "
        "what switches them off, and what switches them on again?"
    )
    MASKS_NEVER = "no step is taken with the masks on"
    VALIDATED_WITH_MASKS = "the validation loss is computed with the masks on"
    NO_FLOATS = "`.item()` turns a tensor of one number into a float"
    LOSSES_MISSING = "return the list of the validation losses, one float for each epoch"


FITS = (fit, train_epoch)

Fit = Callable[..., list[float]]


def fit_with_dropout(answer: Fit) -> None:
    """Task ``fit_with_dropout(model, x, y, x_val, y_val, epochs, lr)`` -> validation losses."""
    with attempt("fit_with_dropout", answer, by_hand=FITS) as check:
        modes(check, answer, epochs=3, training=True)
        numbers(check, answer, epochs=3, training=True, lr=0.1)


class OwnDropout(nn.Module):
    """Dropout in a class of its own, not an `nn.Dropout`, as in many projects."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)


def modes(
    check: Check,
    answer: Fit,
    *,
    epochs: int,
    training: bool,
    dropout: Callable[[float], nn.Module] = nn.Dropout,
) -> None:
    """Check that the masks are on in every training step, and off in every validation."""
    model, data = _small(0.5, dropout=dropout)
    steps: list[bool] = []
    scores: list[bool] = []
    drawn: list[Tensor] = []

    def note(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        masks = layer.training
        if len(output) == len(data[0]) and (masks or torch.is_grad_enabled()):
            steps.append(masks)
        elif len(output) == len(data[2]):
            scores.append(masks)

    model[2].register_forward_hook(note)
    model[2].register_forward_hook(lambda _, __, output: drawn.append(output == 0))
    got = answer(model.train(training), *data, epochs, 0.1)
    on = f"{epochs} epochs, a network with dropout that comes with training = {training}"
    on += ", dropout in a class of its own" * (dropout is OwnDropout)
    _listed(check, got, epochs, on)
    hint = "take one step per epoch, on all of x, with the masks on"
    if steps == [True, *[False] * (epochs - 1)] and epochs > 1:
        hint = Mistake.AS_GIVEN
    elif steps and not any(steps):
        hint = Mistake.MASKS_NEVER
    check.that(
        steps == [True] * epochs,
        "every step is taken with the masks on",
        on=f"{on}; whether they were on, step by step",
        expected=[True] * epochs,
        got=steps,
        hint=hint,
    )
    check.that(
        bool(scores) and not any(scores),
        "every validation loss is computed with the masks off",
        on=f"{on}; whether they were on, validation by validation",
        expected=[False] * epochs,
        got=scores,
        hint=Mistake.VALIDATED_WITH_MASKS if any(scores) else "compute one in each epoch, of x_val",
    )
    masks = {tuple(mask.flatten().tolist()) for mask in drawn if mask.any()}
    check.that(
        len(masks) == epochs,
        "every step draws new masks",
        on=on,
        expected=f"{epochs} different masks",
        got=f"{len(masks)} different masks",
        hint="dropout draws a mask for each pass; setting the seed again draws the old mask",
    )


def numbers(
    check: Check,
    answer: Fit,
    *,
    epochs: int,
    training: bool,
    lr: float,
    n: int = 12,
    left: float | None = None,
) -> None:
    """Check that `answer` takes plain SGD's steps on n samples and returns the losses after them.

    `left` is the value of all gradients left in the model by earlier steps; None for none.
    """
    model, data = _small(0.0, n)
    given = [part.clone() for part in data]
    wanted, losses, train_losses = _by_hand(copy.deepcopy(model), *data, epochs, lr)
    leave_gradients(model, left)
    got = answer(model.train(training), *given, epochs, lr)
    on = f"{n} samples, {epochs} epochs, lr = {lr}, dropout with p = 0, training = {training}"
    on += f", gradients of {left} from before" * (left is not None)
    check.kept(given, data, on=on)  # on other data, other weights are due
    got_losses = _listed(check, got, epochs, on)
    check.close(
        "the weights are those of plain SGD on all of x",
        parameters_of(model),
        wanted,
        on=on,
        hint="one step per epoch, on the mean cross-entropy of all of x, from gradients of 0",
        atol=1e-5,
    )
    check.close(
        "the losses are those of the validation set, after each epoch",
        got_losses,
        losses,
        on=on,
        hint="the mean cross-entropy of x_val, after the step",
        mistakes={Mistake.LOSSES_MISSING: train_losses},
        atol=1e-5,
    )


def _listed(check: Check, got: Any, epochs: int, on: str) -> list[float]:
    return losses_in(
        check,
        got,
        epochs,
        "epoch",
        on=on,
        missing=Mistake.LOSSES_MISSING,
        tensors=Mistake.NO_FLOATS,
    )


def _small(
    p: float, n: int = 12, dropout: Callable[[float], nn.Module] = nn.Dropout
) -> tuple[nn.Sequential, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """A network, and n training and 7 validation samples for it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        layers = nn.Linear(4, 6), nn.Tanh(), dropout(p), nn.Linear(6, 3), dropout(p)
        data = torch.randn(n, 4), torch.arange(n) % 3, torch.randn(7, 4), torch.arange(7) % 3
        return nn.Sequential(*layers), data


def _by_hand(
    model: nn.Module, x: Tensor, y: Tensor, x_val: Tensor, y_val: Tensor, epochs: int, lr: float
) -> tuple[Tensor, list[float], list[float]]:
    """Plain SGD without masks: final parameters, and losses on x_val and on x after each step."""
    losses, train_losses = [], []
    for _ in steps_of(torch.optim.SGD(model.parameters(), lr), model, x, y, epochs):
        with torch.no_grad():
            losses.append(F.cross_entropy(model(x_val), y_val).item())
            train_losses.append(F.cross_entropy(model(x), y).item())
    return parameters_of(model), losses, train_losses


def watch_fit(train: Fit, epochs: int = 400) -> None:
    """Print how two networks learn under `train`, one with dropout and one without."""
    dice = torch.Generator().manual_seed(1)
    x, x_val = torch.randn(60, 8, generator=dice), torch.randn(400, 8, generator=dice)
    turn = torch.randn(8, 2, generator=dice)
    y, y_val = (x @ turn).argmax(1), (x_val @ turn).argmax(1)
    wrong = torch.rand(60, generator=dice) < 0.3
    y = torch.where(wrong, 1 - y, y)
    for p in (0.0, 0.5):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 2))
            losses = train(model, x, y, x_val, y_val, epochs, 0.5)
        with torch.no_grad():
            known = (model.eval()(x).argmax(1) == y).double().mean()
        shown = ", ".join(f"{losses[e - 1]:.3f}" for e in (1, 100, 200, epochs))
        print(
            f"dropout {p}: validation loss after 1, 100, 200, {epochs} epochs: {shown};"
            f" in the end the network gives {known:.0%} of the training labels, right or wrong"
        )
