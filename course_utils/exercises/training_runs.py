"""Checks of an answer that trains a network and returns its losses, and the training to compare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.report import Check


def steps_of(
    optimizer: torch.optim.Optimizer, model: nn.Module, x: Tensor, y: Tensor, steps: int
) -> Iterator[float]:
    """Train on all of x at once; yields, after each step, the loss before it."""
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        yield loss.item()


def parameters_of(model: nn.Module) -> Tensor:
    """All parameters in one tensor [number of parameters], without a gradient."""
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def leave_gradients(model: nn.Module, left: float | None) -> None:
    """Fill all gradients with `left`, as earlier steps leave them, or remove them if it is None."""
    for p in model.parameters():
        p.grad = None if left is None else torch.full_like(p, left)


def losses_in(
    check: Check,
    got: Any,
    count: int,
    each: str,
    *,
    on: str,
    missing: str,
    tensors: str,
    detached: bool = False,
) -> list[float]:
    """`got` in floats, if it is a list of `count` losses, one for each `each`, e.g. "step".

    Args:
        missing, tensors: the hints for what is no such list, and for losses that are tensors.
        detached: whether a tensor will do that keeps no graph.
    """
    check.that(
        isinstance(got, list | tuple) and len(got) == count,
        f"a loss for each {each} is returned",
        on=on,
        expected=f"a list of {count} floats",
        got=got,
        hint=missing,
    )
    check.that(
        not any(isinstance(v, Tensor) and (v.requires_grad or not detached) for v in got),
        "the losses are floats",
        on=on,
        expected=f"a list of {count} floats",
        got=got,
        hint=tensors,
    )
    return [float(loss) for loss in got]


def taken_before_steps(check: Check, losses: list[float], wanted: list[float], *, on: str) -> None:
    """Check that the losses are those that `steps_of` yields."""
    check.close(
        "the losses are those before each step",
        losses,
        wanted,
        on=on,
        hint="take the loss of a step before the parameters change",
        atol=1e-5,
    )
