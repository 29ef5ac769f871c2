"""Label noise that is memorized, and more data against more width."""

from collections.abc import Iterator, Sequence

import torch

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP
from course_utils.panels.requirements import classes_of
from course_utils.plots import (
    Board,
    Curves,
    Metric,
    best_epoch,
    said_accuracy,
    said_gain,
    said_number,
)

NOISES = (0.0, 0.1, 0.2, 0.4, 0.6, 1.0)
SIZES = (25, 50, 100, 200, 400, 800)
WIDTHS = (4, 16, 64)


def memorize(
    data: Dataset,
    noises: Sequence[float] = NOISES,
    *,
    width: int = 64,
    lr: float = 8e-3,
    epochs: int = 80,
    seeds: int = 8,
) -> Sweep:
    """Label noise, from none to labels that are all chance: what training and validation do.

    Args:
        data: training labels are redrawn from its true ones, each seed its own draw.
        noises: the slider's values, each the share of labels redrawn uniformly from all classes.
        width: units in each of the two hidden layers.

    The panel's `result` is a `Fleet` over `noises`.
    """
    classes, data = classes_of(data), data.scored_on()

    def train() -> Iterator[Fleet]:
        return iter_fleet(
            lambda noise: _run(data, classes, width, lr),
            lambda noise, seed: data.with_label_noise(noise, seed),
            values=noises,
            seeds=seeds,
            epochs=epochs,
        )

    return sweep(
        train,
        _MemorizeBoard(noises, epochs),
        name="label noise",
        values=slider(noises, start=0.2 if 0.2 in noises else None),
        epochs=epochs,
        title="How a network memorizes label noise",
    )


def data_and_width(
    data: Dataset,
    sizes: Sequence[int] = SIZES,
    widths: Sequence[int] = WIDTHS,
    *,
    lr: float = 1e-2,
    epochs: int = 40,
    seeds: int = 8,
) -> Sweep:
    """Learning curves: the slider is the number of training samples, the buttons are the width.

    Args:
        data: has at least as many training samples as the largest of `sizes`; each seed draws its
            own subset, and the smaller subsets lie in the larger ones.
        sizes: numbers of training samples.
        widths: units in each of the two hidden layers; the last one is shown first.

    The panel's `result` is a `Fleet` over `sizes`.
    """
    classes, data = classes_of(data), data.scored_on()

    def train(**settings: float) -> Iterator[Fleet]:
        width, noise = int(settings["width"]), settings["label noise"]
        return iter_fleet(
            lambda size: _run(data, classes, width, lr),
            lambda size, seed: data.subset(size, seed).with_label_noise(noise, seed),
            values=sizes,
            seeds=seeds,
            epochs=epochs,
        )

    return sweep(
        train,
        _DataBoard(sizes, epochs),
        name="training samples",
        values=slider(sizes, start=sizes[len(sizes) // 2]),
        controls={
            "width": choice(widths, start=widths[-1]),
            "label noise": choice((0.0, 0.2), start=0.2),
        },
        epochs=epochs,
        title="More data against more width",
    )


def _run(data: Dataset, classes: int, width: int, lr: float) -> Run:
    model = MLP(data.input_shape, (width, width), classes)
    return Run(model, torch.optim.Adam(model.parameters(), lr=lr))


class _MemorizeBoard(Board):
    """Accuracy and loss over the epochs at one noise; final accuracies against the noise."""

    def __init__(self, noises: Sequence[float], epochs: int) -> None:
        super().__init__(columns=3, height=3.1)
        self.acc = self.add(Curves(self.axes[0], epochs, ylim=(0, 1.02), quantity="accuracy"))
        self.loss = self.add(Curves(self.axes[1], epochs, ylim=(0, 4)))
        self.metric = self.add(
            Metric(
                self.axes[2], "label noise", noises, ylim=(0, 1.02),
                ylabel="accuracy after the last epoch", splits=("train", "val"),
            )
        )  # fmt: skip

    def update(self, at: At) -> None:
        fleet, i = at.result, at.index
        best = best_epoch(fleet.val_loss[i])
        self.acc.update(fleet.train_acc[i], fleet.val_acc[i], best)
        self.loss.update(fleet.train_loss[i], fleet.val_loss[i], best)
        now = fleet.epoch
        self.metric.update(i, train=fleet.train_acc[..., now], val=fleet.val_acc[..., now])

    def describe(self, at: At) -> str:
        fleet, i, now = at.result, at.index, at.result.epoch
        best = best_epoch(fleet.val_loss[i]) or 0
        return (
            f"label noise {at.value:g}, epoch {now}: training accuracy "
            f"{said_accuracy(fleet.train_acc[i, :, now])}, validation accuracy "
            f"{said_accuracy(fleet.val_acc[i, :, now])}, "
            f"{said_gain(fleet.val_acc[i, :, now], fleet.val_acc[i, :, best])} since epoch {best}, "
            f"where the validation loss is lowest; {len(fleet.seeds)} paired seeds"
        )


class _DataBoard(Board):
    """Accuracy over the epochs at one size; final accuracies and gaps against the size."""

    def __init__(self, sizes: Sequence[int], epochs: int) -> None:
        super().__init__(columns=3, height=3.1)
        self.acc = self.add(Curves(self.axes[0], epochs, ylim=(0, 1.02), quantity="accuracy"))
        self.metric = self.add(
            Metric(
                self.axes[1], "training samples", sizes, ylim=(0, 1.02),
                ylabel="accuracy after the last epoch", splits=("train", "val"),
            )
        )  # fmt: skip
        self.gap = self.add(
            Metric(
                self.axes[2], "training samples", sizes, ylim=(-0.5, 8),
                ylabel="generalization gap (loss)",
            )
        )  # fmt: skip

    def update(self, at: At) -> None:
        fleet, i, now = at.result, at.index, at.result.epoch
        best = best_epoch(fleet.val_loss[i])
        self.acc.update(fleet.train_acc[i], fleet.val_acc[i], best)
        self.metric.update(i, train=fleet.train_acc[..., now], val=fleet.val_acc[..., now])
        self.gap.update(i, val=fleet.val_loss[..., now] - fleet.train_loss[..., now])

    def describe(self, at: At) -> str:
        fleet, i, now = at.result, at.index, at.result.epoch
        gap = fleet.val_loss[i, :, now] - fleet.train_loss[i, :, now]
        text = (
            f"{at.value} training samples, width {at.settings['width']}, epoch {now}: training "
            f"accuracy {said_accuracy(fleet.train_acc[i, :, now])}, validation accuracy "
            f"{said_accuracy(fleet.val_acc[i, :, now])}, generalization gap {said_number(gap)}"
        )
        if i > 0:
            gain = said_gain(fleet.val_acc[i, :, now], fleet.val_acc[0, :, now])
            text += f"; validation accuracy {gain} over {at.values[0]} samples"
        return f"{text}; {len(fleet.seeds)} paired seeds"
