"""Visible check of exercise 01: ``train_one_epoch``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import unique
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import checks
from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check
from course_utils.checks.training_loop import Mistake as LoopMistake
from course_utils.data import Dataset, SealedTestSet
from course_utils.exercises.attempt import attempt
from course_utils.history import History
from course_utils.training import evaluate, fit, shuffled_batches, train_epoch


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    GRAPHS_KEPT = (
        "added up like this, the loss keeps the graph of every step in memory; loss.item() gives"
        " only the number"
    )
    MEAN_OF_BATCH_MEANS = "this is the mean of the batch means; a smaller batch must count less"
    DIVIDED_TWICE = "batch means, summed and divided by the number of samples, are divided twice"
    SUM_OVER_SAMPLES = "this is the sum over the samples; divide by their number"
    SUM_OF_BATCH_MEANS = "this is the sum of the batch means"
    LOSS_OF_THE_LAST_BATCH = "this is the loss of the last batch alone"
    SCORED_IN_EVALUATION = (
        "this was scored in evaluation mode; take the losses of the training steps"
    )
    OTHER_BATCHES = (
        "these are not the samples of `batches`: each batch holds sample numbers, and "
        "`data.x_train[batch]` picks the samples"
    )
    SCORED_AFTERWARDS = (
        "this was scored after the weights had moved; take the losses of the training steps"
    )


TrainOneEpoch = Callable[[nn.Module, Dataset, torch.optim.Optimizer, Sequence[Tensor]], Any]


def train_one_epoch(answer: TrainOneEpoch) -> None:
    """Task ``train_one_epoch(model, data, optimizer, batches)`` -> the mean loss of its samples."""
    with attempt("train_one_epoch", answer, by_hand=TRAINING_LIBRARY) as check:
        as_in_fit(check, answer)
        mean_of_the_epoch(check, answer, [2, 2, 1])


TRAINING_LIBRARY = (fit, train_epoch)


def as_in_fit(check: Check, answer: TrainOneEpoch) -> None:
    """Check that a training loop around `answer` does what `fit` does."""

    def loop(
        model: nn.Module,
        data: Dataset,
        optimizer: torch.optim.Optimizer,
        epochs: int,
        batch_size: int = 50,
        seed: int = 0,
    ) -> History:
        history, batches = History(), shuffled_batches(data.n_train, batch_size, seed)
        for epoch in range(epochs + 1):
            if epoch > 0:
                model.eval()  # as many loops leave the model after scoring it
                given = next(batches)
                with _passes_in_training(model) as trained:
                    answer(model, data, optimizer, given)
                _as_given(check, trained, data.x_train, given)
            history.record(
                evaluate(model, data.x_train, data.y_train),
                evaluate(model, data.x_val, data.y_val),
            )
        return history

    check.include(checks.training_loop(loop))


@contextmanager
def _passes_in_training(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what goes through `model` in training mode in the body."""
    seen: list[Tensor] = []

    def note(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        if module.training:
            seen.append(given[0].detach().clone())

    hook = model.register_forward_pre_hook(note)
    try:
        yield seen
    finally:
        hook.remove()


def _as_given(check: Check, trained: list[Tensor], x: Tensor, batches: Sequence[Tensor]) -> None:
    """Each batch of the samples x was passed once; the rest is left to `checks.training_loop`."""
    sizes = [len(batch) for batch in batches]
    same = [any(torch.equal(seen, x[batch]) for batch in batches) for seen in trained]
    twice = all(same) and len(trained) == 2 * len(batches)
    theirs = all(torch.isin(seen, x).all() for seen in trained)
    other = theirs and [len(seen) for seen in trained] == sizes and not any(same)
    check.that(
        not twice and not other,
        "each batch goes through the model once",
        on=f"an epoch of batches of sizes {sizes}",
        expected=f"{len(batches)} passes in training mode, on these samples",
        got=f"{len(trained)} passes" if twice else "other samples",
        hint=LoopMistake.TWO_PASSES if twice else Mistake.OTHER_BATCHES,
    )


def mean_of_the_epoch(
    check: Check, answer: TrainOneEpoch, sizes: list[int], *, normed: bool = False
) -> None:
    """Check that `answer` returns the mean loss of its samples, in batches of these `sizes`.

    A `normed` model has batch norm, so that its loss in evaluation mode is different.
    """
    data = numbers(sum(sizes))
    batches = torch.arange(sum(sizes)).split(sizes)
    model, optimizer = small_model(normed)
    losses, in_evaluation = [], 0.0
    for batch in batches:
        in_evaluation += len(batch) * evaluate(model, data.x_train[batch], data.y_train[batch]).loss
        model.train()
        loss = F.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    total = sum(size * loss for size, loss in zip(sizes, losses, strict=True))
    fresh, its_optimizer = small_model(normed)
    got = answer(fresh.eval(), data, its_optimizer, batches)
    model_is = ", a model with batch norm" if normed else ""
    check.close(
        "it returns the mean loss of the epoch's samples",
        got,
        total / sum(sizes),
        on=f"batches of sizes {sizes}, whose mean losses are "
        f"{[round(x, 3) for x in losses]}{model_is}",
        hint="each sample counts once, with the loss it had when its batch was trained",
        mistakes={
            Common.RETURNS_NOTHING: None,
            Mistake.MEAN_OF_BATCH_MEANS: (sum(losses) / len(losses)),
            Mistake.DIVIDED_TWICE: (sum(losses) / sum(sizes)),
            Mistake.SUM_OVER_SAMPLES: total,
            Mistake.SUM_OF_BATCH_MEANS: sum(losses),
            Mistake.LOSS_OF_THE_LAST_BATCH: losses[-1],
            Mistake.SCORED_IN_EVALUATION: in_evaluation / sum(sizes),
            Mistake.SCORED_AFTERWARDS: (evaluate(model, data.x_train, data.y_train).loss),
        },
        atol=1e-5,
    )
    check.that(
        not getattr(got, "requires_grad", False),
        "it returns a number",
        on=f"batches of sizes {sizes}",
        expected="a number without a graph behind it",
        got="a tensor that requires a gradient",
        hint=Mistake.GRAPHS_KEPT,
    )


def small_model(normed: bool) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A linear model of one input and two classes, always the same, with its optimizer."""
    linear = nn.Linear(1, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[0.5], [-0.5]]))
        linear.bias.zero_()
    model = nn.Sequential(linear, nn.BatchNorm1d(2)) if normed else linear
    return model, torch.optim.SGD(model.parameters(), lr=0.3)


def numbers(n: int) -> Dataset:
    """`n` training samples of one number each; every third one is of class 1."""
    x = torch.linspace(-1.0, 2.0, n)[:, None]
    y = (torch.arange(n) % 3 == 0).long()
    return Dataset("numbers", x, y, x[:1], y[:1], SealedTestSet(x[:1], y[:1], name="numbers"), 2)
