"""Images that lesson 05's panels show, and checks of the data that the panels are given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.data import Dataset
from course_utils.plots import Mosaic, Part
from course_utils.plots.style import FONT_SIZE

MOST = 10  # classes shown


@dataclass(eq=False)
class ImageRows(Part):
    """Rows of the same images, each row changed in its own way, with names at the columns.

    Args:
        rows: names of the rows.
        columns: names of the columns.
        find: ``find(state)`` -> the images [rows * columns, channels, height, width].
    """

    data: Dataset
    rows: Sequence[str]
    columns: Sequence[Any]
    find: Callable[[Any], Tensor]

    def draw(self, ax: Axes, state: Any) -> None:
        """A mosaic without images."""
        rows, columns = self.rows, self.columns
        self._mosaic = self.add(Mosaic(ax, len(rows), len(columns), limits=pixel_limits(self.data)))
        height, width = self.data.input_shape[-2:]
        ax.set_xticks(
            [i * (width + 1) + width / 2 - 0.5 for i in range(len(columns))], map(str, columns)
        )
        ax.tick_params(length=0, labelsize=FONT_SIZE, top=True, labeltop=True, labelbottom=False)
        ax.set_yticks(
            [i * (height + 1) + height / 2 for i in range(len(rows))], rows, fontsize=FONT_SIZE
        )

    def update(self, state: Any) -> None:
        """Show what `find` finds."""
        self._mosaic.update(gray(self.find(state)))


def most_typical(data: Dataset, classes: Sequence[int] | None = None) -> tuple[Tensor, list[int]]:
    """For each of `classes`, the validation image nearest to the class mean, and its label.

    Left out, the first `MOST` classes that the validation set has.
    """
    labels = data.y_val.unique().tolist()[:MOST] if classes is None else list(classes)
    found = []
    for label in labels:
        images = data.x_val[data.y_val == label]
        found.append(images[(images - images.mean(0)).flatten(1).norm(dim=1).argmin()])
    return torch.stack(found), labels


def gray(x: Tensor) -> Tensor:
    """Images [n, channels, height, width] as [n, height, width], channels averaged."""
    return x.mean(1).cpu()


def pixel_limits(data: Dataset) -> tuple[float, float]:
    """The darkest and the brightest pixel of the training images."""
    return float(data.x_train.min()), float(data.x_train.max())


def images_to_train_on(data: Dataset) -> Dataset:
    """`data` with few validation images; raises an error unless it has images with class labels."""
    require_images(data)
    return data.limit_validation()


def require_images(data: Dataset) -> None:
    """Refuse what no transform of images fits."""
    if data.num_classes is None or len(data.input_shape) != 3:
        raise ValueError(
            f"this panel needs images [channels, height, width] with class labels, got {data!r}; "
            'pass e.g. load_dataset("digits", n_train=500)'
        )
