"""Train members together, by one function of their stacked tensors.

If more epochs follow, ``scores`` may train the next one meanwhile, on a core that would be idle;
the models show it only after the next ``train_epoch()``.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.argument_checks import negative_penalty
from course_utils.fleet.alone import Scores
from course_utils.fleet.dry_run import DryRun
from course_utils.fleet.engine import CannotBatchError, Engine
from course_utils.fleet.functions import Functions, stack
from course_utils.fleet.optimizers import are_stacked, optimizers_for
from course_utils.fleet.run import Member, Training, tensors_of
from course_utils.fleet.samples import Batches, Scored
from course_utils.fleet.watch import SharedByOptimizers, Watch
from course_utils.random_streams import draw_for_seeds, stream
from course_utils.scoring import CHUNK, outputs_of
from course_utils.snapshot import evaluating
from course_utils.training import shuffled_batches


class Together:
    """Members of one architecture, value by value with the same seeds, trained as one.

    Raises `CannotBatchError`, at once or in a later epoch, if they cannot be.
    """

    def __init__(
        self,
        members: Sequence[Member],
        dry_runs: Sequence[DryRun],
        engine: Engine,
        training: Training,
    ) -> None:
        self.members = members
        self._batch_size = batch_size = training.batch_size
        self._seeds = list(dict.fromkeys(m.seed for m in members))
        self._shape = shape = (len(members) // len(self._seeds), len(self._seeds))
        stacked = stack(members, shape)
        self._param_names = [name for name, _ in members[0].run.model.named_parameters()]
        self._state_names = list(stacked)
        #: The weights and buffers that are scored, [values, seeds, ...].
        self._shown = list(stacked.values())
        self._models_tensors = [t.detach() for m in members for t in tensors_of(m).values()]
        step = dry_runs[0].step
        assert step is not None
        #: Frozen weights, and those that the loss does not depend on.
        self._without_gradient = {name for name, g in step.gradients.items() if g is None}

        self._n = members[0].data.n_train
        self._batches = [shuffled_batches(self._n, batch_size, seed) for seed in self._seeds]
        self._generators = [stream("draws", seed) for seed in self._seeds]
        self._x = Batches([m.data.x_train for m in members], shape)
        self._y = Batches([m.data.y_train for m in members], shape)
        whole = any(r.mixes_samples for r in dry_runs)
        self._train = Scored.of(
            [m.data.x_train for m in members], [m.data.y_train for m in members], shape, whole
        )
        self._val = Scored.of(
            [m.data.x_val for m in members], [m.data.y_val for m in members], shape, whole
        )
        kinds = [r.look.key() for r in dry_runs]
        batches = (self._x, self._y)
        self._functions = Functions(members, kinds, engine, stacked, batches, training.loss_fn)
        # Fail now rather than in the first epoch, and leave no tracing to two threads at once.
        for length in {min(batch_size, self._n), self._n % batch_size} - {0}:
            self._functions.step(length)
        if any(r.requests != self._functions.step(min(batch_size, self._n))[0] for r in dry_runs):
            raise CannotBatchError("its members draw different random numbers")
        copies = [t.clone() for t in self._shown]
        for sample in (self._train, self._val):
            self._score(sample, self._outputs(sample, copies))
            parts = max(len(list(sample.parts())), math.ceil(sample.n / CHUNK))
            if self._functions.scoring_leaves_traces and parts > 1:
                raise CannotBatchError("scoring changes a buffer, once for each part of the data")

        #: The tensors that are trained: the same, unless an epoch may be trained ahead.
        self._trained = self._shown
        self._is_ahead = False
        if self._train.x.is_cpu and are_stacked(members) and self._may_run_ahead():
            self._trained = [t.clone() for t in self._shown]
        leaves = dict(zip(self._param_names, self._trained, strict=False))
        self._optimizers = optimizers_for(members, shape, leaves)
        self._diverged = torch.zeros(shape, dtype=torch.bool, device=self._train.x.device)
        self._negative = torch.zeros_like(self._diverged)
        self._diverged_shown = self._diverged.clone()
        self._watch = Watch(members, dry_runs, shape, training)
        self._epoch = 0
        self._shared_by_optimizers = SharedByOptimizers(dry_runs)
        #: For the validation set, [values, seeds, n, ...].
        self._val_outputs: Tensor
        self._keeping = [m for m in members if _keeps_tensors(m.run.model)]
        self._keep_what_fit_keeps()
        for member in members:
            member.run.model.train()  # as `fit` leaves it

    def train_epoch(self) -> None:
        """Train all members for one epoch, and update their models."""
        if not self._is_ahead:
            self._train_epoch()
        self._is_ahead = False
        with torch.no_grad():
            for shown, trained in zip(self._shown, self._trained, strict=True):
                if shown is not trained:
                    shown.copy_(trained)
            self._show()
        self._diverged_shown.copy_(self._diverged)

    def scores(self, *, more: bool) -> Scores:
        """All members' scores on clean data; `more` if more epochs follow."""
        if not more or self._trained is self._shown or not _core_to_spare():
            scores = self._scores()
        else:
            scoring = _scorer().submit(self._scores)
            self._train_epoch()
            self._is_ahead = True
            scores = scoring.result()
        scores[self._diverged_shown.flatten().cpu().numpy()] = np.nan
        if self._functions.scoring_leaves_traces:
            self._show()
        else:
            self._watch.check_scores(scores)
        if not more:
            self._keep_what_fit_keeps()
        return scores

    def val_outputs(self) -> Iterator[Tensor]:
        """Each member's outputs for its validation set, which `scores` were computed from."""
        diverged = self._diverged_shown.flatten().tolist()
        for outputs, gone in zip(self._val_outputs.flatten(0, 1).unbind(), diverged, strict=True):
            yield torch.full_like(outputs, torch.nan) if gone else outputs

    def _may_run_ahead(self) -> bool:
        """Whether an epoch may be trained before the last one is scored: not if scoring changes a
        buffer, nor if training uses a tensor that the caller may change between two epochs."""
        functions = self._functions
        return not (functions.uses_constants or functions.scoring_leaves_traces)

    def _show(self) -> None:
        """Copy the current weights and buffers into the members' models."""
        shown = [t.flatten(0, 1).unbind() for t in self._shown]
        rows = [row for of_member in zip(*shown, strict=True) for row in of_member]
        torch._foreach_copy_(self._models_tensors, rows)

    def _keep_what_fit_keeps(self) -> None:
        """Run models that store what they compute (the old weight norm stores its weight) on the
        validation set, so that they store what they would after `fit`, which scores it last."""
        for member in self._keeping:
            with evaluating(member.run.model), torch.no_grad():
                outputs_of(member.run.model, member.data.x_val)

    # --- training -------------------------------------------------------------------------------

    def _train_epoch(self) -> None:
        self._epoch += 1
        order = torch.stack([torch.cat(next(batches)) for batches in self._batches])
        batches, x_rows, y_rows = (
            rows.split(self._batch_size, dim=-1)
            for rows in (order, self._x.rows(order), self._y.rows(order))
        )
        state = dict(zip(self._state_names, self._trained, strict=True))
        for i, (batch, of_x, of_y, noise) in enumerate(
            zip(batches, x_rows, y_rows, self._noise(), strict=True)
        ):
            for due in self._watch.due(self._epoch, i):
                self._watch.dry_run_step(due, batch, noise, state, self._optimizers)
            with torch.no_grad():
                gradients = self._step(of_x, of_y, noise)
            self._watch.compare(state, gradients, self._diverged)
        self._shared_by_optimizers.check()
        if self._negative.any():
            at = int(self._negative.flatten().nonzero()[0])
            member = self.members[at]
            raise negative_penalty(f"value {member.value!r}, seed {member.seed}")

    def _noise(self) -> Iterator[list[Tensor]]:
        """The random tensors of each step of an epoch."""
        steps, rest = divmod(self._n, self._batch_size)
        for length, count in ((self._batch_size, steps), (rest, int(rest > 0))):
            if count:
                requests, _ = self._functions.step(length)
                device = self._train.x.device
                yield from draw_for_seeds(requests, self._generators, device, steps=count)

    def _step(self, x_rows: Tensor, y_rows: Tensor, noise: Sequence[Tensor]) -> dict[str, Tensor]:
        """Take one step of all members, and return its gradients by name."""
        _, step_of_all = self._functions.step(x_rows.shape[-1])
        x, y = self._x.take(x_rows), self._y.take(y_rows)
        found = step_of_all(*self._trained, x, y, *noise)
        n_params = len(self._param_names)
        named = zip(self._param_names, found[:n_params], strict=True)
        gradients = {name: g for name, g in named if name not in self._without_gradient}
        for optimizer in self._optimizers:
            optimizer.step(gradients)
        loss, *penalty = found[n_params:]
        for value in penalty:
            self._negative |= (value < 0) & ~self._diverged
        self._diverged |= ~loss.isfinite()
        return gradients

    # --- scoring --------------------------------------------------------------------------------

    def _scores(self) -> Scores:
        train = self._score(self._train, self._outputs(self._train, self._shown))
        self._val_outputs = self._outputs(self._val, self._shown)
        return np.concatenate([train, self._score(self._val, self._val_outputs)], axis=1)

    def _outputs(self, sample: Scored, state: Sequence[Tensor]) -> Tensor:
        """Every member's outputs in evaluation mode, [values, seeds, n, ...]."""
        with torch.no_grad():
            parts = [self._functions.outputs(part)(*state, part.x)[0] for part in sample.parts()]
            return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)

    def _score(self, sample: Scored, outputs: Tensor) -> Scores:
        """Loss and accuracy of every member, [members, 2]."""
        with torch.no_grad():
            loss, correct = self._functions.score(sample, outputs)(outputs, sample.y)
            found = torch.stack([loss.flatten().cpu().double(), correct.flatten().cpu().double()])
            found[1] /= sample.n
            return found.T.numpy()


def _core_to_spare() -> bool:
    return torch.get_num_threads() < (os.cpu_count() or 1)


@functools.cache
def _scorer() -> ThreadPoolExecutor:
    """The executor of the thread that scores while this one trains."""
    usual = torch.get_num_threads()
    scorer = ThreadPoolExecutor(1, "scorer", initializer=lambda: torch.set_num_threads(1))
    scorer.submit(torch.get_num_threads).result()  # or its first call sets the number anew
    torch.set_num_threads(usual)  # in this thread, and in threads started later
    return scorer


def _keeps_tensors(model: nn.Module) -> bool:
    return any(isinstance(kept, Tensor) for m in model.modules() for kept in vars(m).values())
