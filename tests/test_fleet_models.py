"""The models of five well-known tutorials, unchanged: through `fit`, and through the fleet."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Run, train_fleet
from course_utils.training import evaluate, fit
from tests.fleets import doubled

pytestmark = pytest.mark.usefixtures("float64")

EPOCHS = 3


def plain():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def with_dropout():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 64),
        nn.Dropout(0.5),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.Dropout(0.5),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def with_batch_norm():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


class WithoutBias(nn.Module):
    """Named layers, the last one without a bias."""

    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(784, 64)
        self.linear_2 = nn.Linear(64, 10, bias=False)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        return self.linear_2(torch.relu(self.linear_1(x)))


class RisingDropout(nn.Module):
    """Layers in a `ModuleList`, with more dropout the deeper they are."""

    def __init__(self):
        super().__init__()
        sizes = [784, 64, 48, 32]
        self.layers = nn.ModuleList([nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes)])
        self.dropouts = nn.ModuleList([nn.Dropout(p) for p in (0.2, 0.3, 0.4)])
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = x.flatten(start_dim=1)
        for layer, dropout in zip(self.layers, self.dropouts, strict=True):
            x = dropout(torch.relu(layer(x)))
        return self.out(x)


MODELS = [plain, with_dropout, with_batch_norm, WithoutBias, RisingDropout]


@pytest.fixture(scope="module")
def data():
    """Ten noisy patterns in the shape of MNIST: random, but there is something to learn."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(220) % 10
    patterns = torch.rand(10, 1, 28, 28, generator=generator)
    noise = torch.rand(220, 1, 28, 28, generator=generator)
    return doubled(Dataset.from_tensors((patterns[y] + noise) / 2, y, val_fraction=0.3))


@pytest.mark.parametrize("make", MODELS)
def test_a_tutorials_model_trains_unchanged(make, data):
    # SGD, for under Adam a bias before a batch norm follows rounding errors (see test_fleet).
    def build(lr):
        model = make()
        return Run(model, torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9))

    fleet = train_fleet(
        build, data, values=[0.02, 0.05], seeds=2, epochs=EPOCHS, batch_size=40, progress=False
    )
    assert fleet.fallback is None
    for v, lr in enumerate(fleet.values):
        for s, seed in enumerate(fleet.seeds):
            torch.manual_seed(seed)
            run = build(lr)
            history = fit(
                run.model, data, optimizer=run.optimizer, epochs=EPOCHS, batch_size=40, seed=seed
            )
            assert fleet.train_loss[v, s] == pytest.approx(history.train_loss, abs=1e-9)
            assert fleet.val_acc[v, s] == pytest.approx(history.val_acc)
            state = fleet.model(v, s).state_dict()
            for name, tensor in run.model.state_dict().items():
                assert torch.allclose(state[name].double(), tensor.double(), atol=1e-9), name
            score = evaluate(fleet.model(v, s), data.x_val, data.y_val)
            assert score.loss == pytest.approx(fleet.val_loss[v, s, -1], abs=1e-9)
    assert (fleet.train_loss[..., -1] < fleet.train_loss[..., 0]).all()  # it learns


@pytest.mark.parametrize("make", MODELS)
def test_under_adam_the_scores_agree_too(make, data):
    def build(lr):
        model = make()
        return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

    fleet = train_fleet(
        build, data, values=[1e-3], seeds=1, epochs=EPOCHS, batch_size=40, progress=False
    )
    torch.manual_seed(0)
    run = build(1e-3)
    history = fit(run.model, data, optimizer=run.optimizer, epochs=EPOCHS, batch_size=40)
    assert fleet.train_loss[0, 0] == pytest.approx(history.train_loss, abs=1e-9)
    assert fleet.val_loss[0, 0] == pytest.approx(history.val_loss, abs=1e-9)
