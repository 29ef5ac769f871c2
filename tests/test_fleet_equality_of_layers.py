"""Dropout and normalization in a fleet, whoever wrote the layers: equal to `fit`."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import BatchNorm1d, Dropout
from tests.fleets import (
    Replacing,
    assert_members_are_fits,
    assert_values_matter,
    by_rate,
    mlp,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


# --- dropout, whoever wrote it ----------------------------------------------------------------


class Branching(nn.Module):
    """A learner's dropout that takes a short way at p = 0."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        return x * (torch.rand(x.shape) > self.p) / (1 - self.p)


class Bernoulli(Branching):
    def forward(self, x):
        if not self.training:
            return x
        return x * torch.bernoulli(torch.full_like(x, 1 - self.p)) / (1 - self.p)


@pytest.mark.parametrize("layer", [nn.Dropout, Dropout, Branching, Bernoulli])
def test_dropout(layer):
    def build(p):
        model = MLP(16, (8, 8), 3, dropout=p, dropout_layer=layer)
        return Run(model, sgd(model))

    fleet = train(build, [0.0, 0.2, 0.5])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_one_p_for_each_layer():
    def build(ps):
        model = MLP(16, (8, 8), 3, dropout=ps)
        return Run(model, sgd(model))

    fleet = train(build, [(0.2, 0.4), (0.4, 0.2)])
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_channel_dropout_in_a_small_cnn():
    def build(p):
        model = SmallCNN((1, 4, 4), 3, channels=(2, 4), dropout=p, dropout_layer=Channels)
        return Run(model, sgd(model))

    class Channels(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.p = p

        def forward(self, x):
            return F.dropout2d(x[:, :, None, None], self.p, self.training).flatten(1)

    fleet = train(build, [0.1, 0.5])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


# --- normalization ----------------------------------------------------------------------------


class InPlace(Replacing):
    """... and one that changes them in place, and goes on computing with what came out."""

    def forward(self, x):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            with torch.no_grad():
                moved = self.mean.mul_(0.9).add_(mean, alpha=0.1)
                twice = moved * 2  # must not be written over the buffer
                self.var.mul_(0.9).add_(0.1 * x.var(0) + 0 * twice)
        return (x - mean) / torch.sqrt(var + 1e-5) * self.gamma + self.beta


@pytest.mark.parametrize("layer", [nn.BatchNorm1d, BatchNorm1d, Replacing, InPlace, nn.LayerNorm])
def test_normalization(layer):
    # SGD, for a bias before a batch norm has a gradient of rounding errors alone: SGD leaves them
    # as small as they are, Adam divides by their size and makes steps of them.
    build = by_rate(lambda: mlp(norm_layer=layer))
    fleet = train(build, [0.05, 0.3])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_momentum_of_batch_norm_may_differ():
    def build(momentum):
        model = mlp(norm_layer=lambda n: BatchNorm1d(n, momentum=momentum))
        return Run(model, sgd(model))

    fleet = train(build, [0.1, 0.5])
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)
