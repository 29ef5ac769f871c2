"""Members that train together, and the fallback for those that cannot.

Both kinds of group have ``train_epoch()`` and ``scores()``, and keep every member's model current.
Told that more epochs follow, ``scores`` may train the next one meanwhile, on a core that would be
idle; models show it after the next ``train_epoch()``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from course_utils.fleet.batched import BY_MEMBER, BY_SEED, Batched, batch
from course_utils.fleet.objective import Objective, code_of, loss_of, noise_requests, score_of
from course_utils.fleet.optimizers import are_stacked, optimizers_for
from course_utils.fleet.recording import CannotBatchError
from course_utils.fleet.run import Member
from course_utils.fleet.samples import Batches, Scored, Shape
from course_utils.noise import Request, SeededDraws, draw_for_seeds, empty, stream
from course_utils.training import (
    DivergedError,
    LossFn,
    evaluate,
    shuffled_batches,
    train_epoch,
)

#: [members, 4]: training loss and accuracy, validation loss and accuracy.
Scores = npt.NDArray[np.float64]


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

    def scores(self, *, more: bool) -> Scores:
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
        shape = len(self._objectives), len(self._seeds)
        params = _stack([dict(m.run.model.named_parameters()) for m in members], shape)
        buffers = _stack([dict(m.run.model.named_buffers()) for m in members], shape)
        self._param_names = list(params)
        self._names = [f"model.{name}" for name in (*params, *buffers)]
        #: The weights and buffers that the members' models hold.
        self._shown = [*params.values(), *buffers.values()]
        self._n = members[0].data.n_train
        self._batches = [shuffled_batches(self._n, batch_size, seed) for seed in self._seeds]
        self._generators = [stream("draws", seed) for seed in self._seeds]
        self._x = Batches([m.data.x_train for m in members], shape)
        self._y = Batches([m.data.y_train for m in members], shape)
        self._steps: dict[int, tuple[list[Request], Batched]] = {}
        self._train = Scored.of(
            [m.data.x_train for m in members], [m.data.y_train for m in members], shape
        )
        self._val = Scored.of(
            [m.data.x_val for m in members], [m.data.y_val for m in members], shape
        )
        self._scorers: dict[tuple[torch.Size, ...], Batched] = {}
        # Fail now rather than in the first epoch, and leave no tracing to two threads at once.
        for length in {min(batch_size, self._n), self._n % batch_size} - {0}:
            self._step_for(length)
        for part in (*self._train.parts(), *self._val.parts()):
            self._scorer_for(part)
        #: Those that are trained; the same, unless an epoch may be trained before its time.
        self._trained = self._shown
        self._is_ahead = False
        if self._train.x.is_cpu and are_stacked(members) and not self._would_notice():
            self._trained = [t.clone() for t in self._shown]
        leaves = dict(zip(self._param_names, self._trained, strict=False))
        self._optimizers = optimizers_for(members, shape, leaves)
        for member in members:
            member.run.model.train()  # as `fit` leaves it

    def train_epoch(self) -> None:
        if not self._is_ahead:
            self._train_epoch()
        self._is_ahead = False
        for shown, trained in zip(self._shown, self._trained, strict=True):
            shown.copy_(trained)

    def scores(self, *, more: bool) -> Scores:
        if not more or self._trained is self._shown or not _core_to_spare():
            return self._scores()
        scores = _scorer().submit(self._scores)
        self._train_epoch()
        self._is_ahead = True
        return scores.result()

    def _would_notice(self) -> bool:
        """Whether it matters if an epoch is trained before the one before it has been scored, and
        before whoever watches may have changed a tensor that the training uses."""
        scoring = any(scorer.changes_in_place for scorer in self._scorers.values())
        return scoring or any(step.uses_constants for _, step in self._steps.values())

    def _train_epoch(self) -> None:
        order = torch.stack([torch.cat(next(batches)) for batches in self._batches])
        x_rows, y_rows = (
            source.rows(order).split(self._batch_size, dim=-1) for source in (self._x, self._y)
        )
        with torch.no_grad():
            for x_batch, y_batch, noise in zip(x_rows, y_rows, self._noise(), strict=True):
                self._step(x_batch, y_batch, noise)

    def _noise(self) -> Iterator[list[Tensor]]:
        """What each step of an epoch draws."""
        steps, rest = divmod(self._n, self._batch_size)
        for length, count in ((self._batch_size, steps), (rest, int(rest > 0))):
            if count:
                requests, _ = self._step_for(length)
                device = self._train.x.device
                yield from draw_for_seeds(requests, self._generators, device, steps=count)

    def _step(self, x_rows: Tensor, y_rows: Tensor, noise: Sequence[Tensor]) -> None:
        _, gradients_of = self._step_for(x_rows.shape[-1])
        x, y = self._x.take(x_rows), self._y.take(y_rows)
        gradients = gradients_of(*self._trained, x, y, *noise)
        by_name = dict(zip(self._param_names, gradients, strict=True))
        for optimizer in self._optimizers:
            optimizer.step(by_name)

    def _scores(self) -> Scores:
        return np.concatenate([self._score(self._train), self._score(self._val)], axis=1)

    def _score(self, sample: Scored) -> Scores:
        """Mean loss and accuracy of every member, [members, 2]."""
        sums = torch.zeros(len(self.members), 2, dtype=torch.float64)
        with torch.no_grad():
            for part in sample.parts():
                loss, correct = self._scorer_for(part)(*self._shown, part.x, part.y)
                sums += torch.stack([loss.flatten(), correct.flatten()], dim=1).cpu()
        return sums.numpy() / sample.n

    # --- tracing: once for each length of a batch -----------------------------------------------

    def _alone(self, value_index: int) -> list[Tensor]:
        """A copy of one member's weights and buffers, for tracing, which may change buffers."""
        return [t[value_index, 0].clone() for t in self._shown]

    def _step_for(self, length: int) -> tuple[list[Request], Batched]:
        """What a step on `length` samples draws, and the function to all members' gradients."""
        if length not in self._steps:
            x, y = (t[:length] for t in self._train.of_first_member())
            alone = [[*self._alone(i), x, y] for i in range(len(self._objectives))]
            requests, *others = (
                noise_requests(objective, self._names, inputs)
                for objective, inputs in zip(self._objectives, alone, strict=True)
            )
            if any(other != requests for other in others):
                raise CannotBatchError("its values draw different random numbers")
            noise = [empty(kind, shape).zero_().to(x.device) for kind, shape in requests]
            first = torch.arange(length).expand(len(self._seeds), length)
            any_draws = [torch.Generator() for _ in self._seeds]
            step = batch(
                [loss_of(objective, self._names) for objective in self._objectives],
                [[*inputs, *noise] for inputs in alone],
                [
                    *(t.clone() for t in self._shown),
                    *(source.take(source.rows(first)) for source in (self._x, self._y)),
                    *next(draw_for_seeds(requests, any_draws, x.device)),
                ],
                [
                    *[BY_MEMBER] * len(self._names),
                    *(self._x.dims, self._y.dims),
                    *[BY_SEED] * len(noise),
                ],
                twin=loss_of(self._twin, self._names) if self._twin else None,
                n_params=len(self._param_names),
                code=code_of(self._objectives[0]),
            )
            self._steps[length] = requests, step
        return self._steps[length]

    def _scorer_for(self, sample: Scored) -> Batched:
        """The function (state, x, y) -> (summed loss, correct), each [values, seeds]."""
        key = (sample.x.shape, sample.y.shape)
        if key not in self._scorers:
            functions = [score_of(objective, self._names) for objective in self._objectives]
            one = sample.of_first_member()
            self._scorers[key] = batch(
                functions,
                [[*self._alone(i), *one] for i in range(len(functions))],
                [*(t.clone() for t in self._shown), sample.x, sample.y],
                [*[BY_MEMBER] * len(self._names), sample.x_dims, sample.y_dims],
                twin=score_of(self._twin, self._names) if self._twin else None,
                code=code_of(self._objectives[0]),
            )
        return self._scorers[key]


def _stack(of_members: Sequence[dict[str, Tensor]], shape: Shape) -> dict[str, Tensor]:
    """Stack the members' tensors by name, [values, seeds, ...], and make each member's a part of
    the stack, so that their models always hold the current weights."""
    stacked = {}
    for name in of_members[0]:
        stack = torch.stack([tensors[name].detach() for tensors in of_members])
        for row, tensors in zip(stack, of_members, strict=True):
            tensors[name].data = row
        stacked[name] = stack.unflatten(0, shape)
    return stacked


def _core_to_spare() -> bool:
    return torch.get_num_threads() < (os.cpu_count() or 1)


@functools.cache
def _scorer() -> ThreadPoolExecutor:
    """The thread that scores while another one trains."""
    usual = torch.get_num_threads()
    scorer = ThreadPoolExecutor(1, "scorer", initializer=lambda: torch.set_num_threads(1))
    scorer.submit(lambda: None).result()
    torch.set_num_threads(usual)  # for this thread, and for threads to come
    return scorer
