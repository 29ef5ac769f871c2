"""The fleet: train seeds x values of one hyperparameter together, and keep what was recorded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from course_utils.fleet.comparing import structure
from course_utils.fleet.group import BatchedGroup, SoloGroup
from course_utils.fleet.objective import Objective, loss_of, noise_requests, score_of
from course_utils.fleet.recording import CannotBatchError, record
from course_utils.fleet.run import Build, DataFor, Member, build_members, seeded
from course_utils.history import History
from course_utils.noise import empty
from course_utils.training import LossFn

Curves = npt.NDArray[np.float64]


@dataclass
class Fleet:
    """What the runs recorded so far, one for each value and seed.

    The four curves are [values, seeds, epochs + 1], NaN where an epoch has not been trained yet, or
    where a run diverged. Entry e was measured after e epochs, as in `History`.
    """

    values: list[Any]
    seeds: list[int]
    epochs: int
    #: Entries 0 to `epoch` of the curves are filled.
    epoch: int = -1
    #: Why some runs train one after the other, in words; None if all train together.
    fallback: str | None = None
    train_loss: Curves = field(init=False)
    train_acc: Curves = field(init=False)
    val_loss: Curves = field(init=False)
    val_acc: Curves = field(init=False)
    _models: dict[tuple[int, int], nn.Module] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.values), len(self.seeds), self.epochs + 1)
        self.train_loss, self.train_acc, self.val_loss, self.val_acc = np.full((4, *shape), np.nan)

    def history(self, value_index: int, seed_index: int) -> History:
        """One run's record, as `fit` would have returned it."""
        filled = (value_index, seed_index, slice(0, self.epoch + 1))
        return History(
            train_loss=self.train_loss[filled].tolist(),
            val_loss=self.val_loss[filled].tolist(),
            train_acc=self.train_acc[filled].tolist(),
            val_acc=self.val_acc[filled].tolist(),
        )

    def model(self, value_index: int, seed_index: int) -> nn.Module:
        """One run's model with its current weights; read-only while training goes on."""
        return self._models[value_index, seed_index]


def train_fleet(
    build: Build,
    data: DataFor,
    *,
    values: Sequence[Any],
    seeds: int | Sequence[int] = 8,
    epochs: int,
    batch_size: int = 50,
    loss_fn: LossFn = F.cross_entropy,
    progress: bool = True,
) -> Fleet:
    """Train ``build(value)`` for every value and seed; each run equals ``fit(..., seed=seed)``.

    Args:
        build: ``build(value)`` -> `Run`, in plain PyTorch, with a new model each time. It is called
            for each value and seed; runs with the same seed start from the same weights and meet
            the same batches and dropout masks, so that their differences are paired.
        data: one data set for all, or ``data(value, seed)`` -> data set.
        values: the values of the hyperparameter, in the order in which they are kept.
        seeds: how many seeds (0, 1, ...), or which.
        epochs, batch_size, loss_fn: as in `fit`.
        progress: show a progress bar.

    Runs of different architecture train in groups. What cannot be batched at all (a model whose
    Python code branches on the values of its tensors, say) trains one run after the other; a
    warning and ``fleet.fallback`` say so. A run that diverges records NaN, and leaves the others
    alone.

    Raises:
        ValueError, TypeError: an argument is unusable; the message says what to change.
    """
    epochs_done = iter_fleet(
        build,
        data,
        values=values,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        loss_fn=loss_fn,
    )
    fleet = next(epochs_done)
    label = f"{len(fleet.values)} values x {len(fleet.seeds)} seeds"
    for _ in tqdm(epochs_done, total=epochs, disable=not progress, desc=label, leave=False):
        pass
    return fleet


def iter_fleet(
    build: Build,
    data: DataFor,
    *,
    values: Sequence[Any],
    seeds: int | Sequence[int] = 8,
    epochs: int,
    batch_size: int = 50,
    loss_fn: LossFn = F.cross_entropy,
) -> Iterator[Fleet]:
    """`train_fleet`, epoch by epoch: yields the same growing `Fleet` after 0, 1, ... epochs.

    Stop iterating to cancel.
    """
    if isinstance(seeds, int) and seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}; 8 show the spread between runs")
    seeds = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not seeds:
        raise ValueError("seeds must hold at least one seed, got none; 8 show the spread")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ from each other, got {seeds}")
    values = list(values)
    if not values:
        raise ValueError("values must hold at least one value, got none")
    members = build_members(build, data, values, seeds, epochs=epochs, batch_size=batch_size)
    fleet = Fleet(values, seeds, epochs)
    groups, fleet.fallback = _groups(members, build, values, batch_size, loss_fn)
    fleet._models = {
        (m.value_index, m.seed_index): m.run.model for group in groups for m in group.members
    }
    if fleet.fallback is not None:
        warnings.warn(fleet.fallback, stacklevel=2)
    for epoch in range(epochs + 1):
        for group in groups:
            if epoch > 0:
                group.train_epoch()
            at = (
                [m.value_index for m in group.members],
                [m.seed_index for m in group.members],
                epoch,
            )
            scores = group.scores(more=epoch < epochs).T
            scores[:, np.isnan(scores[[0, 2]]).any(0)] = np.nan  # no loss, no accuracy
            fleet.train_loss[at], fleet.train_acc[at], fleet.val_loss[at], fleet.val_acc[at] = (
                scores
            )
        fleet.epoch = epoch
        yield fleet


def _groups(
    members: Sequence[Member], build: Build, values: Sequence[Any], batch_size: int, loss_fn: LossFn
) -> tuple[list[BatchedGroup | SoloGroup], str | None]:
    """As few groups as the members allow, and what to tell about those that train alone."""
    groups: list[BatchedGroup | SoloGroup] = []
    alone: list[Member] = []
    why = ""
    for cluster in _split(members, _shapes):
        try:
            groups.append(BatchedGroup(cluster, batch_size=batch_size, loss_fn=loss_fn))
            continue
        except CannotBatchError as error:
            why = str(error)
        # Perhaps only some values are different (p = 0 takes another path than p > 0).
        for similar in _split(cluster, lambda m: _structure(m, batch_size, loss_fn)):
            try:
                groups.append(BatchedGroup(similar, batch_size=batch_size, loss_fn=loss_fn))
            except CannotBatchError as error:
                why = str(error)
                alone += similar
    if not alone:
        return groups, None
    # What was tried on them may have moved what they remember, so they are built anew.
    alone = [replace(m, run=seeded(build, values[m.value_index], m.seed)) for m in alone]
    groups.append(SoloGroup(alone, batch_size=batch_size, loss_fn=loss_fn))
    return groups, (
        f"{len(alone)} of {len(members)} runs train one after the other, which is slower: {why}"
    )


def _split(members: Sequence[Member], key: Callable[[Member], object]) -> list[list[Member]]:
    """Members by the key of their value's first seed, in the order of the values."""
    clusters: dict[object, list[Member]] = {}
    key_of: dict[int, object] = {}
    for member in members:
        if member.value_index not in key_of:
            key_of[member.value_index] = key(member)
        clusters.setdefault(key_of[member.value_index], []).append(member)
    return list(clusters.values())


def _shapes(member: Member) -> object:
    model, data = member.run.model, member.data
    state = [*model.named_parameters(), *model.named_buffers()]
    sizes = (data.x_train.shape, data.x_val.shape, data.num_classes)
    return type(model), sizes, tuple((n, t.shape, t.dtype, t.requires_grad) for n, t in state)


def _structure(member: Member, batch_size: int, loss_fn: LossFn) -> object:
    """What training and scoring do, numbers aside; None where that cannot be known."""
    objective = Objective(member.run, loss_fn, member.data.num_classes)
    model, x, y = member.run.model, member.data.x_train, member.data.y_train
    state = dict((*model.named_parameters(), *model.named_buffers()))
    names = [f"model.{name}" for name in state]
    example = [*(t.detach().clone() for t in state.values()), x[:batch_size], y[:batch_size]]
    try:
        requests = noise_requests(objective, names, example)
        noise = [empty(*request).zero_().to(x.device) for request in requests]
        training = record(loss_of(objective, names), [*example, *noise])
        return structure(training), structure(record(score_of(objective, names), example))
    except CannotBatchError:
        return None
