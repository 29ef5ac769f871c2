"""What a run does to the world outside: the data and the random states stay as they were."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from tests.fleets import DATA, assert_members_are_fits, compared, mlp, running, sgd, train

pytestmark = pytest.mark.usefixtures("float64")


IN_PLACE = "it changes its inputs in place, or what may be a copy or not"


class Standardizes(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        x = x.flatten(1)
        x -= 0.3
        x *= 1.5
        return self.linear(x)


def first(layer):
    return lambda: nn.Sequential(layer, nn.Flatten(), nn.Linear(16, 3))


CHANGES_ITS_INPUT = {
    "standardizes": (Standardizes, IN_PLACE),
    "relu": (first(nn.ReLU(inplace=True)), IN_PLACE),
    "dropout": (first(nn.Dropout(0.5, inplace=True)), None),
}


@pytest.mark.parametrize(("make", "why"), CHANGES_ITS_INPUT.values(), ids=CHANGES_ITS_INPUT.keys())
def test_the_users_data_stay_as_they_are(make, why):
    tensors = [DATA.x_train, DATA.x_val, DATA.y_train, DATA.y_val]
    before = [t.clone() for t in tensors]
    compared(running(make), [0], why)
    assert all(map(torch.equal, tensors, before))


def test_global_random_states_stay_as_they_are():
    def build(p):
        model = mlp(dropout=p)
        return Run(model, sgd(model), augment=lambda x: x + 0.1 * torch.randn_like(x))

    python, numpy, of_torch = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    fleet = train(build, [0.2, 0.5])
    assert_members_are_fits(fleet, build)
    torch.set_rng_state(of_torch)  # `alone` seeds
    train(build, [0.2, 0.5])
    assert torch.equal(torch.get_rng_state(), of_torch)
    assert random.getstate() == python
    now = np.random.get_state()  # noqa: NPY002
    assert all(map(np.array_equal, now, numpy))


LOSSES_THAT_WRITE = {
    "targets": lambda outputs, y: F.cross_entropy(outputs, y.clamp_(max=1)),
    "outputs": lambda outputs, y: F.cross_entropy(outputs.mul_(0.5), y),
}


@pytest.mark.parametrize("loss_fn", LOSSES_THAT_WRITE.values(), ids=LOSSES_THAT_WRITE.keys())
def test_a_loss_that_writes_into_its_arguments_leaves_the_data_alone(loss_fn):
    tensors = [DATA.y_train, DATA.y_val]
    before = [t.clone() for t in tensors]
    fleet = train(running(mlp), [0, 1], loss_fn=loss_fn)
    assert_members_are_fits(fleet, running(mlp), loss_fn=loss_fn)
    assert all(map(torch.equal, tensors, before))
