"""Every panel that takes data, on a learner's own: other sizes, other classes, few samples.

The data are made here, small enough to train in a moment: blurred blobs of 12 x 9 pixels whose
place tells the class. What a panel shows is not looked at, so that few epochs will do.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from course_utils import panels
from course_utils.budget import set_training_share
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.live import Explore, Stream, Sweep
from course_utils.models import MLP
from course_utils.panels import (
    augmentation,
    dropout,
    early_stopping,
    overfitting,
    penalties,
    putting_it_together,
)
from course_utils.panels import batchnorm as normalization
from tests.lessons import SHARE

CLASSES = 5

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def panels_train_quickly_and_none_stays(closing: None) -> Iterator[None]:
    with set_training_share(SHARE):
        yield


@pytest.fixture(scope="module")
def blobs() -> Dataset:
    """150 training images [1, 12, 9] of 5 classes."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(300) % CLASSES
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(9.0), indexing="ij")
    down, right = 2 + 2 * y.float(), 2 + (y * 3 % CLASSES).float()
    away = (rows - down[:, None, None]) ** 2 + (columns - right[:, None, None]) ** 2
    x = (-away / 4).exp() + 0.3 * torch.rand(300, 12, 9, generator=generator)
    return Dataset.from_tensors(x[:, None].clamp(0, 1), y, name="blobs")


def trained(data: Dataset, *ps: float) -> Fleet:
    def build(p: float) -> Run:
        model = MLP(data.input_shape, (16, 16), CLASSES, dropout=p)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    return train_fleet(build, data, values=ps, seeds=3, epochs=5, progress=False)


PANELS: dict[str, Callable[[Dataset], Any]] = {
    "memorize": lambda data: overfitting.memorize(data, (0.0, 0.4)),
    "data_and_width": lambda data: overfitting.data_and_width(data, (25, 100), (4, 16)),
    "double_descent": lambda data: overfitting.double_descent(data, samples=(50, 100)),
    "lambda_sweep": penalties.lambda_sweep,
    "mask": lambda data: dropout.mask(data, torch.nn.Dropout),
    "p_sweep": lambda data: dropout.p_sweep(data, torch.nn.Dropout),
    "uncertainty": lambda data: dropout.uncertainty(data, trained(data, 0, 0.3)),
    "activations": lambda data: normalization.activations(data, torch.nn.BatchNorm1d),
    "batch_size": lambda data: normalization.batch_size(data, torch.nn.BatchNorm1d),
    "learning_rate": lambda data: normalization.learning_rate(data, torch.nn.BatchNorm1d),
    "gallery": lambda data: augmentation.gallery(data, {"plain": trained(data, 0)}),
    "strength": augmentation.strength,
    "flips": augmentation.flips,
    "patience": early_stopping.patience,
    "which_metric": early_stopping.which_metric,
    "search": putting_it_together.search,
}


def test_no_panel_that_takes_data_is_forgotten() -> None:
    found = set()
    for package in pkgutil.iter_modules(panels.__path__):
        module = importlib.import_module(f"{panels.__name__}.{package.name}")
        for name in getattr(module, "__all__", ()):
            signature = inspect.signature(getattr(module, name))
            returns_a_panel = signature.return_annotation in (Sweep, Explore, Stream)
            if returns_a_panel and "data" in signature.parameters:
                found.add(name)
    assert found == set(PANELS), "add it to PANELS, with data that it can work on"


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_works_on_a_learners_own_images(name: str, blobs: Dataset) -> None:
    panel = PANELS[name](blobs)
    panel.wait()
    first = panel.text
    assert first
    turner = next(control for control in panel.controls.values() if len(control.options) > 1)
    turner.index = (turner.index + 1) % len(turner.options)
    panel.wait()
    assert panel.text != first
    assert "nan" not in panel.text.lower()
