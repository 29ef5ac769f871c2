"""Train a fleet, seeds x values of one hyperparameter, and record the scores of every run."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.argument_checks import checked_index, checked_seeds
from course_utils.data import Dataset
from course_utils.fast_paths import keep_freed_memory
from course_utils.fleet.alone import AloneInTurn
from course_utils.fleet.dry_run import first_look
from course_utils.fleet.engine import UNEXPECTED, CannotBatchError
from course_utils.fleet.grouping import Group, groups_of, reason_of, told
from course_utils.fleet.memory import reachable
from course_utils.fleet.pytorch import hook_registries
from course_utils.fleet.run import Build, DataFor, Member, Training, build_members
from course_utils.fleet.together import Together
from course_utils.fleet.undo import Undo
from course_utils.fleet.watch import DisagreesError
from course_utils.history import History
from course_utils.scoring import LossFn

Curves = npt.NDArray[np.float64]


@dataclass(eq=False)
class Fleet:
    """The scores recorded so far, of one run for each value and seed.

    The four curves are [values, seeds, epochs + 1]. An entry is NaN if its epoch has not been
    trained yet or is not scored, or if the run diverged. Entry e is the score after e epochs, as in
    `History`.
    """

    values: list[Any]
    seeds: list[int]
    epochs: int
    #: Entries 0 to `epoch` of the curves are filled, as far as they are scored.
    epoch: int = -1
    #: Why some runs train one after the other, in words; None if all train together.
    fallback: str | None = None
    train_loss: Curves = field(init=False)
    train_acc: Curves = field(init=False)
    val_loss: Curves = field(init=False)
    val_acc: Curves = field(init=False)
    _members: dict[tuple[int, int], Member] = field(default_factory=dict, repr=False)
    _outputs: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.values), len(self.seeds), self.epochs + 1)
        self.train_loss, self.train_acc, self.val_loss, self.val_acc = np.full((4, *shape), np.nan)

    def history(self, value_index: int, seed_index: int) -> History:
        """One run's record, as `fit` would have returned it."""
        filled = (*self._place(value_index, seed_index), slice(0, self.epoch + 1))
        return History(
            train_loss=self.train_loss[filled].tolist(),
            val_loss=self.val_loss[filled].tolist(),
            train_acc=self.train_acc[filled].tolist(),
            val_acc=self.val_acc[filled].tolist(),
        )

    def model(self, value_index: int, seed_index: int) -> nn.Module:
        """One run's model with its current weights; read-only while training goes on."""
        return self._members[self._place(value_index, seed_index)].run.model

    def val_outputs(self, value_index: int, seed_index: int) -> Tensor:
        """One run's outputs for its own validation set [n, ...] after `epoch` epochs, in evaluation
        mode: those that `val_loss` was computed from. Read-only; NaN where the run diverged."""
        return self._outputs[self._place(value_index, seed_index)]

    def _place(self, value_index: int, seed_index: int) -> tuple[int, int]:
        """The checked indices of a run; negative ones count from the end."""
        v = checked_index("value_index", value_index, "fleet.values", len(self.values))
        return v, checked_index("seed_index", seed_index, "fleet.seeds", len(self.seeds))

    @torch.enable_grad()  # the loop over epochs may be in `torch.no_grad`
    def _record(self, group: Group, epoch: int, *, scored: bool) -> None:
        """Train `group` for an epoch, except before the first, and record its scores."""
        if epoch > 0:
            group.train_epoch()
        if not scored:
            return
        v, s = zip(*((m.value_index, m.seed_index) for m in group.members), strict=True)
        scores = group.scores(more=epoch < self.epochs).T
        at = list(v), list(s), epoch
        self.train_loss[at], self.train_acc[at], self.val_loss[at], self.val_acc[at] = scores
        self._outputs.update(zip(zip(v, s, strict=True), group.val_outputs(), strict=True))


def train_fleet(
    build: Build,
    data: DataFor,
    *,
    values: Sequence[Any],
    seeds: int | Sequence[int] = 8,
    epochs: int,
    batch_size: int = 50,
    loss_fn: LossFn = F.cross_entropy,
    score_at: Collection[int] | None = None,
    progress: bool = True,
) -> Fleet:
    """Train ``build(value)`` for every value and seed; each run equals ``fit(..., seed=seed)``.

    Args:
        build: ``build(value)`` -> `Run`, in plain PyTorch, with a new model each time. It is called
            for each value and seed, with the random generators (PyTorch's, NumPy's and Python's)
            seeded; runs with the same seed have the same initial weights, batches and dropout
            masks, so that their differences are paired.
        data: one data set for all, or ``data(value, seed)`` -> data set, called in the same way.
        values: the values of the hyperparameter, in the order of the curves' first axis.
        seeds: the number of seeds (0, 1, ...), or a list of seeds.
        epochs, batch_size, loss_fn: as in `fit`.
        score_at: the epochs after which to score, besides 0 and the last; None for all.
            Scoring takes about a third of the time, which is wasted if the curves are not used.
        progress: show a progress bar.

    Runs of different architectures train in separate groups. Runs that cannot be batched at all
    (with a model whose Python code branches on the values of its tensors, say) train one after the
    other; a warning and ``fleet.fallback`` say so. A run that diverges records NaN, and does not
    affect the others.

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
        score_at=score_at,
    )
    fleet = next(epochs_done)
    counts = {"value": len(fleet.values), "seed": len(fleet.seeds)}
    label = " x ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items())
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
    score_at: Collection[int] | None = None,
) -> Iterator[Fleet]:
    """`train_fleet`, epoch by epoch: yields the same growing `Fleet` after 0, 1, ... epochs, or
    only after those that are scored.

    Stop iterating to cancel. Runs that must train one after the other because they share something
    are trained to their last epoch before the first yield. If runs that train together disagree
    with the same runs alone, all start again, and the yields begin again after 0 epochs.
    """
    seeds = checked_seeds(seeds)
    if not isinstance(values, Iterable) or isinstance(values, str | bytes):
        raise TypeError(
            f"values must be a list of values, got {values!r}; use for example [0, 0.1]"
        )
    values = list(values)
    if not values:
        raise ValueError("values must hold at least one value, got none")
    if not isinstance(score_at, Collection | None) or isinstance(score_at, str | bytes):
        raise TypeError(
            f"score_at must hold numbers of epochs, got {score_at!r}; use for example [10, 20]"
        )
    training = Training(build, data, epochs, batch_size, loss_fn, score_at)
    code = {"build": build, "data": data, "loss_fn": loss_fn, "values": values}
    known = [data] if isinstance(data, Dataset) else []
    before = Undo([*reachable(code, known), *hook_registries()])
    members, dry_runs = [], []
    for member in build_members(training, values, seeds):
        members.append(member)
        # Now, before another build can change what this one reads.
        dry_runs.append(first_look(member, loss_fn))
    epochs, batch_size = int(epochs), int(batch_size)  # they may come from NumPy
    training = replace(training, epochs=epochs, batch_size=batch_size)
    fleet = Fleet(values, seeds, epochs)
    fleet._members = {(m.value_index, m.seed_index): m for m in members}
    keep_freed_memory()
    groups, fleet.fallback = groups_of(members, dry_runs, training, before)
    if fleet.fallback is not None:
        warnings.warn(fleet.fallback, stacklevel=2)
    alone = [group for group in groups if not isinstance(group, Together)]
    together = [group for group in groups if isinstance(group, Together)]
    for epoch in range(epochs + 1):
        scored = training.is_scored(epoch)
        for one_by_one in alone:
            fleet._record(one_by_one, epoch, scored=scored)
        try:
            for group in together:
                fleet._record(group, epoch, scored=scored)
        except (CannotBatchError, DisagreesError, *UNEXPECTED) as error:
            # All groups were made by the same code, so none is trusted any more. The cause may be
            # something that the runs share, so each is trained to its end before the next.
            why = told(len(members), len(members), f"{reason_of(error)}; they start again")
            fleet.fallback = f"{fleet.fallback}; {why}" if fleet.fallback else why
            warnings.warn(why, stacklevel=2)
            before.put_back()
            together, alone = [], [AloneInTurn(members, training)]
            # The caller may have read scores that are not trusted, so all are yielded again.
            for earlier in range(epoch):
                fleet._record(alone[0], earlier, scored=training.is_scored(earlier))
                if training.is_scored(earlier):
                    fleet.epoch = earlier
                    yield fleet
            fleet._record(alone[0], epoch, scored=scored)
        if scored:
            fleet.epoch = epoch
            yield fleet
