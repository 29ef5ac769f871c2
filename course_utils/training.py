"""The training loop of the course: plain PyTorch, one model, readable in a minute.

Everything that later lessons add to it is one argument of `fit`, which takes the learner's own
object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.data import Dataset
from course_utils.history import History
from course_utils.noise import SeededDraws, stream
from course_utils.refusals import check_outputs, check_run, checked_penalty
from course_utils.shortcuts import all_at_once, draws_nothing

Penalty = Callable[[nn.Module], Tensor]
Augment = Callable[[Tensor], Tensor]
LossFn = Callable[[Tensor, Tensor], Tensor]
StoppingRule = Callable[[History], bool]

# PyTorch loads its compiler with the first optimizer that is made: two seconds that belong to the
# imports, not to a learner's first training.
torch.optim.SGD([nn.Parameter(torch.zeros(()))])

# Linux takes freed memory back, and clears it before it is used again: a tenth of a large fleet's
# step. Once a block of nearly 32 MiB was freed, the GNU C library keeps up to 64 MiB for the next.
torch.empty(31 * 2**20, dtype=torch.uint8)

#: Samples per forward pass when scoring: enough to be fast, small enough to stay in the cache.
_SCORE_CHUNK = 1000


class Score(NamedTuple):
    """Means per sample over one data set."""

    loss: float
    acc: float


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
        loss_fn: mean loss of (outputs, targets).
        seed: decides the order of the batches and every random draw in model and augmentation.
        progress: show a progress bar.

    Returns:
        The `History`: entry e holds the scores after e epochs.

    Raises:
        ValueError, TypeError: an argument is unusable; the message says what to change.
        DivergedError: the loss became NaN or infinite.
    """
    check_run(model, data, optimizer, epochs=epochs, batch_size=batch_size)
    data = data.to(next(model.parameters()).device)
    batches = shuffled_batches(data.n_train, batch_size, seed)
    history = History()
    best_weights: dict[str, Tensor] = {}

    def scored(outputs: Tensor, y: Tensor) -> Tensor:
        check_outputs(outputs, y, data.num_classes)
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
            best_weights = {k: v.clone() for k, v in model.state_dict().items()}
        if early_stopping(history):
            history.stopped_epoch = epoch
            break
    if early_stopping is not None and restore_best:
        model.load_state_dict(best_weights)
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

    The other arguments are those of `fit`; the random draws of model, augmentation and penalty are
    made inside `draws`, if given.
    """
    model.train()
    plain = augment is None and penalty is None and loss_fn is F.cross_entropy
    drawing = nullcontext() if draws is None or (plain and draws_nothing(model)) else draws
    with all_at_once(optimizer):
        for step, batch in enumerate(batches):
            batch = batch.to(data.x_train.device)
            # Rows of a large tensor come twice as fast by index_select as by x[batch].
            x, y = data.x_train.index_select(0, batch), data.y_train.index_select(0, batch)
            with drawing:
                outputs = model(x if augment is None else augment(x))
            # Outside of `drawing`, where asking for a shape is cheap.
            check_outputs(outputs, y, data.num_classes)
            with drawing:
                loss = loss_fn(outputs, y)
                if penalty is not None:
                    loss = loss + checked_penalty(penalty(model))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if not math.isfinite(loss.item()):
                raise DivergedError(
                    f"the training loss became {loss.item()} at step {step + 1} of an epoch, and "
                    "training cannot recover from that; lower the learning rate "
                    f"(now {optimizer.param_groups[0]['lr']}) or the penalty's strength"
                )


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, *, loss_fn: LossFn = F.cross_entropy) -> Score:
    """Mean loss and accuracy of `model` on inputs x [n, ...] and targets y [n], in evaluation mode.

    Leaves the mode of every submodule, the gradients and the global random state as it found them.
    Accuracy is NaN for regression (targets that are not integers).
    """
    if len(x) == 0:
        raise ValueError("cannot score 0 samples: x is empty; pass at least one sample")
    loss_sum = correct = 0.0
    with torch.random.fork_rng(devices=[]), evaluating(model):
        for xs, ys in zip(x.split(_SCORE_CHUNK), y.split(_SCORE_CHUNK), strict=True):
            outputs = model(xs)
            loss_sum += loss_fn(outputs, ys).item() * len(xs)
            if not ys.is_floating_point():
                correct += (outputs.argmax(1) == ys).sum().item()
    return Score(loss_sum / len(x), math.nan if y.is_floating_point() else correct / len(x))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards each submodule is back in the mode that it was in."""
    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in was_training:
            module.training = training


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
