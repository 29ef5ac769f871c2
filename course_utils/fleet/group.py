"""Members that train together, and the fallback for those that cannot.

Both kinds of group have ``train_epoch()`` and ``scores()``, and keep every member's model current.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from course_utils.fleet.batched import MemberFn, batch
from course_utils.fleet.objective import Objective, Request, loss_of, noise_requests, score_of
from course_utils.fleet.optimizers import optimizers_for
from course_utils.fleet.recording import CannotBatchError
from course_utils.fleet.run import Member
from course_utils.noise import SeededDraws, empty, fill
from course_utils.training import (
    DivergedError,
    LossFn,
    evaluate,
    shuffled_batches,
    train_epoch,
)

#: [members, 4]: training loss and accuracy, validation loss and accuracy.
Scores = npt.NDArray[np.float64]

#: Samples of each member per forward pass when scoring, so that activations stay in the cache.
_SCORE_CHUNK = 100


class SoloGroup:
    """Members that cannot run together: each trains as in `fit`, one after the other."""

    def __init__(self, members: Sequence[Member], *, batch_size: int, loss_fn: LossFn) -> None:
        self.members = members
        self._loss_fn = loss_fn
        self._batches = [shuffled_batches(m.data.n_train, batch_size, m.seed) for m in members]
        self._draws = [SeededDraws(m.seed, m.data.x_train.device) for m in members]

    def train_epoch(self) -> None:
        for member, batches, draws in zip(self.members, self._batches, self._draws, strict=True):
            with suppress(DivergedError):  # its scores tell
                train_epoch(
                    member.run.model,
                    member.data,
                    next(batches),
                    optimizer=member.run.optimizer,
                    penalty=member.run.penalty,
                    augment=member.run.augment,
                    loss_fn=self._loss_fn,
                    draws=draws,
                )

    def scores(self) -> Scores:
        def of(member: Member, x: Tensor, y: Tensor) -> tuple[float, float]:
            return evaluate(member.run.model, x, y, loss_fn=self._loss_fn)

        return np.array(
            [
                of(m, m.data.x_train, m.data.y_train) + of(m, m.data.x_val, m.data.y_val)
                for m in self.members
            ]
        )


class BatchedGroup:
    """Members of one architecture, value by value with the same seeds, trained as one.

    Raises `CannotBatchError` when it finds that they cannot be.
    """

    def __init__(self, members: Sequence[Member], *, batch_size: int, loss_fn: LossFn) -> None:
        self.members = members
        self._batch_size = batch_size
        self._seeds = list(dict.fromkeys(m.seed for m in members))
        self._objectives = [
            Objective(m.run, loss_fn, m.data.num_classes) for m in members[:: len(self._seeds)]
        ]
        self._twin = (
            Objective(members[1].run, loss_fn, members[1].data.num_classes)
            if len(self._seeds) > 1
            else None
        )
        self._params = _stack([dict(m.run.model.named_parameters()) for m in members])
        self._buffers = _stack([dict(m.run.model.named_buffers()) for m in members])
        self._names = [f"model.{name}" for name in (*self._params, *self._buffers)]
        self._optimizers = optimizers_for(members, len(self._seeds), self._params)
        self._n = members[0].data.n_train
        self._batches = [shuffled_batches(self._n, batch_size, seed) for seed in self._seeds]
        self._generators = [torch.Generator().manual_seed(seed) for seed in self._seeds]
        self._x_train, self._x_start = _distinct([m.data.x_train for m in members])
        self._y_train, self._y_start = _distinct([m.data.y_train for m in members])
        self._steps: dict[int, tuple[list[Request], MemberFn]] = {}
        self._train = _Sample.of(
            [m.data.x_train for m in members], [m.data.y_train for m in members]
        )
        self._val = _Sample.of([m.data.x_val for m in members], [m.data.y_val for m in members])
        self._scorers: dict[tuple[torch.Size, ...], MemberFn] = {}
        # Fail now rather than in the first epoch.
        for length in {min(batch_size, self._n), self._n % batch_size} - {0}:
            self._step_for(length)
        self._scorer_for(next(self._train.parts()))
        for member in members:
            member.run.model.train()  # as `fit` leaves it

    def train_epoch(self) -> None:
        order = torch.stack([torch.cat(next(batches)) for batches in self._batches])
        order = order.repeat(len(self._objectives), 1)  # [members, n]
        device = self._x_train.device
        x_rows = (order + self._x_start[:, None]).to(device)
        y_rows = (order + self._y_start[:, None]).to(device)
        with torch.no_grad():
            for start in range(0, self._n, self._batch_size):
                here = slice(start, start + self._batch_size)
                self._step(
                    _rows(self._x_train, x_rows[:, here]), _rows(self._y_train, y_rows[:, here])
                )

    def _step(self, x: Tensor, y: Tensor) -> None:
        requests, gradients_of = self._step_for(x.shape[1])
        gradients = gradients_of(*self._state, x, y, *self._draw(requests))
        by_name = dict(zip(self._params, gradients, strict=True))
        for optimizer in self._optimizers:
            optimizer.step(by_name)

    def _draw(self, requests: Sequence[Request]) -> list[Tensor]:
        """The random tensors of one step: drawn once a seed, shared by the members that have it."""
        draws = [empty(kind, (len(self._seeds), *shape)) for kind, shape in requests]
        for s, generator in enumerate(self._generators):
            for out, (kind, _) in zip(draws, requests, strict=True):
                fill(out[s], kind, generator)
        return [self._to_members(draw.to(self._x_train.device)) for draw in draws]

    def scores(self) -> Scores:
        return np.concatenate([self._score(self._train), self._score(self._val)], axis=1)

    def _score(self, sample: _Sample) -> Scores:
        """Mean loss and accuracy of every member, [members, 2]."""
        sums = torch.zeros(len(self.members), 2, dtype=torch.float64)
        with torch.no_grad():
            for part in sample.parts():
                loss, correct = self._scorer_for(part)(*self._state, part.x, part.y)
                sums += torch.stack([loss, correct], dim=1).cpu()
        return sums.numpy() / sample.n

    # --- tracing: once for each length of a batch -----------------------------------------------

    @property
    def _state(self) -> list[Tensor]:
        return [*self._params.values(), *self._buffers.values()]

    def _alone(self, value_index: int) -> list[Tensor]:
        """A copy of one member's weights and buffers, for tracing, which may change buffers."""
        return [t[value_index * len(self._seeds)].clone() for t in self._state]

    def _to_members(self, per_seed: Tensor) -> Tensor:
        return per_seed.repeat(len(self._objectives), *[1] * (per_seed.ndim - 1))

    def _step_for(self, length: int) -> tuple[list[Request], MemberFn]:
        """What a step on `length` samples draws, and the function to all members' gradients."""
        if length not in self._steps:
            x, y = self._x_train[:length], self._y_train[:length]
            requests, *others = (
                noise_requests(objective, self._names, [*self._alone(i), x, y])
                for i, objective in enumerate(self._objectives)
            )
            if any(other != requests for other in others):
                raise CannotBatchError("its values draw different random numbers")
            noise = [empty(kind, shape).zero_().to(x.device) for kind, shape in requests]
            functions = [loss_of(objective, self._names) for objective in self._objectives]
            alone = [[*self._alone(i), x, y, *noise] for i in range(len(functions))]
            stacked = [t.expand(len(self.members), *t.shape).clone() for t in (x, y, *noise)]
            example = [*(t.clone() for t in self._state), *stacked]
            step = batch(
                functions,
                len(self._seeds),
                alone,
                example,
                [0] * len(example),
                twin=loss_of(self._twin, self._names) if self._twin else None,
                n_params=len(self._params),
            )
            self._steps[length] = requests, step
        return self._steps[length]

    def _scorer_for(self, sample: _Sample) -> MemberFn:
        """The function (state, x, y) -> (summed loss, correct), each [members]."""
        key = (sample.x.shape, sample.y.shape)
        if key not in self._scorers:
            functions = [score_of(objective, self._names) for objective in self._objectives]
            one = sample.of_first_member()
            alone = [[*self._alone(i), *one] for i in range(len(functions))]
            example = [*(t.clone() for t in self._state), sample.x, sample.y]
            in_dims = [*[0] * len(self._names), sample.x_dim, sample.y_dim]
            self._scorers[key] = batch(
                functions,
                len(self._seeds),
                alone,
                example,
                in_dims,
                twin=score_of(self._twin, self._names) if self._twin else None,
            )
        return self._scorers[key]


@dataclass
class _Sample:
    """What members are scored on: tensors that they share, or stacked ones [members, n, ...]."""

    x: Tensor
    y: Tensor
    x_dim: int | None
    y_dim: int | None

    @classmethod
    def of(cls, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> _Sample:
        (x, x_dim), (y, y_dim) = (
            (ts[0], None) if all(t is ts[0] for t in ts) else (torch.stack(list(ts)), 0)
            for ts in (xs, ys)
        )
        return cls(x, y, x_dim, y_dim)

    @property
    def n(self) -> int:
        return self.y.shape[0 if self.y_dim is None else 1]

    def parts(self) -> Iterator[_Sample]:
        """Cut into parts of nearly equal length, for each length is traced anew."""
        n_parts = math.ceil(self.n / _SCORE_CHUNK)
        xs = self.x.tensor_split(n_parts, dim=0 if self.x_dim is None else 1)
        ys = self.y.tensor_split(n_parts, dim=0 if self.y_dim is None else 1)
        return (replace(self, x=x, y=y) for x, y in zip(xs, ys, strict=True))

    def of_first_member(self) -> tuple[Tensor, Tensor]:
        x = self.x if self.x_dim is None else self.x[0]
        return x, self.y if self.y_dim is None else self.y[0]


def _stack(of_members: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Stack the members' tensors by name, and make each member's a slice of the stack, so that
    their models always hold the current weights."""
    stacked = {}
    for name in of_members[0]:
        stacked[name] = torch.stack([tensors[name].detach() for tensors in of_members])
        for row, tensors in zip(stacked[name], of_members, strict=True):
            tensors[name].data = row
    return stacked


def _distinct(tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The different ones among `tensors` [n, ...], one after the other, and where each starts."""
    different = {id(t): t for t in tensors}
    starts = {key: i * len(t) for i, (key, t) in enumerate(different.items())}
    joined = torch.cat(list(different.values())) if len(different) > 1 else tensors[0]
    return joined, torch.tensor([starts[id(t)] for t in tensors])


def _rows(source: Tensor, rows: Tensor) -> Tensor:
    """``source[rows]`` for rows [members, n], several times faster than by advanced indexing."""
    return source.index_select(0, rows.reshape(-1)).unflatten(0, rows.shape)
