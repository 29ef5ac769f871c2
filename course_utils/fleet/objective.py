"""What training minimizes and what scoring measures, as functions of one member's tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from course_utils.fleet.comparing import same
from course_utils.fleet.recording import CannotBatchError, TensorFn
from course_utils.fleet.run import Run
from course_utils.noise import Kind, NoiseStream, Request, empty
from course_utils.refusals import check_outputs, checked_penalty
from course_utils.training import LossFn, evaluating


class Objective(nn.Module):
    """A run's training loss as a module, so that `functional_call` can swap all of its weights."""

    def __init__(self, run: Run, loss_fn: LossFn, num_classes: int | None) -> None:
        super().__init__()
        self.model = run.model
        labels = loss_fn is F.cross_entropy and num_classes is not None
        self.loss_fn = _cross_entropy if labels else loss_fn
        self.run, self.num_classes = run, num_classes

    def forward(self, x: Tensor, y: Tensor, scoring: bool = False, traced: bool = True) -> Tensor:
        """The loss to minimize, a scalar; or, for scoring, the outputs [n, ...] on clean inputs."""
        augment = None if scoring else self.run.augment
        outputs: Tensor = self.model(x if augment is None else augment(x))
        if scoring:
            return outputs
        check_outputs(outputs, y, self.num_classes)
        loss = self.loss_fn(outputs, y)
        if self.run.penalty is not None:
            loss = loss + checked_penalty(self.run.penalty(self.model), traced=traced)
        return loss


def code_of(objective: Objective) -> object:
    """Equal for objectives that run the same Python code, whatever numbers they hold."""
    run = objective.run
    hooks = (objective.loss_fn, run.penalty, run.augment)
    return tuple(map(type, objective.modules())), tuple(map(_code, hooks))


def _code(function: Any) -> object:
    if isinstance(function, functools.partial):
        return _code(function.func)
    return getattr(function, "__code__", None) or type(function)


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """`F.cross_entropy`, without the search for classes to ignore, in half the operations."""
    logits = logits - logits.detach().amax(1, keepdim=True)  # or exp would overflow
    return (logits.exp().sum(1).log() - logits.gather(1, y[:, None]).squeeze(1)).mean()


def loss_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers `names`, x, y, *noise) -> (loss,) in training mode."""

    def loss(*tensors: Tensor) -> tuple[Tensor]:
        state = dict(zip(names, tensors, strict=False))
        x, y, *noise = tensors[len(names) :]
        drawn = iter(noise)
        with NoiseStream(lambda kind, shape: next(drawn)):
            value = functional_call(objective.train(), state, (x, y))
        _keep_replaced(tensors, state)
        return (value,)

    return loss


def score_of(objective: Objective, names: Sequence[str]) -> TensorFn:
    """The function (*weights and buffers called `names`, x, y) -> (loss, correct), both summed over
    samples, in evaluation mode."""

    def score(*tensors: Tensor) -> tuple[Tensor, Tensor]:
        *values, x, y = tensors
        state = dict(zip(names, values, strict=True))
        with evaluating(objective):
            outputs = functional_call(objective, state, (x, y), {"scoring": True})
        _keep_replaced(values, state)
        loss = objective.loss_fn(outputs, y) * len(x)
        if y.is_floating_point():
            return loss, loss * torch.nan
        # What argmax finds, which takes many times longer where classes lie far apart in memory.
        return loss, (outputs.max(1).indices == y).sum()

    return score


def noise_requests(
    objective: Objective, names: Sequence[str], example: Sequence[Tensor]
) -> list[Request]:
    """The random tensors that a training step on `example` (weights, buffers, x, y) draws."""
    requests: list[Request] = []

    def note(kind: Kind, shape: tuple[int, ...]) -> Tensor:
        requests.append((kind, shape))
        return empty(kind, shape).zero_().to(example[0].device)

    *values, x, y = example
    state = dict(zip(names, values, strict=True))
    with torch.no_grad(), NoiseStream(note), _watched(objective.model):
        functional_call(objective.train(), state, (x, y), {"traced": False})
    return requests


def _keep_replaced(before: Sequence[Tensor], state: dict[str, Tensor]) -> None:
    """Where a forward pass put a new buffer in place of the old one (``self.mean = ...``), which
    `functional_call` leaves in `state`, write its numbers into the old one."""
    for old, new in zip(before, state.values(), strict=False):
        if new is not old:
            with torch.no_grad():
                old.copy_(new.detach())


@contextmanager
def _watched(model: nn.Module) -> Iterator[None]:
    """Refuse a model that remembers more than its buffers from call to call: a trace would not."""
    before = [(module, _attributes(module)) for module in model.modules()]
    yield
    for module, attributes in before:
        now = _attributes(module)
        for name in now:
            if name not in attributes or not same(now[name], attributes[name]):
                raise CannotBatchError(
                    f"{type(module).__name__}.{name} changes from call to call and is no buffer "
                    "(`register_buffer` makes a tensor one)"
                )


def _attributes(module: nn.Module) -> dict[str, Any]:
    """What `module` holds beside weights, buffers and submodules; tensors as copies."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else value
        for name, value in vars(module).items()
        if name not in _OF_EVERY_MODULE
    }


_OF_EVERY_MODULE = vars(nn.Module()).keys()
