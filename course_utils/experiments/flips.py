"""Networks trained with flipped images, and the classes that they confuse."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_utils.augmentation import RandomFlip, compose
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.runs import adam_run, classes_of
from course_utils.fleet import Fleet, Run, iter_fleet

Array = NDArray[np.float64]

#: Which axes of an image each kind of flip turns over.
FLIPS: dict[str, tuple[int, ...]] = {
    "none": (),
    "horizontal": (-1,),
    "vertical": (-2,),
    "both": (-2, -1),
}
EPOCHS, SEEDS = 30, 8


@dataclass(frozen=True, eq=False)
class Confusions:
    """Shares of the images of a class (row) read as another (column), [seeds, classes, classes]."""

    trained: Array  # a network trained with the flip, on images as they are
    plain: Array  # a network trained without, on flipped images


def train_flips(data: Dataset, *, epochs: int = EPOCHS) -> Iterator[Fleet]:
    """The fleet over `FLIPS`, epoch by epoch."""
    return iter_fleet(
        lambda kind: flipped_run(data, kind), data, values=list(FLIPS), seeds=SEEDS, epochs=epochs,
        score_at=range(0, epochs, 5),
    )  # fmt: skip


def flipped_run(data: Dataset, kind: str) -> Run:
    """A network that trains with one kind of flip, each axis with probability ½."""
    across, down = (0.5 * (axis in FLIPS[kind]) for axis in (-1, -2))
    flip = compose(RandomFlip(across), RandomFlip(down, vertical=True))
    return adam_run(data, (64, 64), lr=5e-3, augment=flip)


def confusions(fleet: Fleet, data: Dataset, index: int) -> Confusions:
    """Count the confusions of value number `index` of a fleet over `FLIPS`, per seed."""
    data = data.limit_validation()
    x, y = data.x_val, data.y_val
    flipped = x.flip(FLIPS[fleet.values[index]])
    seeds = range(len(fleet.seeds))
    return Confusions(
        np.array([_confusion(fleet.model(index, s), x, y, data) for s in seeds]),
        np.array([_confusion(fleet.model(0, s), flipped, y, data) for s in seeds]),
    )


def mixed_up_more(fleet: Fleet, data: Dataset, kind: str, a: int, b: int) -> Difference:
    """How much more often two classes are taken for each other after training with a flip.

    The share of images of `a` read as `b` and that of `b` read as `a`, their mean; networks of
    `fleet` that trained with flips of `kind` minus those that trained without, paired by seed.
    """

    def share(kind: str) -> Array:
        trained = confusions(fleet, data, fleet.values.index(kind)).trained
        return (trained[:, a, b] + trained[:, b, a]) / 2

    return paired_difference(share(kind), share("none"))


@torch.no_grad()
def _confusion(model: torch.nn.Module, x: Tensor, y: Tensor, data: Dataset) -> Array:
    classes = classes_of(data)
    predicted = model(x).argmax(1)
    counts = torch.bincount(y * classes + predicted, minlength=classes**2).reshape(classes, classes)
    return (counts / counts.sum(1, keepdim=True).clamp(min=1)).double().cpu().numpy()
