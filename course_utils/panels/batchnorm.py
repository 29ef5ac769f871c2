"""Lesson 04: how far the learning rate may go, and the still picture of the idea.

The lesson's other two panels live in modules of their own: `layer_inputs` looks at what arrives at
each unit, `batch_statistics` at what the batch size does. The lesson finds all three here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels.batch_statistics import batch_size
from course_utils.panels.compared import RUNS, LossCurves, Series
from course_utils.panels.layer_inputs import activations
from course_utils.panels.requirements import classes_of
from course_utils.plots import (
    Board,
    ValueAxis,
    color,
    format_value,
    marker,
    new_figure,
    said_accuracy,
    said_gain,
    show,
    tidy,
)
from course_utils.plots.style import FONT_SIZE, NEUTRAL

__all__ = ["activations", "batch_size", "last_accuracies", "learning_rate", "show_idea", "workable"]

LRS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
DEPTHS = (2, 4)
MOST_SCORED = 1000  # validation samples that are scored
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
    kept = replace(data, x_val=data.x_val[:MOST_SCORED], y_val=data.y_val[:MOST_SCORED])

    def train(optimizer: str, depth: int) -> Iterator[Fleet]:
        def build(value: tuple[LayerOfWidth | None, float]) -> Run:
            layer, lr = value
            model = MLP(data.input_shape, (width,) * depth, classes, norm_layer=layer)
            return Run(model, OPTIMIZERS[optimizer](model.parameters(), lr=lr))

        return iter_fleet(
            build,
            kept,
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


def show_idea(norm: Callable[[int], nn.Module], batch: int = 40) -> None:
    """Draw what ``norm(3)`` does to a batch: three units, and a dot for each sample.

    Left what comes in, in the middle after a new layer, right with scales and shifts that are no
    longer 1 and 0.
    """
    draws = torch.Generator().manual_seed(0)
    means, stds = torch.tensor([-3.0, 0.0, 5.0]), torch.tensor([0.2, 1.0, 2.0])
    x = means + stds * torch.randn(batch, 3, generator=draws)
    layer = norm(3).train()
    normalized = layer(x).detach()
    scale, shift = layer.parameters()
    with torch.no_grad():
        scale.copy_(torch.tensor([0.5, 1.0, 2.0]))
        shift.copy_(torch.tensor([-2.0, 0.0, 3.0]))
    learned = layer(x).detach()
    figure, axes = new_figure(columns=3, width=9.0, height=2.4)
    titles = ("what comes in", "normalized", "then scaled and shifted")
    for ax, values, title in zip(axes, (x, normalized, learned), titles, strict=True):
        _strips(ax, values, title)
    middle, spread = normalized.mean(0).abs().max(), normalized.std(0, correction=0)
    show(
        figure,
        f"Three units in a batch of {batch}: they come in around {_listed(x.mean(0))}, spread by "
        f"{_listed(x.std(0, correction=0))}. Normalized, each has a mean of {middle:.1f} and "
        f"a spread of {spread.mean():.1f}. With scales 0.5, 1, 2 and shifts -2, 0, 3 learned, "
        f"they lie around {_listed(learned.mean(0))}, spread by "
        f"{_listed(learned.std(0, correction=0))}.",
    )


def _strips(ax: Axes, values: Tensor, title: str) -> None:
    tidy(ax)
    rows = values.shape[1]
    for unit in range(rows):
        height = np.random.default_rng(unit).uniform(-0.25, 0.25, len(values)) + rows - 1 - unit
        ax.plot(
            values[:, unit], height, marker(unit), color=color(unit), markersize=4, alpha=0.6,
            markeredgewidth=0,
        )  # fmt: skip
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    ax.set(xlim=(-10, 10), ylim=(-0.6, rows - 0.4))
    ax.set_yticks(range(rows), [f"unit {rows - i}" for i in range(rows)], fontsize=FONT_SIZE)
    ax.set_title(title, fontsize=FONT_SIZE + 1)


def _listed(numbers: Tensor) -> str:
    return ", ".join(f"{number:.1f}" for number in numbers.tolist())
