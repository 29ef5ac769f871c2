"""Members that cannot train together: each as in `fit`, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from course_utils.argument_checks import checked_outputs
from course_utils.fleet.run import Member, Training, tensors_of
from course_utils.random_streams import SeededDraws
from course_utils.scoring import evaluate
from course_utils.training import DivergedError, shuffled_batches, train_epoch

#: [members, 4]: training loss and accuracy, validation loss and accuracy.
Scores = npt.NDArray[np.float64]


class Alone:
    """Members that take turns epoch by epoch; none of them knows of the others."""

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
    """Members whose code changes Python objects, which others may use too: each is built, and
    trained to its last epoch, before the next one is built, as if `fit` were called for each."""

    def __init__(self, members: Sequence[Member], training: Training) -> None:
        self.members = members
        self._epoch = 0
        self._scores: list[Scores] = []
        self._states: list[list[dict[str, Tensor]]] = []
        self._outputs: list[list[Tensor]] = []
        for member in members:
            member.build_again(training)
            run = _Training(member, training)
            scores, states, outputs = [run.scores()], [_state(member)], [run.val_outputs]
            for _ in range(training.epochs):
                run.train_epoch()
                scores.append(run.scores())
                states.append(_state(member))
                outputs.append(run.val_outputs)
            self._scores.append(np.array(scores))
            self._states.append(states)
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
        """Let the models be as they were after this epoch."""
        for member, states in zip(self.members, self._states, strict=True):
            tensors = tensors_of(member)
            for name, content in states[self._epoch].items():
                tensors[name].data.copy_(content)


def _state(member: Member) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in tensors_of(member).items()}


class _Training:
    """One member's training, epoch by epoch."""

    #: For the validation set, by the last call of `scores`.
    val_outputs: Tensor

    def __init__(self, member: Member, training: Training) -> None:
        self._member, self._loss_fn = member, training.loss_fn
        self._batches = shuffled_batches(member.data.n_train, training.batch_size, member.seed)
        self._draws = SeededDraws(member.seed, member.data.x_train.device)
        self._diverged = False

    def train_epoch(self) -> None:
        if self._diverged:
            return
        run = self._member.run
        try:
            with _random_state(self._member.random_state):
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

        def loss_fn(outputs: Tensor, y: Tensor) -> Tensor:
            self.val_outputs = outputs  # in the end those for the validation set
            return self._loss_fn(checked_outputs(outputs, y, data.num_classes), y)

        # `fit` scores with the random state that it is called in, which is the one after `build`.
        with _random_state(self._member.random_state):
            train = evaluate(model, data.x_train, data.y_train, loss_fn=loss_fn)
            return *train, *evaluate(model, data.x_val, data.y_val, loss_fn=loss_fn)


@contextmanager
def _random_state(state: Tensor) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        yield
