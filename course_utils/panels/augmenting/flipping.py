"""Lesson 05's panel about flips: what a mirrored digit looks like, and who is taken for whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from course_utils.augmentation import RandomFlip, compose
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, sweep
from course_utils.models import MLP
from course_utils.panels.augmenting.shares import Shares
from course_utils.panels.augmenting.transformed import (
    gray,
    images_to_train_on,
    label_columns,
    most_typical,
    pixel_limits,
)
from course_utils.plots import COLORS, Board, Mosaic, said_accuracy, said_gain
from course_utils.plots.style import FONT_SIZE

Array = NDArray[np.float64]

#: Which axes of an image each kind of flip turns over.
FLIPS: dict[str, tuple[int, ...]] = {
    "none": (),
    "horizontal": (-1,),
    "vertical": (-2,),
    "both": (-2, -1),
}
PAIRS = ((6, 9), (2, 5))
HIDDEN, LR, EPOCHS, SEEDS = 64, 5e-3, 30, 8


@dataclass(frozen=True, eq=False)
class Confusions:
    """Shares of the images of a class (row) read as another (column), [seeds, classes, classes]."""

    trained: Array  # a network trained with the flip, on images as they are
    plain: Array  # a network trained without, on flipped images


def flips(
    data: Dataset, pairs: Sequence[tuple[int, int]] = PAIRS, *, epochs: int = EPOCHS
) -> Sweep:
    """The panel: train with horizontal flips, vertical ones or both, and count confusions.

    Args:
        data: images with class labels.
        pairs: classes to watch, both ways; those that `data` does not have are left out.

    A flip turns each training image over with probability ½. The panel's `result` is a `Fleet`
    over `FLIPS`; `confusions` counts from it.
    """
    data = images_to_train_on(data)
    watched = [pair for pair in pairs if max(pair) < (data.num_classes or 1)] or [(0, 1)]

    return sweep(
        lambda: train_flips(data, epochs=epochs),
        FlipBoard(data, [both for a, b in watched for both in ((a, b), (b, a))]),
        name="flip",
        values=choice(list(FLIPS), start="both"),
        epochs=epochs,
        title="Flips, and the digits they mix up",
    )


def train_flips(data: Dataset, *, epochs: int = EPOCHS) -> Iterator[Fleet]:
    """The fleet over `FLIPS`, epoch by epoch."""

    def build(kind: str) -> Run:
        model = MLP(data.input_shape, (HIDDEN, HIDDEN), data.num_classes or 1)
        adam = torch.optim.Adam(model.parameters(), lr=LR)
        across, down = (0.5 * (axis in FLIPS[kind]) for axis in (-1, -2))
        return Run(
            model, adam, augment=compose(RandomFlip(across), RandomFlip(down, vertical=True))
        )

    return iter_fleet(build, data, values=list(FLIPS), seeds=SEEDS, epochs=epochs)


def confusions(fleet: Fleet, data: Dataset, index: int) -> Confusions:
    """Count, for each seed of a fleet over `FLIPS`, what value number `index` does."""
    data = data.scored_on()
    x, y = data.x_val, data.y_val
    flipped = x.flip(FLIPS[fleet.values[index]])
    seeds = range(len(fleet.seeds))
    return Confusions(
        np.array([_confusion(fleet.model(index, s), x, y, data) for s in seeds]),
        np.array([_confusion(fleet.model(0, s), flipped, y, data) for s in seeds]),
    )


@torch.no_grad()
def _confusion(model: torch.nn.Module, x: Tensor, y: Tensor, data: Dataset) -> Array:
    classes = data.num_classes or 1
    said = model(x).argmax(1)
    counts = torch.bincount(y * classes + said, minlength=classes**2).reshape(classes, classes)
    return (counts / counts.sum(1, keepdim=True).clamp(min=1)).double().cpu().numpy()


class ConfusionMap:
    """Shares of each class (row) read as another (column); the diagonal is left out."""

    def __init__(self, ax: Axes, classes: int, pairs: Sequence[tuple[int, int]]) -> None:
        self._image = ax.imshow(
            np.zeros((classes, classes)), cmap="Greys", vmin=0, vmax=0.15, interpolation="nearest"
        )
        ticks = range(0, classes, max(1, classes // 10))
        ax.set_xticks(ticks)
        ax.set_yticks(ticks)
        ax.tick_params(labelsize=FONT_SIZE - 1)
        ax.set_xlabel("read as (black: 15 % or more)", fontsize=FONT_SIZE)
        ax.set_ylabel("true class", fontsize=FONT_SIZE)
        frames = [Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False) for row, column in pairs]
        self._frames = [ax.add_patch(frame) for frame in frames]
        for frame in self._frames:
            frame.set(edgecolor=COLORS[1], linewidth=1.6)

    @property
    def artists(self) -> list[Artist]:
        """The image, and a frame around each pair of classes that is watched."""
        return [self._image, *self._frames]

    def update(self, confusion: Array) -> None:
        """Show `confusion` [seeds, classes, classes], averaged over the seeds."""
        mean = confusion.mean(axis=0)
        np.fill_diagonal(mean, 0.0)
        self._image.set_data(mean)


class FlipBoard(Board):
    """Above, flipped digits and what a plain network calls them; below, training with the flip."""

    def __init__(self, data: Dataset, pairs: Sequence[tuple[int, int]]) -> None:
        super().__init__(columns=2, rows=2, width=9.0, height=5.6)
        images, answers, matrix, shares = self.axes
        self.pairs = {f"{a} read as {b}": (a, b) for a, b in pairs}
        self._data = data
        self._x, labels = most_typical(data, list(dict.fromkeys(a for a, _ in pairs)))
        self.images = self.add(Mosaic(images, 2, len(labels), limits=pixel_limits(data)))
        height, width = data.input_shape[-2:]
        label_columns(images, list(map(str, labels)), width)
        images.set_yticks(
            [height / 2, 1.5 * height + 1], ["as it is", "flipped"], fontsize=FONT_SIZE
        )
        self.answers = self.add(
            Shares(answers, list(self.pairs), xlabel="share of such images, flipped")
        )
        answers.set_title("a network that never saw a flip", fontsize=FONT_SIZE + 1)
        self.matrix = self.add(ConfusionMap(matrix, data.num_classes or 1, pairs))
        matrix.set_title("trained with the flip, shown images as they are", fontsize=FONT_SIZE + 1)
        self.shares = self.add(
            Shares(shares, list(self.pairs), xlabel="share of such images, as they are",
                   xlim=(0.0, 0.3))
        )  # fmt: skip
        shares.set_title("trained with the flip (hollow: without)", fontsize=FONT_SIZE + 1)

    def update(self, at: At) -> None:
        """Show one kind of flip."""
        flipped = self._x.flip(FLIPS[at.value])
        self.images.update(gray(torch.cat([self._x, flipped])))
        found = confusions(at.result, self._data, at.index)
        before = confusions(at.result, self._data, 0)
        self.answers.update(self._by_pair(found.plain))
        self.matrix.update(found.trained)
        self.shares.update(self._by_pair(found.trained), self._by_pair(before.trained))

    def _by_pair(self, confusion: Array) -> dict[str, Array]:
        return {name: confusion[:, a, b] for name, (a, b) in self.pairs.items()}

    def describe(self, at: At) -> str:
        """Accuracy, and the watched confusions of both networks."""
        fleet: Fleet = at.result
        scores = fleet.val_acc[..., fleet.epoch]
        found = confusions(fleet, self._data, at.index)
        text = f"flip {at.value}: validation accuracy {said_accuracy(scores[at.index])}"
        if at.index:
            text += f", {said_gain(scores[at.index], scores[0])} over none"
        trained = ", ".join(
            f"{name} {said_accuracy(share)}" for name, share in self._by_pair(found.trained).items()
        )
        plain = ", ".join(
            f"{name} {share.mean():.0%}" for name, share in self._by_pair(found.plain).items()
        )
        if at.index:
            trained += f"; a network without flips, shown flipped images: {plain}"
        return f"{text}; {trained}; {len(fleet.seeds)} paired seeds"
