"""What training minimizes and what scoring measures, as functions of one member's tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from course_utils.fleet.batched import MemberFn
from course_utils.fleet.run import Run
from course_utils.noise import Kind, NoiseStream, empty
from course_utils.training import LossFn, check_outputs, checked_penalty

#: A random tensor that one training step draws.
Request = tuple[Kind, tuple[int, ...]]


class Objective(nn.Module):
    """A run's training loss as a module, so that `functional_call` can swap all of its weights."""

    def __init__(self, run: Run, loss_fn: LossFn, num_classes: int | None) -> None:
        super().__init__()
        self.model = run.model
        self.run, self.loss_fn, self.num_classes = run, loss_fn, num_classes

    def forward(self, x: Tensor, y: Tensor, scoring: bool = False) -> Tensor:
        """The loss to minimize, a scalar; or, for scoring, the outputs [n, ...] on clean inputs."""
        augment = None if scoring else self.run.augment
        outputs: Tensor = self.model(x if augment is None else augment(x))
        if scoring:
            return outputs
        check_outputs(outputs, y, self.num_classes)
        loss = self.loss_fn(outputs, y)
        if self.run.penalty is not None:
            loss = loss + checked_penalty(self.run.penalty(self.model))
        return loss


def loss_of(objective: Objective, names: Sequence[str]) -> MemberFn:
    """The function (*weights and buffers `names`, x, y, *noise) -> (loss,) in training mode."""

    def loss(*tensors: Tensor) -> tuple[Tensor]:
        state = dict(zip(names, tensors, strict=False))
        x, y, *noise = tensors[len(names) :]
        drawn = iter(noise)
        with NoiseStream(lambda kind, shape: next(drawn)):
            return (functional_call(objective.train(), state, (x, y)),)

    return loss


def score_of(objective: Objective, names: Sequence[str]) -> MemberFn:
    """The function (*weights and buffers called `names`, x, y) -> (loss, correct), both summed over
    samples, in evaluation mode."""

    def score(*tensors: Tensor) -> tuple[Tensor, Tensor]:
        *values, x, y = tensors
        state = dict(zip(names, values, strict=True))
        outputs = functional_call(objective.eval(), state, (x, y), {"scoring": True})
        loss = objective.loss_fn(outputs, y) * len(x)
        if y.is_floating_point():
            return loss, loss * torch.nan
        return loss, (outputs.argmax(1) == y).sum()

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
    with torch.no_grad(), NoiseStream(note):
        functional_call(objective.train(), state, (x, y))
    return requests
