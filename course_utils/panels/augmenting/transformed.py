"""Lesson 05's panel to look: images as they are and transformed, and who can still read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from course_utils.augmentation import GaussianNoise, RandomAffine, compose
from course_utils.data import Dataset
from course_utils.fleet import Fleet
from course_utils.live import Explore, choice, explore, slider
from course_utils.noise import SeededDraws
from course_utils.panels.augmenting.shares import Shares
from course_utils.plots import Board, Mosaic, format_value, said_accuracy
from course_utils.plots.style import FONT_SIZE
from course_utils.training import evaluate

ANGLES = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180)
SHIFTS = (0.0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8)  # of the image's width
ZOOMS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
NOISES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
DRAWS = (1, 2, 3, 4, 5, 6)
MOST = 10  # classes shown
EACH = 3  # draws shown of each image
ASKED = 400  # validation images about which the networks are asked at each change


@dataclass(frozen=True, eq=False)
class Looked:
    """Images drawn `EACH` times [EACH * n, ...], and each network's accuracies [seeds] on such."""

    images: Tensor
    scores: dict[str, NDArray[np.float64]]
    said: str


def gallery(data: Dataset, fleets: Mapping[str, Fleet]) -> Explore:
    """The panel: turn, shift, zoom and blur with noise; the images beside, and what is read.

    Args:
        data: images with class labels; validation images are shown and scored.
        fleets: networks trained on such data, by name; of each fleet its first value is asked.

    The draws stay the same while a slider moves, so each image moves on smoothly.
    """
    require_images(data)
    width = data.input_shape[-1]
    typical, labels = most_typical(data)
    shown = typical.repeat(EACH, 1, 1, 1)
    x, y = data.x_val[:ASKED], data.y_val[:ASKED]

    networks = {
        name: [fleet.model(0, seed) for seed in range(len(fleet.seeds))]
        for name, fleet in fleets.items()
    }

    def accuracies(images: Tensor) -> dict[str, NDArray[np.float64]]:
        return {
            name: np.array([evaluate(network, images, y).acc for network in members])
            for name, members in networks.items()
        }

    def compute(angle: float, shift: float, zoom: float, noise: float, draw: int) -> Looked:
        affine = RandomAffine(degrees=angle, shift=shift, zoom=zoom)
        transform = compose(affine, GaussianNoise(noise))
        with SeededDraws(draw):
            images = transform(shown)
            scores = accuracies(transform(x))
        parts = {
            f"turned up to {angle:g}°": angle,
            f"shifted up to {shift:g} pixels": shift,
            f"zoomed up to {zoom:.0%}": zoom,
            f"noise of standard deviation {noise:g}": noise,
        }
        said = ", ".join(part for part, amount in parts.items() if amount) or "as they are"
        return Looked(images, scores, said)

    board = GalleryBoard(data, typical, labels, accuracies(x))
    return explore(
        compute,
        board,
        controls={
            "angle": slider(ANGLES, start=20, say=lambda v: f"up to {v}°"),
            "shift": slider(
                [share * width for share in SHIFTS],
                say=lambda v: f"up to {format_value(v)} pixels",
            ),
            "zoom": slider(ZOOMS, say=lambda v: f"up to {v:.0%}"),
            "noise": slider(NOISES),
            "draw": choice(DRAWS),
        },
        title="Which changes leave the label alone?",
    )


class GalleryBoard(Board):
    """Images as they are, the same in several draws, and the networks' accuracies."""

    def __init__(
        self,
        data: Dataset,
        typical: Tensor,
        labels: Sequence[int],
        unchanged: dict[str, NDArray[np.float64]],
    ) -> None:
        super().__init__(columns=2, width=9.6, height=2.7, widths=[1.9, 1.0])
        self.images = self.add(
            Mosaic(self.axes[0], 1 + EACH, len(labels), limits=pixel_limits(data))
        )
        height, width = data.input_shape[-2:]
        label_columns(self.axes[0], list(map(str, labels)), width)
        self.axes[0].set_yticks(
            [row * (height + 1) + height / 2 for row in range(1 + EACH)],
            ["as it is", *(f"{nth} draw" for nth in ("first", "second", "third"))],
            fontsize=FONT_SIZE,
        )
        self.scores = self.add(
            Shares(self.axes[1], list(unchanged), xlabel="accuracy (hollow: on unchanged images)")
        )
        self._typical, self._unchanged = typical, unchanged

    def update(self, state: Looked) -> None:
        """Show the images, and the accuracies beside those on images as they are."""
        self.images.update(gray(torch.cat([self._typical, state.images])))
        self.scores.update(state.scores, self._unchanged)

    def describe(self, state: Looked) -> str:
        """Every network's accuracy on images transformed like these."""
        parts = [
            f"{name} reads {said_accuracy(score)} right "
            f"({said_accuracy(self._unchanged[name])} of unchanged ones)"
            for name, score in state.scores.items()
        ]
        seeds = len(next(iter(state.scores.values())))
        return f"images {state.said}: {'; '.join(parts)}; {seeds} seeds"


def most_typical(data: Dataset, classes: Sequence[int] | None = None) -> tuple[Tensor, list[int]]:
    """For each of `classes` the validation image nearest to their mean, and its label.

    Left out, the first `MOST` classes that the validation set has.
    """
    labels = data.y_val.unique().tolist()[:MOST] if classes is None else list(classes)
    found = []
    for label in labels:
        images = data.x_val[data.y_val == label]
        found.append(images[(images - images.mean(0)).flatten(1).norm(dim=1).argmin()])
    return torch.stack(found), labels


def label_columns(ax: Axes, names: Sequence[str], width: int) -> None:
    """Write `names` above the columns of a mosaic of images `width` pixels wide."""
    ax.set_xticks([i * (width + 1) + width / 2 - 0.5 for i in range(len(names))], names)
    ax.tick_params(length=0, labelsize=FONT_SIZE, top=True, labeltop=True, labelbottom=False)


def gray(x: Tensor) -> Tensor:
    """Images [n, channels, height, width] as [n, height, width], channels averaged."""
    return x.mean(1).cpu()


def pixel_limits(data: Dataset) -> tuple[float, float]:
    """The darkest and the brightest pixel of the training images."""
    return float(data.x_train.min()), float(data.x_train.max())


def images_to_train_on(data: Dataset) -> Dataset:
    """`data` with few validation images; refuses what is no images."""
    require_images(data)
    return data.scored_on()


def require_images(data: Dataset) -> None:
    """Refuse data that no transform of images fits."""
    if data.num_classes is None or len(data.input_shape) != 3:
        raise ValueError(
            f"this panel needs images [channels, height, width] with class labels, got {data!r}; "
            'pass e.g. load_dataset("digits", n_train=500)'
        )
