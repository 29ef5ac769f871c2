"""All that `build` and `data` draw depends on the seed, and runs share no weights that train."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Run
from tests.fleets import DATA, assert_members_are_fits, by_rate, mlp, sgd, train
from tests.small_runs import refuses

pytestmark = pytest.mark.usefixtures("float64")

DRAWS = {
    "torch": lambda: torch.randn(16, 3),
    "numpy": lambda: torch.from_numpy(np.random.randn(16, 3)),  # noqa: NPY002
    "python": lambda: torch.tensor([[random.gauss(0, 1) for _ in range(3)] for _ in range(16)]),
}
of_draws = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())


class Weights(nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.weight = nn.Parameter(0.3 * draw())

    def forward(self, x):
        return x.flatten(1) @ self.weight


@of_draws
def test_runs_with_the_same_seed_start_from_the_same_weights(draw):
    build = by_rate(lambda: Weights(draw))
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    fleet = train(build, [0.1, 0.2, 0.3])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002
    assert fleet.fallback is None
    starts = fleet.train_loss[:, :, 0]
    assert starts == pytest.approx(np.broadcast_to(starts[0], starts.shape), rel=1e-12)
    assert starts[0, 0] != pytest.approx(starts[0, 1], rel=1e-6), "seeds differ"
    assert np.array_equal(train(build, [0.1, 0.2, 0.3]).train_loss, fleet.train_loss)


@of_draws
def test_runs_with_the_same_seed_meet_the_same_data(draw):
    def data(value, seed):
        noise = draw().sum(1).view(4, 4)
        x = DATA.x_train + 0.1 * noise
        return Dataset("noisy", x, DATA.y_train, DATA.x_val, DATA.y_val, DATA.test, 3)

    def build(lr):
        torch.randn(int(100 * lr))  # runs that draw another number of weights
        torch.manual_seed(0)
        model = mlp()
        return Run(model, sgd(model, lr))

    fleet = train(build, [0.1, 0.2], data)
    starts = fleet.train_loss[:, :, 0]
    assert starts[0] == pytest.approx(starts[1], rel=1e-12)
    assert starts[0, 0] != pytest.approx(starts[0, 1], rel=1e-6), "seeds differ"
    assert np.array_equal(train(build, [0.1, 0.2], data).train_loss, fleet.train_loss)


SHARED = nn.PReLU(dtype=torch.float64)


def with_shared(layer):
    def build(value):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), layer, nn.Linear(8, 3))
        return Run(model, sgd(model))

    return build


def test_weights_that_two_runs_would_train_are_refused():
    for values in ([0], [0, 1]):
        refuses(
            lambda values=values: train(with_shared(SHARED), values),
            "whose weights '2.weight' another run trains too",
            "inside build",
        )
    assert torch.equal(SHARED.weight, torch.tensor([0.25]))
    train(with_shared(SHARED), [0], seeds=1)


@pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning")
def test_frozen_weights_may_be_shared():
    layer = nn.Linear(8, 8).requires_grad_(False)
    build = with_shared(layer)
    assert_members_are_fits(train(build, [0, 1]), build)
