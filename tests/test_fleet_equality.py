"""Every member of a fleet is the run that `fit` would make of it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import GaussianNoise, RandomAffine, RandomFlip, RandomShift, compose
from course_utils.data import polynomial
from course_utils.fleet import Run
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    elastic_net,
    l1_penalty,
    l2_penalty,
    soft_threshold,
)
from tests.fleets import (
    DATA,
    Replacing,
    SignSGD,
    assert_members_are_fits,
    assert_values_matter,
    doubled,
    make_data,
    mlp,
    optimized,
    penalized,
    plain,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


# --- penalties and optimizers -----------------------------------------------------------------


def of_two_groups(decay):
    model = mlp()
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "lr": 0.1}]
    return Run(model, torch.optim.SGD(groups, lr=0.3, momentum=0.5))


def mixed_loss(lam):
    """L2 on the first layer, L1 on the second."""
    model = mlp()
    return Run(
        model,
        sgd(model),
        penalty=lambda m: (
            lam * (m.layers[1].weight.square().sum() + m.layers[3].weight.abs().sum())
        ),
    )


def penalty_of_the_model_at_hand(lam):
    """The closure reaches for the model outside instead of the one it is given."""
    model = mlp()
    return Run(model, sgd(model), penalty=lambda _: lam * l2_penalty(model))


SWEEPS = {
    "L2": (penalized(l2_penalty), [0.0, 0.003, 0.1]),
    "L1": (penalized(l1_penalty), [0.0, 0.003, 0.03]),
    "elastic net": (penalized(lambda m: elastic_net(m, 0.3)), [0.001, 0.03]),
    "alpha": (
        lambda alpha: (lambda m: Run(m, sgd(m), lambda m: 0.02 * elastic_net(m, alpha)))(mlp()),
        [0.0, 0.5, 1.0],
    ),
    "mixed loss": (mixed_loss, [0.0, 0.02]),
    "model at hand": (penalty_of_the_model_at_hand, [0.01, 0.1]),
    "SGD lr": (optimized(torch.optim.SGD), [0.05, 0.5]),
    "SGD momentum": (optimized(torch.optim.SGD, "momentum", lr=0.1), [0.0, 0.9]),
    "SGD weight decay": (
        optimized(torch.optim.SGD, "weight_decay", lr=0.1, momentum=0.9, nesterov=True),
        [0.0, 0.01, 0.1],
    ),
    "Adam": (optimized(torch.optim.Adam), [0.001, 0.02]),
    "Adam weight decay": (optimized(torch.optim.Adam, "weight_decay", lr=0.01), [0.0, 0.1]),
    "AdamW": (optimized(torch.optim.AdamW, "weight_decay", lr=0.01), [0.0, 1.0]),
    "RMSprop": (optimized(torch.optim.RMSprop, "alpha", lr=0.005), [0.9, 0.99]),
    "own optimizer": (optimized(SignSGD), [0.02, 0.1]),
    "Rprop": (optimized(torch.optim.Rprop), [0.001, 0.01]),
    "parameter groups": (of_two_groups, [0.0, 0.1]),
}


@pytest.mark.parametrize(("build", "values"), SWEEPS.values(), ids=SWEEPS.keys())
def test_penalties_and_optimizers(build, values):
    fleet = train(build, values)
    assert fleet.fallback is None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_a_hook_of_the_optimizer_is_part_of_it():
    """The proximal step of lesson 02, hung onto SGD."""

    def build(lam):
        model = mlp()
        optimizer = sgd(model)

        def shrink(optimizer, *_):
            with torch.no_grad():
                for p in optimizer.param_groups[0]["params"]:
                    p.copy_(soft_threshold(p, 0.2 * lam))

        optimizer.register_step_post_hook(shrink)
        return Run(model, optimizer)

    fleet = train(build, [0.0, 0.1])
    assert_members_are_fits(fleet, build)
    weight = fleet.model(1, 0).layers[1].weight
    assert bool((weight == 0).any())
    assert bool((weight != 0).any())


def test_frozen_layers_stay_frozen():
    def build(frozen):
        model = mlp()
        model.layers[1].requires_grad_(not frozen)
        return Run(model, sgd(model, momentum=0.9, weight_decay=0.1))

    fleet = train(build, [True, False])
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build)


def test_an_optimizer_of_some_layers_trains_those():
    def build(lr):
        model = mlp()
        return Run(model, torch.optim.SGD(model.layers[3].parameters(), lr=lr))

    assert_members_are_fits(train(build, [0.1, 0.3]), build)


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
    def build(lr):
        model = mlp(norm_layer=layer)
        return Run(model, sgd(model, lr))

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


# --- architectures and data -------------------------------------------------------------------


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
