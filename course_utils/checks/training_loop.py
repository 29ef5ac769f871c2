"""Check of lesson 01: the training loop, against `fit`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np
import torch
from torch import nn

from course_utils.checks.loop_probe import (
    BATCH,
    EPOCHS,
    Outcome,
    gradients_kept,
    run_loop,
    small_problem,
    summed,
)
from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, Passed, checking
from course_utils.data import Dataset
from course_utils.history import History
from course_utils.training import evaluate, fit


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ON_THE_VALIDATION_SET = (
        "samples of the validation set are trained on; it is there to be scored only"
    )
    THE_WHOLE_SET_AT_ONCE = (
        "the whole training set goes into each step, where batches were asked for"
    )
    WITHOUT_THE_LAST_BATCH = (
        "the last batch of an epoch is missing; it is smaller, but its samples count"
    )
    GRADIENTS_NEVER_CLEARED = (
        "gradients of earlier steps are still there; they add up unless they are cleared"
    )
    SUM_OF_THE_BATCH = (
        "the loss of a batch is a sum here; a mean makes a step the same for any batch size"
    )
    IN_THE_MODE_IT_CAME_IN = (
        "dropout and batch norm need training mode before the batches of every epoch"
    )
    GRADIENTS_CLEARED_TOO_LATE = (
        "is there a step after the gradient (and is it called, with parentheses?), and are "
        "gradients cleared before `backward` rather than after it?"
    )
    TWO_PASSES = "each batch goes through the model twice in training mode; one pass has its loss"
    MEAN_OF_BATCH_MEANS = "this is a mean of batch means; the last batch is smaller"
    PARTS_EXCHANGED = "training and validation scores have changed places"
    ONE_PART_TWICE = "this is the score of the other part; `evaluate` gets the same data twice"
    SCORES_EXCHANGED = "loss and accuracy have changed places"


_ON = f"a small model, 28 training samples, {EPOCHS} epochs"


def training_loop(loop: Callable[..., Any]) -> Passed:
    """Check ``loop(model, data, optimizer=, epochs=, batch_size=, seed=)`` against `fit`.

    The loop trains `model` in place and returns its `History`. It may leave out `batch_size`
    (then it is `fit`'s 50) and `seed` (0); with the same seed, `shuffled_batches` gives it the
    batches that `fit` has.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("training_loop") as check:
        known = inspect.signature(loop).parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
        options = {
            name: value
            for name, value in {"batch_size": BATCH, "seed": 3}.items()
            if takes_all or name in known
        }
        data = small_problem()
        expected, got = run_loop(fit, data, options), run_loop(loop, data, options)
        _trained(check, expected, got)
        _batches(check, expected, got, data)
        _weights(check, expected, got, data, options)
        _history(check, expected, got, data)
    return check.passed()


def _trained(check: Check, expected: Outcome, got: Outcome) -> None:
    seen = got.witness.trained
    check.that(
        bool(seen),
        "it trains in training mode",
        on=_ON,
        expected=f"{len(expected.witness.trained)} batches in training mode",
        got="none",
        hint=Mistake.IN_THE_MODE_IT_CAME_IN
        if got.witness.calls[False, True]
        else "no batch goes through the model that was passed in with gradients recorded",
    )
    still = all(torch.equal(v, got.weights[k]) for k, v in got.start.items())
    check.that(
        not still,
        "it changes the weights",
        on=_ON,
        expected="other weights than at the start",
        got="the weights it started with",
        hint=Mistake.GRADIENTS_CLEARED_TOO_LATE,
    )


def _batches(check: Check, expected: Outcome, got: Outcome, data: Dataset) -> None:
    want, seen = expected.witness.trained, got.witness.trained
    per_epoch = len(want) // EPOCHS
    check.that(
        seen == want,
        "each epoch meets every training sample once, in its own shuffled batches",
        on=f"{_ON}: the batches",
        expected=f"{len(want)} batches in all, of sizes {[len(b) for b in want[:per_epoch]]}",
        got=f"{len(seen)} batches in all, of sizes {[len(b) for b in seen[:per_epoch]]}",
        hint="after scoring, the model stays in evaluation mode; every epoch has to switch back"
        if seen == want[: len(seen)] and want[-1] in got.witness.calls[False, True]
        else _batch_hint(want, seen, per_epoch, data),
    )


def _batch_hint(want: list[list[int]], seen: list[list[int]], per_epoch: int, data: Dataset) -> str:
    ids = [int(i) for i in data.x_train[:, 0]]
    scored = [set(ids), {int(i) for i in data.x_val[:, 0]}]
    if [batch for batch in seen if set(batch) not in scored] == want:
        return "scores are taken in training mode, where dropout drops and batch norm moves"
    if not {i for batch in seen for i in batch} <= set(ids):
        return Mistake.ON_THE_VALIDATION_SET
    if all(len(batch) == len(ids) for batch in seen):
        return Mistake.THE_WHOLE_SET_AT_ONCE
    if [i for batch in seen[:per_epoch] for i in batch] == ids:
        return "the samples come in the order they are stored in; shuffle them in every epoch"
    if len(seen) == EPOCHS * (per_epoch - 1):
        return Mistake.WITHOUT_THE_LAST_BATCH
    if seen == want[:per_epoch] * EPOCHS:
        return "every epoch has the same batches; the shuffle is made once, or seeded again"
    if seen == [batch for batch in want for _ in range(2)]:
        return Mistake.TWO_PASSES
    few = seen == want[: len(seen)] or seen[: len(want)] == want
    if len(seen) != len(want) and len(seen) % per_epoch == 0 and few:
        return f"that is {len(seen) // per_epoch} epochs of training for epochs = {EPOCHS}"
    return "one pass in training mode for each batch of shuffled_batches, with the seed given"


def _weights(
    check: Check, expected: Outcome, got: Outcome, data: Dataset, options: dict[str, Any]
) -> None:
    last = "3.weight"
    wrong = {
        Mistake.GRADIENTS_NEVER_CLEARED: (gradients_kept),
        Mistake.SUM_OF_THE_BATCH: (summed),
    }
    check.close(
        "it ends with the weights that fit ends with",
        got.weights[last],
        expected.weights[last],
        on=f"{_ON}: weights of the last layer",
        hint="batches and start were the same, so the steps differ: print the loss of the first "
        "batch, then look at one step at a time",
        mistakes={
            text: run_loop(loop, data, options).weights[last] for text, loop in wrong.items()
        },
    )


def _history(check: Check, expected: Outcome, got: Outcome, data: Dataset) -> None:
    want, has = expected.returned, got.returned
    what = "it returns the History that fit returns"
    check.that(
        isinstance(has, History),
        what,
        on=_ON,
        expected="a History",
        got=has,
        hint="record the scores after every epoch, and return the record at the end"
        if has is None
        else "history.record(train_score, val_score) fills a History()",
    )
    check.that(
        not got.witness.calls[True, False],
        what,
        on=_ON,
        expected="scores in evaluation mode",
        got="a score in training mode",
        hint="scores are taken in training mode, where dropout drops and batch norm moves",
    )
    check.that(
        len(has.val_loss) == EPOCHS + 1,
        what,
        on=f"{_ON}: entries of val_loss",
        expected=EPOCHS + 1,
        got=len(has.val_loss),
        hint="entry 0 is missing: the scores of the untrained model"
        if len(has.val_loss) == EPOCHS
        else "one entry before training, and one after every epoch",
    )
    means = _means_of_batch_means(got.model, data)
    swapped = _near(has.train_loss, want.val_loss) and _near(has.val_loss, want.train_loss)
    for name in ("train_loss", "val_loss", "train_acc", "val_acc"):
        values: list[float] = getattr(has, name)
        other = name.replace("train", "val") if "train" in name else name.replace("val", "train")
        mistakes: dict[str, Any] = {
            Mistake.PARTS_EXCHANGED if swapped else Mistake.ONE_PART_TWICE: getattr(want, other),
            Mistake.SCORES_EXCHANGED: getattr(
                want, name.replace("loss", "acc") if "loss" in name else name.replace("acc", "loss")
            ),
        }
        if abs(values[-1] - means[name]) < 1e-6:
            mistakes[Mistake.MEAN_OF_BATCH_MEANS] = values
        check.close(
            what,
            values,
            getattr(want, name),
            on=f"{_ON}: {name}",
            hint="each entry is the mean over all samples, scored after the epoch is over and not "
            "while the weights still move",
            mistakes=mistakes,
        )


def _near(a: list[float], b: list[float]) -> bool:
    return bool(np.shape(a) == np.shape(b) and np.allclose(a, b))


def _means_of_batch_means(model: nn.Module, data: Dataset) -> dict[str, float]:
    means = {}
    for part, x, y in (("train", data.x_train, data.y_train), ("val", data.x_val, data.y_val)):
        batches = zip(x.split(BATCH), y.split(BATCH), strict=True)
        losses, accuracies = zip(*(evaluate(model, *batch) for batch in batches), strict=True)
        means[f"{part}_loss"] = sum(losses) / len(losses)
        means[f"{part}_acc"] = sum(accuracies) / len(accuracies)
    return means
