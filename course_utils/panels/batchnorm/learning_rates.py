"""How far the learning rate may go, with batch norm and without."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels.batchnorm.compared import RUNS, LossCurves, Series
from course_utils.panels.runs import classes_of
from course_utils.plots import (
    Board,
    ValueAxis,
    format_value,
    said_accuracy,
    said_gain,
)
from course_utils.plots.style import FONT_SIZE

LRS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
DEPTHS = (2, 4)
WORKS = 0.7  # of the best mean accuracy in the panel: from there on a rate is said to work


def learning_rate(
    data: Dataset,
    norm: LayerOfWidth = nn.BatchNorm1d,
    lrs: Sequence[float] = LRS,
    *,
    width: int = 32,
    epochs: int = 15,
    batch_size: int = 100,
    seeds: int = 8,
) -> Sweep:
    """The slider is the learning rate: how far it may go, with batch norm and without.

    Args:
        data: images or points with class labels.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        lrs: learning rates, rising.
        width: units in each hidden layer.

    The panel's `result` is a `Fleet`, whose values are first all of `lrs` with batch norm, then all
    of them without; `workable` reads it.
    """
    classes = classes_of(data)

    def train(optimizer: str, depth: int) -> Iterator[Fleet]:
        def build(value: tuple[LayerOfWidth | None, float]) -> Run:
            layer, lr = value
            model = MLP(data.input_shape, (width,) * depth, classes, norm_layer=layer)
            return Run(model, OPTIMIZERS[optimizer](model.parameters(), lr=lr))

        return iter_fleet(
            build,
            data.scored_on(),
            values=[(layer, lr) for layer in (norm, None) for lr in lrs],
            seeds=seeds,
            epochs=epochs,
            batch_size=batch_size,
        )

    return sweep(
        train,
        _RateBoard(lrs, epochs),
        name="lr",
        values=slider(lrs, label="learning rate", start=1 if 1 in lrs else None),
        controls={
            "optimizer": choice(list(OPTIMIZERS)),
            "depth": choice(DEPTHS, label="hidden layers"),
        },
        epochs=epochs,
        title="How far the learning rate may go",
    )


def last_accuracies(fleet: Fleet) -> np.ndarray:
    """Of `learning_rate`'s fleet: validation accuracy now, [runs, lrs, seeds]; 0 if diverged."""
    now = np.nan_to_num(fleet.val_acc[:, :, fleet.epoch])
    return now.reshape(len(RUNS), -1, now.shape[1])


def workable(fleet: Fleet) -> tuple[list[float], list[float]]:
    """The rates that work with batch norm, and those that work without.

    A rate works if its mean accuracy is at least `WORKS` of the best in `learning_rate`'s fleet.
    """
    mean = last_accuracies(fleet).mean(axis=2)
    lrs = [lr for _, lr in fleet.values[: mean.shape[1]]]
    with_it, without = (
        [lr for lr, acc in zip(lrs, run, strict=True) if acc >= WORKS * mean.max()] for run in mean
    )
    return with_it, without


class _RateBoard(Board):
    """Loss over epochs at one learning rate; accuracy after the last epoch against all."""

    def __init__(self, lrs: Sequence[float], epochs: int) -> None:
        super().__init__(columns=2, width=9.0, height=3.4)
        loss, accuracy = self.axes
        self.loss = self.add(LossCurves(loss, top=3.0))
        loss.set_xlim(0, epochs)
        loss.set_xlabel("epoch", fontsize=FONT_SIZE)
        self.accuracy = self.add(Series(accuracy))
        self._places = ValueAxis(lrs)
        self._places.apply(accuracy, "learning rate")
        accuracy.set_ylim(0, 1.02)
        accuracy.set_ylabel("validation accuracy at the end", fontsize=FONT_SIZE)

    def update(self, at: At) -> None:
        fleet: Fleet = at.result
        here = [at.index, at.index + len(at.values)]
        x = np.arange(fleet.epochs + 1)
        self.loss.update(x, fleet.train_loss[here], fleet.val_loss[here])
        for name, samples in zip(RUNS, last_accuracies(fleet), strict=True):
            self.accuracy.update(name, self._places.positions, samples)
        self.accuracy.mark(self._places.position(at.index))

    def describe(self, at: At) -> str:
        fleet: Fleet = at.result
        with_it, without = last_accuracies(fleet)[:, at.index]
        settings = at.settings
        works = [
            f"{name} {', '.join(map(format_value, rates)) or 'none'}"
            for name, rates in zip(RUNS, workable(fleet), strict=True)
        ]
        return (
            f"{settings['optimizer']}, {settings['depth']} hidden layers, learning rate "
            f"{format_value(at.value)}: validation accuracy {said_accuracy(with_it)} with batch "
            f"norm, {said_accuracy(without)} without, a difference of "
            f"{said_gain(with_it, without)}, {len(fleet.seeds)} paired seeds; rates that work: "
            f"{'; '.join(works)}"
        )
