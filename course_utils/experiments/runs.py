"""The networks that panels and experiments train, and checks of the data that they are given."""

from collections.abc import Sequence
from typing import Any

import torch

from course_utils.data import Dataset
from course_utils.fleet import Run
from course_utils.models import MLP


def adam_run(data: Dataset, hidden_sizes: Sequence[int], *, lr: float, **options: Any) -> Run:
    """An `MLP` for `data`, with its `options`, and Adam."""
    model = MLP(data.input_shape, hidden_sizes, classes_of(data), **options)
    return Run(model, torch.optim.Adam(model.parameters(), lr=lr))


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
