"""Lesson 05's panel about flips: what a mirrored digit looks like, and who is taken for whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from course_utils.augmentation import RandomFlip, compose
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, sweep_fleet
from course_utils.panels.augmenting.images import ImageRows, images_to_train_on, most_typical
from course_utils.panels.augmenting.shares import Shares
from course_utils.panels.runs import adam_run, classes_of
from course_utils.plots import COLORS, Part, PartsBoard, said_accuracy, said_gain
from course_utils.plots.style import FONT_SIZE

Array = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]

#: Which axes of an image each kind of flip turns over.
FLIPS: dict[str, tuple[int, ...]] = {
    "none": (),
    "horizontal": (-1,),
    "vertical": (-2,),
    "both": (-2, -1),
}
PAIRS = ((6, 9), (2, 5))
USUAL_EPOCHS, SEEDS = 30, 8


@dataclass(frozen=True, eq=False)
class Confusions:
    """Shares of the images of a class (row) read as another (column), [seeds, classes, classes]."""

    trained: Array  # a network trained with the flip, on images as they are
    plain: Array  # a network trained without, on flipped images


def flips(data: Dataset, pairs: Pairs = PAIRS, *, epochs: int = USUAL_EPOCHS) -> Sweep:
    """The panel: train with horizontal flips, vertical ones or both, and count confusions.

    Args:
        data: images with class labels.
        pairs: classes to watch, both ways; those that `data` does not have are left out.

    A flip turns each training image over with probability ½. The panel's `result` is a `Fleet`
    over `FLIPS`; `confusions` counts from it.
    """
    data = images_to_train_on(data)
    watched = [pair for pair in pairs if max(pair) < classes_of(data)] or [(0, 1)]
    both_ways = {f"{a} read as {b}": (a, b) for pair in watched for a, b in (pair, pair[::-1])}
    x, labels = most_typical(data, list(dict.fromkeys(a for a, _ in both_ways.values())))

    def by_pair(confusion: Array) -> dict[str, Array]:
        return {name: confusion[:, a, b] for name, (a, b) in both_ways.items()}

    def plain(at: At) -> tuple[dict[str, Array], None]:
        return by_pair(confusions(at.result, data, at.index).plain), None

    def trained(at: At) -> tuple[dict[str, Array], dict[str, Array]]:
        now, before = (confusions(at.result, data, i).trained for i in (at.index, 0))
        return by_pair(now), by_pair(before)

    def say(at: At) -> str:
        scores = at.scores("val_acc")
        text = f"flip {at.value}: validation accuracy {said_accuracy(scores[at.index])}"
        said = ", ".join(f"{name} {said_accuracy(s)}" for name, s in trained(at)[0].items())
        if at.index:
            text += f", {said_gain(scores[at.index], scores[0])} over none"
            asked = ", ".join(f"{name} {share.mean():.0%}" for name, share in plain(at)[0].items())
            said += f"; a network without flips, shown flipped images: {asked}"
        return f"{text}; {said}; {scores.shape[1]} paired seeds"

    rows, names = ("as it is", "flipped"), list(both_ways)
    parts = [
        ImageRows(data, rows, labels, lambda at: torch.cat([x, x.flip(FLIPS[at.value])])),
        Shares(names, plain, xlabel="share of such images, flipped",
               title="a network that never saw a flip"),
        _ConfusionMap(data, list(both_ways.values())),
        Shares(names, trained, xlabel="share of such images, as they are", xlim=(0.0, 0.3),
               title="trained with the flip (hollow: without)"),
    ]  # fmt: skip
    return sweep_fleet(
        lambda kind: _build(data, kind),
        data,
        PartsBoard(parts, rows=2, height=5.6, say=say),
        name="flip",
        values=choice(list(FLIPS), start="both"),
        epochs=epochs,
        seeds=SEEDS,
        title="Flips, and the digits they mix up",
    )


def train_flips(data: Dataset, *, epochs: int = USUAL_EPOCHS) -> Iterator[Fleet]:
    """The fleet over `FLIPS`, epoch by epoch."""
    return iter_fleet(
        lambda kind: _build(data, kind), data, values=list(FLIPS), seeds=SEEDS, epochs=epochs
    )


def _build(data: Dataset, kind: str) -> Run:
    run = adam_run(data, (64, 64), lr=5e-3)
    across, down = (0.5 * (axis in FLIPS[kind]) for axis in (-1, -2))
    run.augment = compose(RandomFlip(across), RandomFlip(down, vertical=True))
    return run


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
    classes = classes_of(data)
    said = model(x).argmax(1)
    counts = torch.bincount(y * classes + said, minlength=classes**2).reshape(classes, classes)
    return (counts / counts.sum(1, keepdim=True).clamp(min=1)).double().cpu().numpy()


class _ConfusionMap(Part):
    """Shares of each class (row) read as another (column); the diagonal is left out."""

    def __init__(self, data: Dataset, pairs: Pairs) -> None:
        super().__init__()
        self._data, self._pairs = data, pairs

    def draw(self, ax: Axes, at: At) -> None:
        classes = classes_of(self._data)
        self._image = self.moves(
            ax.imshow(np.zeros((classes, classes)), cmap="Greys", vmin=0, vmax=0.15,
                      interpolation="nearest")
        )  # fmt: skip
        ticks = range(0, classes, max(1, classes // 10))
        ax.set_xticks(ticks)
        ax.set_yticks(ticks)
        ax.tick_params(labelsize=FONT_SIZE - 1)
        ax.set_xlabel("read as (black: 15 % or more)", fontsize=FONT_SIZE)
        ax.set_ylabel("true class", fontsize=FONT_SIZE)
        ax.set_title("trained with the flip, shown images as they are", fontsize=FONT_SIZE + 1)
        for row, column in self._pairs:
            frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False)
            frame.set(edgecolor=COLORS[1], linewidth=1.6)
            self.moves(ax.add_patch(frame))

    def update(self, at: At) -> None:
        mean = confusions(at.result, self._data, at.index).trained.mean(axis=0)
        np.fill_diagonal(mean, 0.0)
        self._image.set_data(mean)
