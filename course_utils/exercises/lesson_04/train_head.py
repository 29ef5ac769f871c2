"""Visible check of exercise 04: ``train_head``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.training_runs import (
    leave_gradients,
    losses_in,
    parameters_of,
    steps_of,
    taken_before_steps,
)


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    AS_GIVEN = (
        "the body's buffers have changed, its parameters are frozen and its mode is different, as "
        "after the given lines: what changes buffers, and in which mode?"
    )
    BUFFERS_MOVED = "buffers of the body have changed; what changes them, and in which mode?"
    BODY_TRAINED = "parameters of the body have changed; only the head is to learn"
    MODE_LEFT = "layers of the body are left in another mode; restore the one they had"
    FROZEN_LEFT = (
        "requires_grad of the body's parameters has changed; restore it, so that the body can "
        "still be trained elsewhere"
    )
    HEAD_IN_EVALUATION = "the head was not in training mode while it learned"
    STATISTICS_OF_THE_BATCH = "the body was in training mode and used the statistics of x"
    LOSSES_MISSING = "return the list of the losses, one float for each step"


Train = Callable[[nn.Module, nn.Module, Tensor, Tensor, int, float], list[float]]


def train_head(answer: Train) -> None:
    """Task ``train_head(body, head, x, y, steps, lr)`` -> losses."""
    with attempt("train_head", answer) as check:
        only_the_head(check, answer, steps=3, training=True, lr=0.3)


def only_the_head(
    check: Check,
    answer: Train,
    *,
    steps: int,
    training: bool,
    lr: float,
    in_body: float = 0.0,
    left: float | None = None,
    n: int = 9,
) -> None:
    """Check that `answer` trains the head as plain SGD does, and leaves the body unchanged.

    `n` is the number of samples, `in_body` the p of a dropout in the body; `left` is the value of
    all gradients left in the head by earlier steps, None for none.
    """
    on = f"{steps} steps, lr = {lr}, {n} samples, a body passed in with training = {training}"
    on += f", with dropout {in_body} in it" * (in_body > 0)
    on += f", a head with gradients of {left} from before" * (left is not None)
    body, head, x, y = _network(0.5, in_body, n)
    modes: list[bool] = []
    head[0].register_forward_hook(lambda layer, *_: modes.append(layer.training))
    _untouched(check, answer, body.train(training), head, x, y, steps, lr, on)
    learned = modes[:steps]
    check.that(
        learned == [True] * steps,
        "the head learns in training mode",
        on=on,
        expected=[True] * steps,
        got=learned,
        hint=Mistake.HEAD_IN_EVALUATION,
    )
    body, head, x, y = _network(0.0, in_body, n)
    wanted, losses = _by_hand(body.eval(), copy.deepcopy(head), x, y, steps, lr)
    others, _ = _by_hand(copy.deepcopy(body).train(), copy.deepcopy(head), x, y, steps, lr)
    given = x.clone(), y.clone()
    leave_gradients(head, left)
    got = _untouched(check, answer, body.train(training), head, *given, steps, lr, on)
    check.close(
        "the head is where plain SGD leads it",
        parameters_of(head),
        wanted,
        on=on,
        hint="a step is p - lr * gradient and nothing else: from gradients of 0, for the mean loss "
        "of all samples, on the body's outputs of evaluation mode",
        mistakes={Mistake.STATISTICS_OF_THE_BATCH: others},
        atol=1e-5,
    )
    taken_before_steps(check, got, losses, on=on)
    check.kept(given, (x, y), on=on)


def _untouched(
    check: Check,
    answer: Train,
    body: nn.Module,
    head: nn.Module,
    x: Tensor,
    y: Tensor,
    steps: int,
    lr: float,
    on: str,
) -> list[float]:
    """Check that `answer` leaves the body unchanged, and return its losses."""
    head.train(not body.training)
    norm = body.get_submodule("1")
    norm.train(not norm.training)  # a layer in a mode of its own
    before, modes = copy.deepcopy(body), [m.training for m in body.modules()]
    needs = [p.requires_grad for p in body.parameters()]
    got = answer(body, head, x, y, steps, lr)
    moved = {
        "parameters": not _equal(body.parameters(), before.parameters()),
        "buffers": not _equal(body.buffers(), before.buffers()),
        "modes": [m.training for m in body.modules()] != modes,
        "requires_grad": [p.requires_grad for p in body.parameters()] != needs,
    }
    for what, mistake in (
        ("parameters", Mistake.BODY_TRAINED),
        ("buffers", Mistake.BUFFERS_MOVED),
        ("modes", Mistake.MODE_LEFT),
        ("requires_grad", Mistake.FROZEN_LEFT),
    ):
        as_given = moved["buffers"] and moved["modes"] and moved["requires_grad"]
        check.that(
            not moved[what],
            "the body is unchanged",
            on=on,
            expected=f"the same {what} as before",
            got=f"other {what}",
            hint=Mistake.AS_GIVEN if as_given and what == "buffers" else mistake,
        )
    missing = Mistake.LOSSES_MISSING
    return losses_in(check, got, steps, "step", on=on, missing=missing, tensors=missing)


def _equal(now: object, then: object) -> bool:
    return all(torch.equal(a, b) for a, b in zip(now, then, strict=True))  # type: ignore[call-overload]


def _network(
    p: float, in_body: float = 0.0, n: int = 9
) -> tuple[nn.Sequential, nn.Sequential, Tensor, Tensor]:
    """A trained body with a frozen bias, a head with dropout, and n samples of a new task."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        body = nn.Sequential(
            *(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU()),
            *([nn.Dropout(in_body)] if in_body else []),
            *(nn.Linear(5, 4), nn.BatchNorm1d(4)),
        )
        with torch.no_grad():
            for _ in range(20):
                body(2 * torch.randn(30, 3) - 1)
        body[0].bias.requires_grad_(False)
        head = nn.Sequential(nn.Dropout(p), nn.Linear(4, 3))
        return body, head, torch.randn(n, 3) + 2, torch.arange(n) % 3


def _by_hand(
    body: nn.Module, head: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float
) -> tuple[Tensor, list[float]]:
    """Plain SGD of the head on the body's outputs, in the body's present mode.

    Returns the head's final parameters, and the loss before each step.
    """
    features = body(x).detach()
    optimizer = torch.optim.SGD(head.parameters(), lr)
    losses = list(steps_of(optimizer, head, features, y, steps))
    return parameters_of(head), losses


def watch_train_head(train: Train) -> None:
    """Print how far a body's outputs change while `train` trains a head behind it."""
    body, head, x, y = _network(0.0)
    body.eval()
    dice = torch.Generator().manual_seed(0)
    known = 2 * torch.randn(200, 3, generator=dice) - 1
    with torch.no_grad():
        before = body(known)
    losses = train(body, head, x, y, 50, 0.5)
    with torch.no_grad():
        moved = (body.eval()(known) - before).abs().mean()
    print(f"the head learns: its loss goes from {losses[0]:.3f} to {losses[-1]:.3f}")
    print(f"the body's outputs for its own samples (mean 0, spread 1) have moved by {moved:.3f}")
