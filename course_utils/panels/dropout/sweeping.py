"""How much to drop, in wide networks and in narrow ones."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP
from course_utils.panels.runs import classes_of
from course_utils.plots import (
    Board,
    Curves,
    Metric,
    best_epoch,
    said_accuracy,
    sweep_text,
)
from course_utils.plots.style import NEUTRAL

PS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WIDTHS = (8, 64)
NOISES = (0.0, 0.2, 0.4)


def p_sweep(
    data: Dataset,
    layer: Callable[[float], nn.Module] = nn.Dropout,
    ps: Sequence[float] = PS,
    widths: Sequence[int] = WIDTHS,
    noises: Sequence[float] = NOISES,
    *,
    lr: float = 8e-3,
    epochs: int = 40,
    batch_size: int = 100,
    seeds: int = 8,
) -> Sweep:
    """The share p that is dropped, from nothing to nearly all, for wide and narrow networks.

    Args:
        data: each seed redraws the labels of its training set. Of a large validation set the first
            2,000 samples are scored.
        layer: ``layer(p)`` is the dropout layer that trains: the learner's own, or PyTorch's.
        ps: the slider's values, the first of them 0.
        widths: units in each of the two hidden layers; the last one is shown first.
        noises: shares of the training labels that are redrawn; 0.2 is shown first if it is there.

    The panel's `result` is a `Fleet` over `ps`.
    """
    classes = classes_of(data)
    if ps[0] != 0:
        raise ValueError(f"ps must begin with 0, which the others are compared with, got {ps[0]}")
    scored = data.scored_on()

    def train(width: int, noise: float) -> Iterator[Fleet]:
        def build(p: float) -> Run:
            model = MLP(data.input_shape, (width, width), classes, dropout=p, dropout_layer=layer)
            return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

        return iter_fleet(
            build,
            lambda _, seed: scored.with_label_noise(noise, seed),
            values=ps,
            seeds=seeds,
            epochs=epochs,
            batch_size=batch_size,
        )

    return sweep(
        train,
        _PBoard(ps, epochs, chance=1 / classes),
        name="p",
        values=slider(ps, start=0.5 if 0.5 in ps else None),
        controls={
            "width": choice(widths, label="units per layer", start=widths[-1]),
            "noise": choice(
                noises,
                label="label noise",
                start=0.2 if 0.2 in noises else None,
                say=lambda share: f"{share:.0%}",
            ),
        },
        epochs=epochs,
        title="How much to drop",
    )


class _PBoard(Board):
    """Loss curves at one p; accuracy, and its paired gain over p = 0, against p."""

    def __init__(self, ps: Sequence[float], epochs: int, chance: float) -> None:
        super().__init__(columns=3, height=3.1)
        loss, accuracy, gain = self.axes
        self.loss = self.add(Curves(loss, epochs, ylim=(0, 2.5)))
        self.accuracy = self.add(
            Metric(
                accuracy, "p", ps, ylim=(chance, 1.02),
                ylabel="accuracy after the last epoch", splits=("train", "val"),
            )
        )  # fmt: skip
        self.gain = self.add(
            Metric(gain, "p", ps, ylim=(-20, 20), ylabel="gain over p = 0, in points")
        )
        gain.axhline(0, color=NEUTRAL, linewidth=1)

    def update(self, at: At) -> None:
        fleet, i, now = at.result, at.index, at.result.epoch
        train, val = fleet.train_acc[..., now], fleet.val_acc[..., now]
        self.loss.update(fleet.train_loss[i], fleet.val_loss[i], best_epoch(fleet.val_loss[i]))
        self.accuracy.update(i, train=train, val=val)
        self.gain.update(i, val=100 * (val - val[0]))

    def describe(self, at: At) -> str:
        fleet, now = at.result, at.result.epoch
        said = sweep_text("p", at.values, at.index, fleet.val_acc[..., now])
        train = said_accuracy(fleet.train_acc[at.index, :, now])
        return f"{said}; training accuracy {train}"
