"""One small run, by `fit` or as a fleet, and what its error says: for tests of argument checks."""

import pytest
import torch

from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.training import fit


def mlp(num_classes=10):
    torch.manual_seed(0)
    return MLP(64, (8,), num_classes)


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def run_fit(data, model=None, optimizer=None, epochs=1, **options):
    model = mlp() if model is None else model
    return fit(model, data, epochs=epochs, optimizer=optimizer or sgd(model), **options)


def run_fleet(
    data, model=mlp, optimizer=None, epochs=1, values=(0,), seeds=1, batch_size=50, **run
):
    def build(value):
        own = model()
        return Run(own, optimizer or sgd(own), **run)

    return train_fleet(
        build,
        data,
        values=values,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        progress=False,
    )


def refuses(call, *parts, error=ValueError):
    """`call` raises `error`, whose message has every one of `parts`."""
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


both = pytest.mark.parametrize("run", [run_fit, run_fleet], ids=["fit", "fleet"])
