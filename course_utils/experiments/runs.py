"""The networks that panels and experiments train, and checks of the data that they are given."""

from collections.abc import Sequence
from typing import Any

import torch

from course_utils.augmentation import Augment
from course_utils.data import Dataset
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.training import Penalty


def adam_run(
    data: Dataset, hidden_sizes: Sequence[int], *, lr: float, penalty: Penalty | None = None,
    augment: Augment | None = None, **options: Any,
) -> Run:  # fmt: skip
    """An `MLP` for `data`, with its `options`, and Adam."""
    model = MLP(data.input_shape, hidden_sizes, classes_of(data), **options)
    adam = torch.optim.Adam(model.parameters(), lr=lr)
    return Run(model, adam, penalty=penalty, augment=augment)


def classes_of(data: Dataset) -> int:
    """The number of classes; raises ValueError for a regression data set, which has none."""
    if data.num_classes is None:
        raise ValueError(
            f"this panel needs class labels, got the regression data set {data.name!r}; "
            'pass e.g. load_dataset("digits", n_train=500)'
        )
    return data.num_classes


def labeled(data: Dataset) -> Dataset:
    """`data` with as many validation samples as a panel has time for; an error for a regression."""
    classes_of(data)
    return data.limit_validation()


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
