"""What training minimizes and what scoring measures, as functions of one member's tensors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from course_utils.fleet.engine import TensorFn
from course_utils.fleet.equivalents import Equivalents
from course_utils.fleet.run import Run
from course_utils.noise import Kind, NoiseStream, Request, Source, draw, stream
from course_utils.refusals import checked_loss, checked_outputs, checked_penalty
from course_utils.scoring import LossFn, evaluating


class Objective(nn.Module):
    """A run's training loss as a module, so that `functional_call` can swap all of its weights."""

    def __init__(self, run: Run, loss_fn: LossFn, num_classes: int | None) -> None:
        super().__init__()
        self.model = run.model
        self.loss_fn = _loss(loss_fn, num_classes)
        self.run, self.num_classes = run, num_classes

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """(the loss to minimize,) or, where there is a penalty, (that loss, the penalty in it)."""
        augment = self.run.augment
        outputs = self.model(x if augment is None else augment(x))
        loss = self.loss_fn(checked_outputs(outputs, y, self.num_classes), y)
        loss = checked_loss(loss, traced=True)
        if self.run.penalty is None:
            return (loss,)
        penalty = checked_penalty(self.run.penalty(self.model), traced=True)
        return loss + penalty, penalty


def code_of(objective: Objective) -> object:
    """Equal for objectives that run the same Python code, whatever numbers they hold."""
    run = objective.run
    hooks = (objective.loss_fn, run.penalty, run.augment)
    return tuple(map(type, objective.modules())), tuple(map(_code, hooks))


def _code(function: Any) -> object:
    if isinstance(function, functools.partial):
        return _code(function.func)
    return getattr(function, "__code__", None) or type(function)


def _loss(loss_fn: LossFn, num_classes: int | None) -> LossFn:
    return _cross_entropy if loss_fn is F.cross_entropy and num_classes is not None else loss_fn


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """`F.cross_entropy`, without the search for classes to ignore, in half the operations."""
    logits = logits - logits.detach().amax(1, keepdim=True)  # or exp would overflow
    return (logits.exp().sum(1).log() - logits.gather(1, y[:, None]).squeeze(1)).mean()


def loss_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers `names`, x, y, *noise) -> what `Objective` returns, in
    training mode."""

    def loss(*tensors: Tensor) -> tuple[Tensor, ...]:
        given, drawn = tensors[: len(names) + 2], iter(tensors[len(names) + 2 :])
        return _loss_on(objective, names, given, lambda kind, shape: next(drawn))

    return loss


def draws_of(
    objective: Objective, names: Sequence[str], given: Sequence[Tensor], seed: int
) -> tuple[list[Request], list[Tensor]]:
    """What a training step on `given` (weights, buffers, x, y) draws, with numbers of this seed."""
    generator = stream("draws", seed)
    requests: list[Request] = []
    drawn: list[Tensor] = []

    def note(kind: Kind, shape: tuple[int, ...]) -> Tensor:
        requests.append((kind, shape))
        drawn.append(draw(kind, shape, generator).to(given[-1].device))
        return drawn[-1].clone()

    _loss_on(objective, names, given, note)
    return requests, drawn


def _loss_on(
    objective: Objective, names: Sequence[str], given: Sequence[Tensor], source: Source
) -> tuple[Tensor, ...]:
    *values, x, y = given
    state = dict(zip(names, values, strict=True))
    with NoiseStream(source), Equivalents():
        found: tuple[Tensor, ...] = functional_call(objective.train(), state, (x, y))
    _keep_replaced(values, state)
    return found


def outputs_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers `names`, x) -> (outputs [n, ...],) in evaluation mode."""
    names = [name.removeprefix("model.") for name in names]

    def outputs(*tensors: Tensor) -> tuple[Tensor]:
        *values, x = tensors
        state = dict(zip(names, values, strict=True))
        with evaluating(objective.model), Equivalents():
            found = functional_call(objective.model, state, (x,))
        _keep_replaced(values, state)
        return (found,)

    return outputs


def score_of(loss_fn: LossFn, num_classes: int | None) -> TensorFn:
    """The function (outputs, y) -> (loss, how many are correct)."""
    loss_fn = _loss(loss_fn, num_classes)

    def score(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        with Equivalents():
            loss = loss_fn(checked_outputs(outputs, y, num_classes), y)
        if y.is_floating_point():
            return loss, loss * torch.nan
        # What argmax finds, which takes many times longer where classes lie far apart in memory.
        return loss, (outputs.max(1).indices == y).sum()

    return score


def _keep_replaced(before: Sequence[Tensor], state: dict[str, Tensor]) -> None:
    """Where a forward pass put a new buffer in place of the old one (``self.mean = ...``), which
    `functional_call` leaves in `state`, write its numbers into the old one."""
    for old, new in zip(before, state.values(), strict=True):
        if new is not old:
            with torch.no_grad():
                old.copy_(new.detach())
