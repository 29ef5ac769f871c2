"""Losses and scores of the whole set in a fleet of any size, and what is refused."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset, polynomial
from course_utils.fleet import Run
from course_utils.training import evaluate, fit
from tests.fleets import (
    DATA,
    Hidden,
    assert_members_are_fits,
    compared,
    doubled,
    make_data,
    mlp,
    plain,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


# --- losses and scores ------------------------------------------------------------------------

MANY = make_data(700)
LOSSES = {
    "class weights": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 20.0]).double()),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "ignored": nn.CrossEntropyLoss(ignore_index=2),
    "root": lambda outputs, y: F.cross_entropy(outputs, y).sqrt(),
}


@pytest.mark.parametrize("seeds", [1, 3, 8])
@pytest.mark.parametrize("loss_fn", LOSSES.values(), ids=LOSSES.keys())
def test_how_many_are_scored_together_changes_no_score(loss_fn, seeds):
    compared(running(mlp, lr=0.003), [0], data=MANY, seeds=seeds, epochs=1, loss_fn=loss_fn)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


@pytest.mark.recorder
@pytest.mark.parametrize("seeds", [2, 9])
def test_the_root_of_a_mean_square(seeds):
    x = torch.randn(1500, 1, generator=torch.Generator().manual_seed(0))
    data = doubled(Dataset.from_tensors(x, x[:, 0] * x[:, 0].abs(), val_fraction=0.5))
    fleet = compared(
        running(Line),
        [0],
        data=data,
        seeds=seeds,
        epochs=1,
        loss_fn=lambda outputs, y: F.mse_loss(outputs, y).sqrt(),
    )
    outputs = fleet.model(0, 1)(data.x_val)
    expected = (outputs - data.y_val).square().mean().sqrt().item()
    assert fleet.val_loss[0, 1, -1] == pytest.approx(expected, abs=1e-12)


def without_statistics(n):
    return nn.BatchNorm1d(n, track_running_stats=False)


MIXES = {
    "batch norm": lambda: mlp(norm_layer=without_statistics),
    "mean": lambda: Hidden(lambda m, h: h - h.mean(0)),
}


@pytest.mark.parametrize("make", MIXES.values(), ids=MIXES.keys())
def test_scores_with_the_statistics_of_the_whole_set(make):
    compared(running(make), range(3), data=make_data(1500), seeds=5, epochs=1)


# --- what is refused --------------------------------------------------------------------------


def test_classification_loss_for_a_regression():
    data = doubled(polynomial(30))
    refusal = "F.cross_entropy needs class labels.*for a regression pass loss_fn=F.mse_loss"
    model = Line()
    with pytest.raises(ValueError, match=refusal):
        train(running(Line), [0], data)
    with pytest.raises(ValueError, match=refusal):
        fit(model, data, optimizer=sgd(model), epochs=1)
    with pytest.raises(ValueError, match=refusal):
        evaluate(model, data.x_val, data.y_val)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, x):
        return self.net(x), None


class FromScratch:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= self.lr * p.grad

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def optimized_by(kind):
    def build(lr):
        model = mlp()
        return Run(model, kind(model.parameters(), lr=lr))

    return build


REFUSED = {
    "tuple": (running(Pair), {}, TypeError, "must return one tensor, got a tuple of 2"),
    "LBFGS": (optimized_by(torch.optim.LBFGS), {}, TypeError, r"LBFGS, whose step\(\) needs"),
    "one by one": (
        plain,
        {"loss_fn": nn.CrossEntropyLoss(reduction="none")},
        TypeError,
        r'must return a scalar tensor, got shape \(\d+,\).*reduction="mean"',
    ),
    "one left": (
        running(lambda: mlp(norm_layer=nn.BatchNorm1d)),
        {"data": DATA.subset(17)},
        ValueError,
        "must have at least 2 samples.*use batch_size=",
    ),
}


@pytest.mark.parametrize(
    ("build", "options", "error", "words"), REFUSED.values(), ids=REFUSED.keys()
)
def test_what_fit_refuses_the_fleet_refuses(build, options, error, words):
    with pytest.raises(error, match=words):
        train(build, [0.1], **options)


@pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning")
def test_an_optimizer_with_a_schedule_attached_trains():
    def build(lr):
        model = mlp()
        optimizer = sgd(model, lr)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
        optimizer.register_step_post_hook(lambda *_: schedule.step())
        return Run(model, optimizer)

    fleet = train(build, [0.1, 0.3])
    assert_members_are_fits(fleet, build)


def test_an_optimizer_from_scratch_trains_alone():
    compared(optimized_by(FromScratch), [0.1, 0.3], "its optimizer is not one of PyTorch's kind")


def test_the_number_of_seeds_may_be_numpys():
    assert train(plain, [0], seeds=np.int64(2)).seeds == [0, 1]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_noise_written_into_a_tensor_of_ones_own_obeys_the_seed(strength):
    def build(_):
        torch.manual_seed(0)  # the same weights for both seeds
        model, noise = mlp(), torch.zeros(16, 1, 4, 4)

        def augment(x):
            return x + strength * torch.randn(x.shape, out=noise[: len(x)])

        return Run(model, sgd(model), augment=augment)

    data = DATA.subset(16)  # in one batch, so that the noise alone differs
    fleet = compared(
        build,
        [0],
        "cannot be drawn for several runs at once|`noise` changes from step to step",
        data=data,
    )
    first, second = fleet.train_loss[0, :, -1]
    assert math.isclose(first, second, abs_tol=1e-6) == (strength == 0)
