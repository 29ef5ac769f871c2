"""The training loop of the course: plain PyTorch, one model, readable in a minute.

Everything that later lessons add to it is one argument of `fit`, which takes the learner's own
object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.argument_checks import (
    check_called,
    check_loss,
    check_parts,
    check_reaches,
    check_run,
    checked_batch,
    checked_decision,
    checked_loss,
    checked_outputs,
    checked_penalty,
    checked_seed,
    explaining,
    lr_now,
)
from course_utils.data import Dataset
from course_utils.fast_paths import draws_where_needed, take_rows, use_foreach
from course_utils.history import History
from course_utils.random_streams import SeededDraws, stream
from course_utils.scoring import LossFn, evaluate
from course_utils.snapshot import snapshot
from course_utils.tracebacks import install

Penalty = Callable[[nn.Module], Tensor]
Augment = Callable[[Tensor], Tensor]
StoppingRule = Callable[[History], bool]

install()  # in a notebook an error shows the learner's own lines

__all__ = ["DivergedError", "evaluate", "fit", "shuffled_batches", "train_epoch"]


class DivergedError(ArithmeticError):
    """The training loss stopped being a finite number."""


def fit(
    model: nn.Module,
    data: Dataset,
    *,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    penalty: Penalty | None = None,
    augment: Augment | None = None,
    early_stopping: StoppingRule | None = None,
    restore_best: bool = True,
    batch_size: int = 50,
    loss_fn: LossFn = F.cross_entropy,
    seed: int = 0,
    progress: bool = False,
) -> History:
    """Train `model` in place on ``data``'s training set and record clean scores after every epoch.

    Args:
        model: any module that maps a batch [n, ...] to logits [n, num_classes]. It trains on the
            device that its parameters are on.
        data: training and validation set; the sealed test set is not touched.
        optimizer: built on ``model.parameters()``.
        epochs: passes over the training set, at least 0.
        penalty: ``penalty(model)`` -> scalar, added to the loss that is minimized and never to the
            loss that is reported.
        augment: ``augment(x)`` -> batch of the same shape, applied to training batches only.
        early_stopping: ``early_stopping(history)`` -> True to stop; asked after every epoch.
        restore_best: with `early_stopping`, end with the weights of the best epoch, also when the
            rule never fired.
        batch_size: samples per step; the last batch of an epoch may be smaller.
        loss_fn: mean loss of (outputs, targets). In a regression the outputs have the shape of the
            targets, or a row for each of them whose columns a loss of your own gives a meaning (a
            mean and a variance, quantiles).
        seed: decides the order of the batches and every random draw in model and augmentation.
        progress: show a progress bar.

    Returns:
        The `History`: entry e holds the scores after e epochs.

    Raises:
        ValueError, TypeError: an argument is unusable; the message says what to change.
        DivergedError: the loss became NaN or infinite.
    """
    epochs, batch_size = check_run(model, data, optimizer, epochs=epochs, batch_size=batch_size)
    seed = checked_seed(seed)
    check_loss(loss_fn, data.y_train)
    check_parts(penalty, augment)
    check_called("early_stopping(history)", early_stopping, "early_stopping(patience=5)")
    data = data.to(next(iter(model.parameters())).device)
    own_state(optimizer)
    batches = shuffled_batches(data.n_train, batch_size, seed)
    history = History()
    bring_back_best: Callable[[], None] | None = None

    def scored(outputs: Tensor, y: Tensor) -> Tensor:
        outputs = checked_outputs(outputs, y, data.num_classes, loss_fn)
        with explaining(loss_fn, outputs, y):
            return loss_fn(outputs, y)

    draws = SeededDraws(seed, data.x_train.device)
    for epoch in tqdm(range(epochs + 1), disable=not progress, desc="epoch"):
        if epoch > 0:
            train_epoch(
                model,
                data,
                next(batches),
                optimizer=optimizer,
                penalty=penalty,
                augment=augment,
                loss_fn=loss_fn,
                draws=draws,
            )
        history.record(
            evaluate(model, data.x_train, data.y_train, loss_fn=scored),
            evaluate(model, data.x_val, data.y_val, loss_fn=scored),
        )
        if early_stopping is None:
            continue
        if history.best_epoch == epoch:
            bring_back_best = snapshot(model)
        if checked_decision(early_stopping(history)):
            history.stopped_epoch = epoch
            break
    if bring_back_best is not None and restore_best:
        bring_back_best()
        history.restored_epoch = history.best_epoch
    return history


def train_epoch(
    model: nn.Module,
    data: Dataset,
    batches: Iterable[Tensor],
    *,
    optimizer: torch.optim.Optimizer,
    penalty: Penalty | None = None,
    augment: Augment | None = None,
    loss_fn: LossFn = F.cross_entropy,
    draws: AbstractContextManager[None] | None = None,
) -> None:
    """One pass over the training set: a step of `optimizer` for each index tensor in `batches`.

    The other arguments are those of `fit`; random draws are made inside `draws`, if given.
    """
    model.train()
    draws = draws_where_needed(draws, model, optimizer, penalty, augment, loss_fn)
    with use_foreach(optimizer):
        for step, batch in enumerate(batches, 1):
            x, y = take_rows(data.x_train, batch), take_rows(data.y_train, batch)
            with draws:
                outputs = model(x if augment is None else checked_batch(augment(x), y))
                loss = checked_loss(
                    loss_fn(checked_outputs(outputs, y, data.num_classes, loss_fn), y)
                )
                if penalty is not None:
                    added = checked_penalty(penalty(model), model)
                    if step == 1:
                        check_reaches(added, model, optimizer)
                    loss = loss + added
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            refuse_divergence(loss, optimizer, step)


def own_state(optimizer: torch.optim.Optimizer) -> None:
    """Give an optimizer its own copies of its state. After ``load_state_dict`` it shares tensors
    with the optimizer that they come from, so one run would change where the next one starts."""
    for of_parameter in getattr(optimizer, "state", {}).values():
        if not isinstance(of_parameter, dict):
            continue  # something of the optimizer's own
        for name, value in of_parameter.items():
            if isinstance(value, Tensor):
                of_parameter[name] = value.clone()


def refuse_divergence(loss: Tensor, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Raise `DivergedError` unless the training loss is a finite number."""
    if not math.isfinite(value := loss.item()):
        raise DivergedError(
            f"the training loss became {value} at step {step} of an epoch, and training cannot "
            f"recover from that; lower the learning rate{lr_now(optimizer)} or the penalty's "
            "strength"
        )


def shuffled_batches(n: int, batch_size: int, seed: int) -> Iterator[tuple[Tensor, ...]]:
    """Endless epochs; each is a fresh shuffle of 0..n-1 cut into index tensors of `batch_size`."""
    generator = stream("order of batches", seed)
    while True:
        yield torch.randperm(n, generator=generator).split(batch_size)


def best_device() -> torch.device:
    """CUDA or Apple's MPS where there is one, else the CPU. (For the lessons' small models the CPU
    is as fast.)"""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
