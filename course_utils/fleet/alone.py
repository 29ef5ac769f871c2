"""Train members that cannot train together: one after the other, each as in `fit`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from course_utils.argument_checks import checked_outputs
from course_utils.fleet.run import Member, Training
from course_utils.random_streams import SeededDraws
from course_utils.scoring import evaluate
from course_utils.snapshot import snapshot
from course_utils.training import DivergedError, shuffled_batches, train_epoch

#: [members, 4]: training loss and accuracy, validation loss and accuracy.
Scores = npt.NDArray[np.float64]


class Alone:
    """Members that take turns epoch by epoch, because they share nothing that one could change."""

    def __init__(self, members: Sequence[Member], training: Training) -> None:
        self.members = members
        self._training = [_Training(member, training) for member in members]

    def train_epoch(self) -> None:
        for training in self._training:
            training.train_epoch()

    def scores(self, *, more: bool) -> Scores:
        return np.array([training.scores() for training in self._training])

    def val_outputs(self) -> Iterator[Tensor]:
        """Each member's outputs for its validation set, which `scores` were computed from."""
        return (training.val_outputs for training in self._training)


class AloneInTurn:
    """Members whose code changes Python objects that others may use too.

    Each is built and trained to its last epoch before the next one is built, as if `fit` were
    called for each.
    """

    def __init__(self, members: Sequence[Member], training: Training) -> None:
        self.members = members
        self._epoch = 0
        self._scores: list[Scores] = []
        self._models: list[list[Callable[[], None]]] = []
        self._outputs: list[list[Tensor]] = []
        for member in members:
            member.build_again(training)
            run = _Training(member, training)
            scores, models = [run.scores()], [_snapshot(member.run.model)]
            outputs = [run.val_outputs]
            for _ in range(training.epochs):
                run.train_epoch()
                scores.append(run.scores())
                models.append(_snapshot(member.run.model))
                outputs.append(run.val_outputs)
            self._scores.append(np.array(scores))
            self._models.append(models)
            self._outputs.append(outputs)
        self._show()

    def train_epoch(self) -> None:
        self._epoch += 1
        self._show()

    def scores(self, *, more: bool) -> Scores:
        return np.array([scores[self._epoch] for scores in self._scores])

    def val_outputs(self) -> Iterator[Tensor]:
        """As in `Alone`."""
        return (outputs[self._epoch] for outputs in self._outputs)

    def _show(self) -> None:
        """Load into the models their weights after the present epoch."""
        with _what_cannot_be_copied_stays():
            for bring_back in self._models:
                bring_back[self._epoch]()


def _snapshot(model: nn.Module) -> Callable[[], None]:
    with _what_cannot_be_copied_stays():
        return snapshot(model)


@contextmanager
def _what_cannot_be_copied_stays() -> Iterator[None]:
    """Inside, snapshots do not warn about parts that cannot be copied, such as a generator.

    They stay as they are after the last epoch, when the model is exact anyway.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*cannot be copied")
        yield


class _Training:
    """One member's training, epoch by epoch."""

    #: For the validation set, from the last call of `scores`.
    val_outputs: Tensor

    def __init__(self, member: Member, training: Training) -> None:
        self._member, self._loss_fn = member, training.loss_fn
        self._batches = shuffled_batches(member.data.n_train, training.batch_size, member.seed)
        self._draws = SeededDraws(member.seed, member.data.x_train.device)
        self._world = member.world
        self._diverged = False

    def train_epoch(self) -> None:
        if self._diverged:
            return
        run = self._member.run
        try:
            with self._random_numbers():
                train_epoch(
                    run.model,
                    self._member.data,
                    next(self._batches),
                    optimizer=run.optimizer,
                    penalty=run.penalty,
                    augment=run.augment,
                    loss_fn=self._loss_fn,
                    draws=self._draws,
                )
        except DivergedError:
            self._diverged = True

    def scores(self) -> tuple[float, ...]:
        if self._diverged:
            self.val_outputs = torch.full_like(self.val_outputs, torch.nan)
            return (float("nan"),) * 4
        model, data = self._member.run.model, self._member.data
        given: list[Tensor] = []

        def loss_fn(outputs: Tensor, y: Tensor) -> Tensor:
            given.append(outputs.clone())
            outputs = checked_outputs(outputs, y, data.num_classes, self._loss_fn)
            return self._loss_fn(outputs, y)

        # `fit` scores in the random state in which it was called, which is the one after `build`.
        with self._random_numbers():
            train = evaluate(model, data.x_train, data.y_train, loss_fn=loss_fn)
            given.clear()
            val = evaluate(model, data.x_val, data.y_val, loss_fn=loss_fn)
        self.val_outputs = given[0]  # later calls of the loss are only tests of it
        return *train, *val

    @contextmanager
    def _random_numbers(self) -> Iterator[None]:
        """Inside, global random states are those that `fit` would have.

        PyTorch's is the one that `build` has left, and so are Python's and NumPy's if `build` has
        changed them, whatever other runs draw in between.
        """
        outside = self._world.now()
        self._world.put_back()
        try:
            with torch.random.fork_rng(devices=[]):
                torch.set_rng_state(self._member.random_state)
                yield
        finally:
            self._world = self._world.now()
            outside.put_back()
