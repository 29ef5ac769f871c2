"""Lesson 04: what batch norm gives to training and to new data, what its batch costs, and mistakes.

Most claims read the same networks, which are trained once for each data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.claims.claim import Claim, Score
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels.batchnorm.batch_statistics import in_batches
from course_utils.panels.batchnorm.layer_inputs import in_mode
from course_utils.regularizers import BatchNorm1d

NOISE = 0.2
FEW, MANY = 2, 250  # samples in a batch
EPOCHS_OF = {FEW: 1, MANY: 60}


class Biased(BatchNorm1d):
    """Stores the variance that it normalizes with."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        before = self.running_var.clone()
        out = super().forward(x)
        with torch.no_grad():
            biased = x.var(0, correction=0)
            self.running_var.copy_(before + self.momentum * (biased - before))
        return out


def hasty(width: int) -> BatchNorm1d:
    """Batch norm whose momentum is meant as the optimizer's."""
    return BatchNorm1d(width, momentum=0.9)


@cache
def _fleet(
    data: Dataset,
    layers: tuple[LayerOfWidth | None, ...],
    noise: float = 0.0,
    epochs: int = 40,
    batch_size: int = 100,
    width: int = 64,
) -> Fleet:
    """Networks like the lesson's over `layers`."""

    def build(layer: LayerOfWidth | None) -> Run:
        model = MLP(data.input_shape, (width, width), data.num_classes or 1, norm_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    return train_fleet(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=layers,
        epochs=epochs,
        batch_size=batch_size,
        progress=False,
    )


def _clean(data: Dataset) -> Fleet:
    return _fleet(data, (None, BatchNorm1d, nn.LayerNorm))


def _noisy(data: Dataset) -> Fleet:
    return _fleet(data, (None, BatchNorm1d), NOISE)


def _by_size(data: Dataset, size: int) -> Fleet:
    """The panel's small networks, trained with batches of `size` for some hundred steps."""
    return _fleet(data, (None, BatchNorm1d), 0.0, EPOCHS_OF[size], size, 32)


def _mistaken(data: Dataset) -> Fleet:
    return _fleet(data, (BatchNorm1d, hasty, Biased), 0.0, 10, 10)


def minus_first(fleet: Fleet, place: int, score: Score = "val_acc", epoch: int = -1) -> Difference:
    """The score of layer number `place`, minus that of the first."""
    found = getattr(fleet, score)[:, :, epoch]
    return paired_difference(found[place], found[0])


def batch_over_layer(data: Dataset) -> Difference:
    """Validation accuracy with batch norm, minus that with layer norm, clean labels."""
    _, batch, layer = _clean(data).val_acc[:, :, -1]
    return paired_difference(batch, layer)


def best_epoch(data: Dataset) -> Difference:
    """The epoch of the lowest validation loss with batch norm, minus that without; noisy labels."""
    without, with_it = _noisy(data).val_loss.argmin(axis=2)
    return paired_difference(with_it.astype(float), without.astype(float))


def at_best_epoch(data: Dataset) -> Difference:
    """Validation accuracy at the epoch of the lowest validation loss; noisy labels."""
    fleet = _noisy(data)
    best = fleet.val_loss.argmin(axis=2)[..., None]
    without, with_it = np.take_along_axis(fleet.val_acc, best, axis=2)[..., 0]
    return paired_difference(with_it, without)


@cache
def _modes(data: Dataset, size: int) -> Any:
    """Accuracy in training mode, and how much the modes differ, [2, seeds]; batches of `size`."""
    fleet = _by_size(data, size)
    models = [fleet.model(1, seed) for seed in range(len(fleet.seeds))]
    return np.array([in_batches(model, data, size) for model in models]).T


def training_mode(data: Dataset) -> Difference:
    """Validation accuracy in training mode, minus that in evaluation mode; batches of 2."""
    accuracy, _ = _modes(data, FEW)
    return paired_difference(accuracy, _by_size(data, FEW).val_acc[1, :, -1])


def gap(data: Dataset) -> Difference:
    """How much the two modes' outputs differ with batches of 250, minus that with batches of 2."""
    return paired_difference(_modes(data, MANY)[1], _modes(data, FEW)[1])


def forgotten(data: Dataset, *, by_class: bool) -> Difference:
    """Accuracy in training mode, of all validation images at once or class by class, minus that in
    evaluation mode."""
    fleet = _clean(data)
    classes: Sequence[Any] = range(data.num_classes or 1) if by_class else [...]

    def accuracy(model: nn.Module) -> float:
        right = 0
        for c in classes:
            chosen = data.y_val == c if by_class else torch.ones_like(data.y_val, dtype=torch.bool)
            said = in_mode(model, data.x_val[chosen], training=True).argmax(1)
            right += int((said == data.y_val[chosen]).sum())
        return right / len(data.y_val)

    found = [accuracy(fleet.model(1, seed)) for seed in range(len(fleet.seeds))]
    return paired_difference(found, fleet.val_acc[1, :, -1])


@cache
def _rates(data: Dataset) -> dict[tuple[bool, float], Any]:
    """Validation accuracy [seeds] after 15 epochs of SGD: with batch norm or not, at each rate."""
    values = [(layer, lr) for layer in (None, BatchNorm1d) for lr in (0.03, 0.3, 3.0)]

    def build(value: tuple[LayerOfWidth | None, float]) -> Run:
        layer, lr = value
        model = MLP(data.input_shape, (32, 32), data.num_classes or 1, norm_layer=layer)
        return Run(model, torch.optim.SGD(model.parameters(), lr=lr))

    fleet = train_fleet(build, data, values=values, epochs=15, batch_size=100, progress=False)
    last = np.nan_to_num(fleet.val_acc[:, :, -1])  # diverged: nothing is right
    return {(layer is not None, lr): acc for (layer, lr), acc in zip(values, last, strict=True)}


def at_rate(data: Dataset, lr: float, against: float) -> Difference:
    """Accuracy with batch norm at one learning rate, minus that without at another."""
    rates = _rates(data)
    return paired_difference(rates[True, lr], rates[False, against])


def _claim(technique: str, sentence: str, compare: Any, expect: Any) -> Claim:
    return Claim(4, technique, sentence, compare, expect)


CLAIMS = [
    _claim(
        "batch norm, clean labels, 5 epochs",
        "After a few epochs the validation accuracy is higher with batch norm.",
        lambda data: minus_first(_clean(data), 1, epoch=5),
        "higher",
    ),
    _claim(
        "batch norm, clean labels",
        "With clean labels, batch norm does not lower the validation accuracy, at the end either.",
        lambda data: minus_first(_clean(data), 1),
        "not lower",
    ),
    _claim(
        "batch norm, clean labels, loss",
        "With clean labels, batch norm lowers the validation loss.",
        lambda data: minus_first(_clean(data), 1, "val_loss"),
        "lower",
    ),
    _claim(
        "layer norm, clean labels, loss",
        "Layer norm, which has no batch, lowers the validation loss as well.",
        lambda data: minus_first(_clean(data), 2, "val_loss"),
        "lower",
    ),
    _claim(
        "batch norm against layer norm",
        "Batch norm is no more accurate than layer norm.",
        batch_over_layer,
        "not higher",
    ),
    _claim(
        "batch norm, 20 % label noise",
        "With noisy labels, batch norm does not raise the validation accuracy.",
        lambda data: minus_first(_noisy(data), 1),
        "not higher",
    ),
    _claim(
        "batch norm, 20 % label noise, training",
        "With noisy labels, batch norm raises the training accuracy early: it memorizes sooner.",
        lambda data: minus_first(_noisy(data), 1, "train_acc", epoch=10),
        "higher",
    ),
    _claim(
        "batch norm, 20 % label noise, best epoch",
        "With noisy labels, the best epoch comes earlier with batch norm.",
        best_epoch,
        "lower",
    ),
    _claim(
        "batch norm, 20 % label noise, at the best epoch",
        "With noisy labels, batch norm is not more accurate at its best epoch either.",
        at_best_epoch,
        "not higher",
    ),
    _claim(
        "batch norm, batches of 2",
        "With batches of 2, batch norm lowers the validation accuracy.",
        lambda data: minus_first(_by_size(data, FEW), 1),
        "lower",
    ),
    _claim(
        "batch norm, batches of 250, loss",
        "With batches of 250, hardly any noise, batch norm still lowers the validation loss.",
        lambda data: minus_first(_by_size(data, MANY), 1, "val_loss"),
        "lower",
    ),
    _claim(
        "training mode, batches of 2",
        "With batches of 2, the accuracy is lower in training mode than in evaluation mode.",
        training_mode,
        "lower",
    ),
    _claim(
        "the modes' gap, batches of 250 against 2",
        "With larger batches the outputs of the two modes differ less.",
        gap,
        "lower",
    ),
    _claim(
        "batch norm, learning rate 0.03",
        "At a small learning rate, batch norm raises the accuracy.",
        lambda data: at_rate(data, 0.03, 0.03),
        "higher",
    ),
    _claim(
        "batch norm, learning rate 3",
        "At a learning rate that breaks the network without, batch norm raises the accuracy.",
        lambda data: at_rate(data, 3.0, 3.0),
        "higher",
    ),
    _claim(
        "batch norm at rate 3 against none at 0.3",
        "With batch norm, ten times the learning rate does not lower the accuracy.",
        lambda data: at_rate(data, 3.0, 0.3),
        "not lower",
    ),
    _claim(
        "mistake: training mode, shuffled",
        "Forgetting evaluation mode does not show in one large shuffled batch.",
        lambda data: forgotten(data, by_class=False),
        "not lower",
    ),
    _claim(
        "mistake: training mode, class by class",
        "Forgetting evaluation mode lowers the accuracy when batches hold one class each.",
        lambda data: forgotten(data, by_class=True),
        "lower",
    ),
    _claim(
        "mistake: momentum 0.9",
        "Batch norm's momentum taken for the optimizer's lowers the accuracy of small batches.",
        lambda data: minus_first(_mistaken(data), 1),
        "lower",
    ),
    _claim(
        "mistake: momentum 0.9, loss",
        "Batch norm's momentum taken for the optimizer's raises the loss of small batches.",
        lambda data: minus_first(_mistaken(data), 1, "val_loss"),
        "higher",
    ),
    _claim(
        "mistake: biased variance stored",
        "Storing the biased variance does not lower the accuracy.",
        lambda data: minus_first(_mistaken(data), 2),
        "not lower",
    ),
]
