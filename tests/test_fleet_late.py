"""What shows late, or in scoring alone: each run of a fleet still equals `fit`."""

from math import inf, nan

import pytest
import torch
from torch import nn

from course_utils.fleet import Run, iter_fleet
from course_utils.training import evaluate
from tests.fleets import (
    BATCH,
    DATA,
    assert_members_are_fits,
    make_data,
    mlp,
    plain,
    running,
    sgd,
    train,
)

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning"),
]

# --- what happens under a condition -----------------------------------------------------------

SETTINGS = {"scale": 1.0}


class Switches(nn.Module):
    """A setting that all runs reach, and that large outputs switch late."""

    def __init__(self, threshold):
        super().__init__()
        self.net, self.threshold = mlp(), threshold

    def forward(self, x):
        outputs = self.net(x)
        if self.training and outputs.detach().abs().max() > self.threshold:
            SETTINGS["scale"] = 1.5
        return outputs * SETTINGS["scale"]


def switched_by_a_model(threshold):
    SETTINGS["scale"] = 1.0
    model = Switches(threshold)
    return Run(model, sgd(model))


class Slows(torch.optim.SGD):
    """It takes smaller steps, in all runs, once a gradient is small."""

    scale = 1.0

    def step(self):
        parameters = [p for group in self.param_groups for p in group["params"]]
        if torch.stack([p.grad.norm() for p in parameters]).max() < self.small:
            Slows.scale = 0.1
        for p in parameters:
            p.data -= self.defaults["lr"] * Slows.scale * p.grad


def switched_by_an_optimizer(small):
    Slows.scale = 1.0
    model = mlp()
    optimizer = Slows(model.parameters(), lr=0.5)
    optimizer.small = small
    return Run(model, optimizer)


@pytest.mark.parametrize(
    ("build", "values"),
    [(switched_by_a_model, [99.0, 0.6]), (switched_by_an_optimizer, [0.0, 0.3])],
)
def test_what_runs_share_and_change_late_changes_no_other_run(build, values):
    fleet = train(build, values, epochs=8)
    assert fleet.fallback is not None
    assert_members_are_fits(fleet, build)


def test_an_optimizer_that_begins_to_train_more():
    class Unfreezing(torch.optim.SGD):
        def step(self):
            super().step()
            if len(self.param_groups) == 1:
                self.add_param_group({"params": [self.extra]})

    def build(lr):
        model = mlp()
        first, *rest = model.parameters()
        optimizer = Unfreezing(rest, lr=lr)
        optimizer.extra = first
        return Run(model, optimizer)

    assert_members_are_fits(train(build, [0.1, 0.2]), build)


# --- scoring ----------------------------------------------------------------------------------


class CountsParts(nn.Module):
    """A buffer that each call changes, in evaluation as well."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)
        self.register_buffer("mean", torch.zeros(16))

    def forward(self, x):
        x = x.flatten(1)
        self.mean.mul_(0.9).add_(0.1 * x.mean(0))
        return self.linear(x - self.mean)


@pytest.mark.parametrize("n", [100, 1500, 3000])
def test_buffers_that_scoring_changes_once_for_each_part(n):
    data, build = make_data(n), running(CountsParts)
    assert_members_are_fits(train(build, [0, 1], data, seeds=8, epochs=1), build, data)


@pytest.mark.recorder
@pytest.mark.parametrize("scale", [nan, inf])
def test_a_run_that_starts_without_numbers_stops_no_other(scale):
    data = make_data(2600)

    def build(value):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3), nn.Softplus())
        with torch.no_grad():
            model[1].weight.mul_(value)
        return Run(model, sgd(model))

    fleet = train(build, [1.0, scale], data, seeds=1, epochs=1)
    assert fleet.fallback is None
    assert torch.isfinite(torch.as_tensor(fleet.val_loss[0])).all()
    evaluate(fleet.model(1, 0), data.x_val, data.y_val)


def test_epochs_may_go_on_where_gradients_are_off():
    epochs = iter_fleet(plain, DATA, values=[0, 1], seeds=2, epochs=3, batch_size=BATCH)
    next(epochs)
    with torch.no_grad():
        *_, fleet = epochs
    assert_members_are_fits(fleet, plain)


def test_a_model_that_trained_in_turn_is_as_it_was_after_each_epoch():
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.calls = mlp(), 0

        def forward(self, x):
            self.calls += self.training
            return self.net(x) * (1 + 0.1 * self.calls)

    build = running(Counts)
    for fleet in iter_fleet(build, DATA, values=[0], seeds=2, epochs=3, batch_size=BATCH):
        score = evaluate(fleet.model(0, 1), DATA.x_val, DATA.y_val)
        assert score.loss == pytest.approx(fleet.val_loss[0, 1, fleet.epoch], rel=1e-9)
