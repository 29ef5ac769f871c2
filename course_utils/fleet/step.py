"""Take one step of one member alone, as in `fit`, and compare it with the same step together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_utils.fleet.run import Member, Run
from course_utils.scoring import LossFn
from course_utils.training import DivergedError, train_epoch


@dataclass
class Step:
    """The result of a step: `state` and `gradients` by name of the weight or buffer."""

    state: dict[str, Tensor]
    #: None if the loss does not depend on the weight.
    gradients: dict[str, Tensor | None]
    diverged: bool
    #: An attribute that the code has set on a weight or a buffer, if any.
    hung: str | None = None
    #: Whether the optimizer trains more groups than before.
    grew: bool = False


def step_alone(
    member: Member, batch: Tensor, draws: AbstractContextManager[None], loss_fn: LossFn
) -> Step:
    """Take a member's step on the samples `batch`, as in `fit`; its model and optimizer are
    restored afterwards."""
    run, diverged = member.run, False
    n_groups = len(getattr(run.optimizer, "param_groups", ()))
    with put_back(run):
        try:
            train_epoch(
                run.model,
                member.data,
                [batch],
                optimizer=run.optimizer,
                penalty=run.penalty,
                augment=run.augment,
                loss_fn=loss_fn,
                draws=draws,
            )
        except DivergedError:
            diverged = True
        parameters = dict(run.model.named_parameters())
        state = {**parameters, **dict(run.model.named_buffers())}
        return Step(
            {name: t.detach().clone() for name, t in state.items()},
            {n: None if p.grad is None else p.grad.detach().clone() for n, p in parameters.items()},
            diverged,
            next((f"{name}.{key}" for name, t in state.items() for key in vars(t)), None),
            len(run.optimizer.param_groups) > n_groups,
        )


@contextmanager
def put_back(run: Run) -> Iterator[None]:
    """Inside, a run's tensors are copies; afterwards model and optimizer are restored."""
    tensors = [*run.model.parameters(), *run.model.buffers()]
    contents, gradients = [t.data for t in tensors], [t.grad for t in tensors]
    registers = [(m, dict(m._buffers)) for m in run.model.modules()]
    groups = [dict(group) for group in run.optimizer.param_groups]
    state = {p: _copy_of(of_p) for p, of_p in run.optimizer.state.items()}
    for t in tensors:
        t.data = t.data.clone()
    try:
        yield
    finally:
        for t, content, gradient in zip(tensors, contents, gradients, strict=True):
            t.data, t.grad = content, gradient
        for module, buffers in registers:
            module._buffers.clear()
            module._buffers.update(buffers)
        del run.optimizer.param_groups[len(groups) :]
        for group, before in zip(run.optimizer.param_groups, groups, strict=True):
            group.clear()
            group.update(before)
        run.optimizer.state.clear()
        run.optimizer.state.update(state)


def _copy_of(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    return {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}


def disagreement(together: Step, alone: Step, start: dict[str, Tensor]) -> str | None:
    """The first tensor in which a step together and the same step alone differ by more than
    rounding; None if they agree. `start` is the state before the step."""
    if together.diverged or alone.diverged:
        return None if together.diverged == alone.diverged else "whether it diverges"
    sizes = [g.abs().max() for g in alone.gradients.values() if g is not None and g.numel()]
    largest = torch.stack(sizes).max() if sizes else torch.tensor(0.0)
    for name, after in alone.state.items():
        if not after.is_floating_point() and not after.is_complex():
            if not torch.equal(after, together.state[name]):
                return name
            continue
        before, gradient = start[name], alone.gradients.get(name)
        change, other = after - before, together.state[name] - before
        if _close(other, change, change.abs()):
            continue
        counts = torch.ones_like(after, dtype=torch.bool)
        if gradient is not None:
            # An optimizer may take a large step for a gradient that is only rounding error.
            size, slack = gradient.abs(), _slack(gradient)
            counts = size > torch.maximum(10 * slack * size.max(), 1000 * slack**2 * largest)
            counts |= (gradient == 0) & (together.gradients[name] == 0)
        kept = torch.where(counts, change, 0.0), torch.where(counts, other, 0.0)
        room = 30 * kept[0].abs().max() + 4 * _slack(before) * before.abs()
        if not _close(kept[1], kept[0], room):
            return name
    return None


def _slack(t: Tensor) -> float:
    """The relative error at which half the digits of a number agree."""
    return float(torch.finfo(t.dtype).eps ** 0.5)


def _close(a: Tensor, b: Tensor, size: Tensor) -> bool:
    if a.numel() == 0:
        return True
    both_nan = a.isnan() & b.isnan()
    room = _slack(b) * size.max()
    return bool(((a - b).abs() <= room).logical_or(both_nan).all())
