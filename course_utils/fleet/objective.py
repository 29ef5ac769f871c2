"""The training loss, the outputs and the scores of one member, as functions of its tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.argument_checks import (
    checked_batch,
    checked_loss,
    checked_outputs,
    checked_penalty,
)
from course_utils.data import Dataset
from course_utils.fleet.engine import TensorFn
from course_utils.fleet.equivalents import Equivalents
from course_utils.fleet.run import Run
from course_utils.random_streams import Kind, RandomStream, Request, Source, draw, stream
from course_utils.scoring import LossFn
from course_utils.snapshot import evaluating


class Objective:
    """A run's training loss, as a function of a batch."""

    def __init__(self, run: Run, loss_fn: LossFn, data: Dataset) -> None:
        self.run, self.num_classes = run, data.num_classes
        self.loss_fn = _loss(loss_fn, data)

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """(the loss to minimize,) or, if there is a penalty, (that loss, the penalty in it)."""
        model, augment = self.run.model.train(), self.run.augment
        outputs = model(x if augment is None else checked_batch(augment(x), y))
        loss = self.loss_fn(checked_outputs(outputs, y, self.num_classes, self.loss_fn), y)
        loss = checked_loss(loss, traced=True)
        if self.run.penalty is None:
            return (loss,)
        penalty = checked_penalty(self.run.penalty(model), traced=True)
        return loss + penalty, penalty


def code_of(objective: Objective) -> object:
    """A value that is equal for objectives with the same Python code, whatever their numbers."""
    run = objective.run
    hooks = (objective.loss_fn, run.penalty, run.augment)
    return tuple(map(type, run.model.modules())), tuple(map(_code, hooks))


def _code(function: Any) -> object:
    if isinstance(function, functools.partial):
        return _code(function.func)
    return getattr(function, "__code__", None) or type(function)


def _loss(loss_fn: LossFn, data: Dataset) -> LossFn:
    return _cross_entropy if loss_fn is F.cross_entropy and has_plain_labels(data) else loss_fn


def has_plain_labels(data: Dataset) -> bool:
    """Whether each label is an int64 class. `F.cross_entropy` also accepts bytes, and ignores
    samples with label -100."""
    labels = (data.y_train, data.y_val)
    return all(y.dtype == torch.int64 and bool((y >= 0).all()) for y in labels)


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """`F.cross_entropy` without ignored classes, with half as many operations."""
    logits = logits - logits.detach().amax(1, keepdim=True)  # otherwise exp could overflow
    return (logits.exp().sum(1).log() - logits.gather(1, y[:, None]).squeeze(1)).mean()


def loss_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers `names`, x, y, *noise) -> the result of `objective`, in
    training mode."""

    def loss(*tensors: Tensor) -> tuple[Tensor, ...]:
        given, drawn = tensors[: len(names) + 2], iter(tensors[len(names) + 2 :])
        return _loss_on(objective, names, given, lambda kind, shape: next(drawn))

    return loss


def draws_of(
    objective: Objective, names: Sequence[str], given: Sequence[Tensor], seed: int
) -> tuple[list[Request], list[Tensor]]:
    """The requests and the numbers drawn in a training step on `given` (weights, buffers, x, y)
    with this seed."""
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
    with _holding(objective.run.model, state), RandomStream(source), Equivalents():
        return objective(x, y)


def outputs_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers `names`, x) -> (outputs [n, ...],) in evaluation mode."""
    model = objective.run.model

    def outputs(*tensors: Tensor) -> tuple[Tensor]:
        *values, x = tensors
        state = dict(zip(names, values, strict=True))
        with torch.no_grad(), _holding(model, state), evaluating(model), Equivalents():
            return (model(x),)

    return outputs


def score_of(loss_fn: LossFn, data: Dataset) -> TensorFn:
    """The function (outputs, y) -> (loss, number of correct outputs)."""
    loss_fn = _loss(loss_fn, data)

    def score(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        # The same as argmax, which takes many times longer if classes are far apart in memory.
        correct = None if y.is_floating_point() else (outputs.max(1).indices == y).sum()
        if loss_fn is not _cross_entropy:  # a learner's loss may write into its arguments
            outputs, y = outputs.clone(), y.clone()
        with Equivalents():
            loss = loss_fn(checked_outputs(outputs, y, data.num_classes, loss_fn), y)
        return loss, loss * torch.nan if correct is None else correct

    return score


@contextmanager
def _holding(model: nn.Module, state: dict[str, Tensor]) -> Iterator[None]:
    """Inside, `model` holds the tensors `state` in place of its weights and buffers, by name.

    If a forward pass replaces a buffer by a new tensor (``self.mean = ...``), the new numbers are
    written into the tensor in `state`.
    """
    own = (*model.named_parameters(), *model.named_buffers())
    given = {id(t): state[name] for name, t in own}  # a module, or a weight, may be used twice
    modules = {id(module): module for module in model.modules()}.values()
    registers: list[dict[str, Any]] = [
        register for module in modules for register in (module._parameters, module._buffers)
    ]
    held = [dict(register) for register in registers]
    for register, before in zip(registers, held, strict=True):
        register.update({n: given[id(t)] for n, t in before.items() if t is not None})
    try:
        yield
        replaced = [
            (given[id(t)], now)
            for register, before in zip(registers, held, strict=True)
            for name, t in before.items()
            if t is not None and (now := register.get(name)) is not None and now is not given[id(t)]
        ]
        with torch.no_grad():
            if len(replaced) > 1:  # one may be the old tensor of another: `self.old = self.new`
                replaced = [(target, now.detach().clone()) for target, now in replaced]
            for target, now in replaced:
                target.copy_(now.detach())
    finally:
        for register, before in zip(registers, held, strict=True):
            register.clear()
            register.update(before)
