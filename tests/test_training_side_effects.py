"""`fit` leaves the world as it was: random states, sealed tests, optimizers."""

import copy
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.data import load_dataset
from course_utils.fast_paths import is_plain, use_foreach
from course_utils.random_streams import SeededDraws
from course_utils.regularizers import l2_penalty
from course_utils.training import (
    fit,
    shuffled_batches,
    train_epoch,
)
from tests.fits import Spy, equal, network, sgd, snapshot


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=130, label_noise=0.2)  # batches of 50, 50 and 30


def test_a_seed_decides_everything_and_the_global_state_nothing(data):
    def run(seed, world):
        torch.manual_seed(world)
        model = network(dropout=0.5)
        torch.manual_seed(world)
        state = torch.get_rng_state()
        history = fit(
            model,
            data,
            optimizer=sgd(model),
            epochs=2,
            seed=seed,
            augment=RandomShift(1),
            penalty=lambda m: (torch.rand(()) * 0.01) * l2_penalty(m),
        )
        assert torch.equal(torch.get_rng_state(), state)
        return history, snapshot(model)

    (first, weights), (again, same_weights) = run(0, 1), run(0, 2)
    assert first == again
    assert equal(weights, same_weights)
    other, _ = run(1, 1)
    assert other != first
    assert other.val_loss[0] == first.val_loss[0]  # the start is the caller's


def test_python_and_numpy_states_are_left_alone(data):
    random.seed(0)
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    model = network(dropout=0.5)
    fit(model, data, optimizer=sgd(model), epochs=1)
    assert random.getstate() == python_state
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_the_test_set_stays_sealed(data):
    model = network()
    fit(model, data, optimizer=sgd(model), epochs=1)
    assert data.test.opened_at is None


def test_dropout_meets_the_streams_draws(data):
    """A run alone draws what the fleet hands out: one stream for each seed."""
    model, masks = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), Spy(), nn.Linear(64, 10)), []
    fit(model, data, optimizer=sgd(model), epochs=1, seed=7)
    with SeededDraws(7):
        for batch in next(shuffled_batches(data.n_train, 50, 7)):
            masks.append(F.dropout(data.x_train[batch].flatten(1), 0.5))
    assert all(torch.equal(a, b) for a, b in zip(model[2].trained_on, masks, strict=True))


class NoisyLinear(nn.Linear):
    def forward(self, x):
        return super().forward(x) + 0.1 * torch.randn(self.out_features)


def hooked(model):
    model.layers[-1].register_forward_hook(lambda m, given, made: made + 0.1 * torch.rand(10))


def prepared(model):
    model.register_forward_pre_hook(lambda m, given: (given[0] + 0.1 * torch.rand(8),))


def replaced(model):
    forward = model.forward
    model.forward = lambda x: forward(x + 0.1 * torch.rand(1))


def swapped(model):
    model.layers[-1] = NoisyLinear(16, 10)


def noisy_loss(outputs, y):
    return F.cross_entropy(outputs + 0.1 * torch.randn(10), y)


DRAWS = {
    "a layer": (swapped, {}),
    "a hook": (hooked, {}),
    "a hook before": (prepared, {}),
    "another forward": (replaced, {}),
    "an augmentation": (lambda model: None, {"augment": lambda x: x + 0.1 * torch.rand(1)}),
    "a penalty": (
        lambda model: None,
        {"penalty": lambda m: 0.01 * torch.rand(()) * l2_penalty(m)},
    ),
    "a loss": (lambda model: None, {"loss_fn": noisy_loss}),
}


@pytest.mark.parametrize(("change", "options"), DRAWS.values(), ids=DRAWS.keys())
def test_wherever_a_run_draws_the_seed_decides(data, change, options):
    def run(world):
        model = network()
        change(model)
        torch.manual_seed(world)
        fit(model, data, optimizer=sgd(model), epochs=1, **options)
        return snapshot(model)

    assert equal(run(1), run(2))


@pytest.mark.parametrize("norm_layer", [None, nn.BatchNorm1d])
def test_a_plain_network_is_known_to_draw_nothing(norm_layer):
    assert is_plain(network(norm_layer=norm_layer))
    assert not is_plain(network(dropout=0.5, norm_layer=norm_layer))


CHOSEN = [{"foreach": False}, {"foreach": True}, {"fused": True}, {"differentiable": True}]


@pytest.mark.parametrize("options", CHOSEN, ids=str)
def test_how_an_optimizer_was_told_to_step_is_left_alone(options):
    optimizer = sgd(network(), **options)
    before = copy.deepcopy(optimizer.state_dict())
    with use_foreach(optimizer):
        assert optimizer.state_dict() == before


def test_on_other_devices_the_choice_is_left_to_pytorch():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(3, device="meta"))], lr=0.1)
    with use_foreach(optimizer):
        assert optimizer.param_groups[0]["foreach"] is None


def test_an_undecided_optimizer_is_undecided_again_after_an_error(data):
    model = network()
    optimizer = sgd(model)
    seen = []

    def loss_that_stops(logits, y):
        seen.append(optimizer.param_groups[0]["foreach"])
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        train_epoch(model, data, [torch.arange(9)], optimizer=optimizer, loss_fn=loss_that_stops)
    assert seen == [True]
    assert optimizer.param_groups[0]["foreach"] is None
