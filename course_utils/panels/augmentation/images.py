"""Images that lesson 05's panels show."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.data import Dataset
from course_utils.plots import FONT_SIZE, Images

MOST = 10  # classes shown


class ImageRows(Images):
    """Rows of the same images, each row changed in its own way, with names at the columns.

    Args:
        find: ``find(state)`` -> the images [rows * columns, channels, height, width].
        names, columns: of the rows and of the columns.
    """

    def __init__(
        self, find: Callable[[Any], Tensor], data: Dataset, names: Sequence[str],
        columns: Sequence[Any],
    ) -> None:  # fmt: skip
        super().__init__(find, len(names), len(columns), limits=pixel_limits(data))
        self._names, self._labels = names, [str(column) for column in columns]
        self._size = data.input_shape[-2:]

    def draw(self, ax: Axes, state: Any) -> None:
        """A mosaic without images."""
        super().draw(ax, state)
        (height, width), columns = self._size, range(len(self._labels))
        ax.set_xticks([i * (width + 1) + width / 2 - 0.5 for i in columns], self._labels)
        ax.set_yticks([i * (height + 1) + height / 2 for i in range(len(self._names))], self._names)
        ax.tick_params(length=0, labelsize=FONT_SIZE, top=True, labeltop=True, labelbottom=False)


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


def pixel_limits(data: Dataset) -> tuple[float, float]:
    """The darkest and the brightest pixel of the training images."""
    return float(data.x_train.min()), float(data.x_train.max())
