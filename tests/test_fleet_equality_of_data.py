"""Architectures and data in a fleet: equal to `fit`."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import GaussianNoise, RandomAffine, RandomFlip, RandomShift, compose
from course_utils.data import polynomial
from course_utils.fleet import Run
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import l2_penalty
from tests.fleets import (
    DATA,
    assert_members_are_fits,
    assert_values_matter,
    doubled,
    make_data,
    mlp,
    penalized,
    plain,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


def test_widths_train_in_groups_of_their_own():
    def build(width):
        model = MLP(16, (width,), 3)
        return Run(model, torch.optim.Adam(model.parameters(), lr=0.01))

    fleet = train(build, [2, 8, 5])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


@pytest.mark.parametrize("norm_layer", [None, nn.BatchNorm2d])
def test_a_small_cnn(norm_layer):
    def build(lam):
        model = SmallCNN((1, 4, 4), 3, channels=(2, 4), norm_layer=norm_layer)
        return Run(model, sgd(model), penalty=lambda m: lam * l2_penalty(m))

    fleet = train(build, [0.0, 0.05])
    assert fleet.fallback is None
    assert_members_are_fits(fleet, build)


class RandomFeatures(nn.Module):
    """Draws a buffer when it is made."""

    def __init__(self):
        super().__init__()
        self.register_buffer("directions", torch.randn(16, 12) / 4)
        self.read = nn.Linear(12, 3)

    def forward(self, x):
        return self.read((x.flatten(1) @ self.directions).relu())


class Tied(nn.Module):
    """One weight in two places."""

    def __init__(self):
        super().__init__()
        self.into, self.again, self.out = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 3)
        self.again.weight = self.into.weight

    def forward(self, x):
        return self.out(self.again(self.into(x.flatten(1)).relu()).relu())


@pytest.mark.parametrize("kind", [RandomFeatures, Tied])
def test_unusual_modules(kind):
    def build(lam):
        model = kind()
        return Run(model, sgd(model), penalty=lambda m: lam * l2_penalty(m))

    fleet = train(build, [0.0, 0.02])
    assert fleet.fallback is None
    assert fleet.val_loss[0, 0, 0] != fleet.val_loss[0, 1, 0]
    assert_members_are_fits(fleet, build)


@pytest.mark.parametrize(
    "augment",
    [
        lambda s: RandomAffine(degrees=20 * s),
        lambda s: RandomAffine(shift=s, zoom=s / 4),
        lambda s: RandomShift(round(2 * s)),
        GaussianNoise,
        RandomFlip,
        lambda s: compose(RandomShift(1), GaussianNoise(s)),
    ],
    ids=["degrees", "shift and zoom", "whole pixels", "noise", "flip", "two"],
)
def test_augmentation(augment):
    def build(strength):
        model = mlp()
        return Run(model, sgd(model), augment=augment(strength))

    fleet = train(build, [0.0, 0.5, 1.0])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (lambda noise, seed: DATA.with_label_noise(noise), [0.0, 0.3, 0.6]),
        (lambda noise, seed: DATA.subset(20, seed).with_label_noise(noise, seed), [0.1, 0.5]),
        (lambda n, seed: DATA.subset(n, seed), [10, 20, 28]),
        (lambda n, seed: DATA.per_class(n), [3, 9]),
    ],
    ids=["label noise", "subset by seed", "n_train", "per class"],
)
def test_data_may_differ_by_member(data, values):
    fleet = train(plain, values, data)
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, plain, data)


def test_validation_sets_may_differ_too():
    def data(value, seed):
        return make_data(seed=seed)

    assert_members_are_fits(train(plain, [0], data), plain, data)


@pytest.mark.recorder
def test_regression_on_features_of_a_polynomial():
    curve = doubled(polynomial(40))

    class Polynomial(nn.Module):
        def __init__(self, degree):
            super().__init__()
            self.degree, self.read = degree, nn.Linear(degree, 1)

        def forward(self, x):
            return self.read(torch.cat([x**k for k in range(1, self.degree + 1)], 1)).squeeze(1)

    def build(degree):
        model = Polynomial(degree)
        return Run(model, sgd(model))

    fleet = train(build, [1, 3, 5], curve, loss_fn=F.mse_loss)
    assert fleet.fallback is None
    assert np.isnan(fleet.val_acc).all()
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build, curve, loss_fn=F.mse_loss)


def test_label_smoothing_is_a_loss_function_like_any_other():
    def smooth(outputs, y):
        return F.cross_entropy(outputs, y, label_smoothing=0.1)

    fleet = train(penalized(l2_penalty), [0.0, 0.05], loss_fn=smooth)
    assert_members_are_fits(fleet, penalized(l2_penalty), loss_fn=smooth)


def test_gradients_stop_where_the_learner_stops_them():
    class HalfBlind(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.first, self.last, self.dropout = nn.Linear(16, 8), nn.Linear(8, 3), nn.Dropout(p)

        def forward(self, x):
            hidden = self.dropout(self.first(x.flatten(1)).relu())
            return self.last(hidden / (1 + hidden.detach().amax(1, keepdim=True)))

    def build(p):
        model = HalfBlind(p)
        return Run(model, sgd(model))

    fleet = train(build, [0.1, 0.5])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_an_augmentation_may_change_its_own_copy_in_place():
    """What seeds share is computed once for all values, but not where values write into it."""

    def build(strength):
        model = mlp()

        def augment(x):
            x = x.clone()
            x += strength * torch.randn_like(x)
            return x

        return Run(model, sgd(model), augment=augment)

    fleet = train(build, [0.1, 0.5])
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)
