"""The fleet: every member is the run that `fit` would have made of it alone."""

import random
import sys
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms.v2 as T
from torch import nn

from course_utils.augmentation import (
    GaussianNoise,
    RandomAffine,
    RandomFlip,
    RandomShift,
    compose,
)
from course_utils.data import Dataset, polynomial
from course_utils.fleet import Run, batched, group, iter_fleet, recording, tracing, train_fleet
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    elastic_net,
    l1_penalty,
    l2_penalty,
    soft_threshold,
)
from course_utils.training import DivergedError, evaluate, fit, shuffled_batches

EPOCHS, BATCH = 3, 16


def make_data(n=70, size=4, seed=0):
    """Small images of three classes; 28 of 70 are for training, in batches of 16 and 12."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    centers = torch.rand(3, 1, size, size, generator=generator)
    x = centers[y] + 0.4 * torch.randn(n, 1, size, size, generator=generator)
    return Dataset.from_tensors(x, y, val_fraction=0.4)


DATA = make_data()


def mlp(**options):
    return MLP(16, (8,), 3, **options)


def sgd(model, lr=0.2, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def train(build, values, data=DATA, seeds=2, epochs=EPOCHS, **options):
    return train_fleet(
        build,
        data,
        values=values,
        seeds=seeds,
        epochs=epochs,
        batch_size=BATCH,
        progress=False,
        **options,
    )


def alone(build, value, seed, data=DATA, epochs=EPOCHS, **options):
    """(history, model) of the same run by `fit`."""
    torch.manual_seed(seed)
    run = build(value)
    own = data if isinstance(data, Dataset) else data(value, seed)
    history = fit(
        run.model,
        own,
        optimizer=run.optimizer,
        epochs=epochs,
        penalty=run.penalty,
        augment=run.augment,
        batch_size=BATCH,
        seed=seed,
        **options,
    )
    return history, run.model


def assert_members_are_fits(fleet, build, data=DATA, tolerance=1e-5, **options):
    for v, value in enumerate(fleet.values):
        for s, seed in enumerate(fleet.seeds):
            expected, model = alone(build, value, seed, data, fleet.epochs, **options)
            got = fleet.history(v, s)
            for name in ("train_loss", "val_loss", "train_acc", "val_acc"):
                assert getattr(got, name) == pytest.approx(
                    getattr(expected, name), abs=tolerance, rel=tolerance, nan_ok=True
                ), (name, value, seed)
            state = fleet.model(v, s).state_dict()
            for name, tensor in model.state_dict().items():
                assert torch.allclose(
                    state[name].double(), tensor.double(), atol=tolerance, rtol=tolerance
                ), (name, value, seed)


def assert_values_matter(fleet):
    """Or the comparison above would show nothing."""
    last = fleet.val_loss[:, 0, -1]
    assert len(set(last.round(6))) == len(last)


# --- penalties and optimizers -----------------------------------------------------------------


def penalized(penalty):
    def build(lam):
        model = mlp()
        return Run(model, sgd(model), penalty=lambda m: lam * penalty(m))

    return build


def optimized(kind, name="lr", **options):
    def build(value):
        model = mlp()
        return Run(model, kind(model.parameters(), **{**options, name: value}))

    return build


class SignSGD(torch.optim.SGD):
    """An optimizer that the fleet has never heard of, and that looks at a whole tensor at once."""

    def step(self):
        for settings in self.param_groups:
            for p in settings["params"]:
                p.grad.div_(p.grad.norm() + 1e-3)
        super().step()


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


class Replacing(nn.Module):
    """A learner's batch norm that puts new running statistics in the place of the old ones."""

    def __init__(self, n):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("var", torch.ones(n))

    def forward(self, x):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.mean = 0.9 * self.mean + 0.1 * mean.detach()
            self.var = 0.9 * self.var + 0.1 * x.var(0).detach()
        return (x - mean) / torch.sqrt(var + 1e-5) * self.gamma + self.beta


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


def plain(value):
    model = mlp()
    return Run(model, sgd(model))


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
    curve = polynomial(40)

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


@pytest.mark.parametrize("turned", [False, True])
def test_one_function_of_all_members_takes_inputs_that_lie_otherwise_in_memory(turned):
    def of(factor):
        return lambda x: ((x.flatten() * factor).reshape(x.shape).T.contiguous(),)

    x = torch.arange(12.0).reshape(2, 1, 2, 3)  # [values, seeds, ...]
    member = [[x[0, 0].clone()], [x[1, 0].clone()]]
    together = batched.batch([of(2.0), of(3.0)], member, [x], [batched.BY_MEMBER])
    given = x.mT.contiguous().mT if turned else x
    (found,) = together(given)
    assert torch.equal(found, x.mT * torch.tensor([2.0, 3.0])[:, None, None, None])


def test_a_trace_holds_no_tensor_that_its_function_was_not_seen_to_use():
    kept = torch.ones(3)

    def function(x):
        return (x + kept,)

    assert torch.equal(tracing.trace(function, [kept])(kept)[0], kept + kept)
    with pytest.raises(recording.CannotBatchError, match="uses tensors that one does not use"):
        tracing.trace(function, [torch.zeros(3)], constants=False)


def times_one(x):
    kept = x * 1
    x.add_(1)
    return (kept, x * 1.0)


def same_twice(x):
    first = x.exp()
    x.mul_(2)
    return (first + x.exp(), x.exp() + x.exp())


def whole_numbers(x):
    return ((x > 0).long() * 1.0, (x > 0).long() + torch.zeros(3))


def ones_that_change(x):
    ones = torch.ones(3)
    before = x * ones
    ones.add_(1)
    return (before, x * ones, torch.ones(3) * x)


def masked(x):
    keep, kept, both = x > 0.5, x >= x.flip(0), x.gt(0)
    x = x * keep / 0.5
    x.mul_(kept)
    return (x, x * both + both, keep.long() * (x < 0), (x != 0) * (x > 0.1))


def normalized_twice(x):
    mean, var = x[0] * 0, x[0] * 0 + 1
    for _ in range(2):
        once = F.batch_norm(x, mean, var, training=True)
    return (once, mean * 1, var * 1)


@pytest.mark.parametrize(
    "function", [times_one, same_twice, whole_numbers, ones_that_change, masked, normalized_twice]
)
def test_what_is_simplified_is_still_the_same(function):
    x = torch.randn(1, 4, 5, 3, generator=torch.Generator().manual_seed(0))
    expected = [function(member.clone()) for member in x[0]]
    together = batched.batch([function], [[x[0, 0].clone()]], [x.clone()], [batched.BY_MEMBER])
    for found, *members in zip(together(x), *expected, strict=True):
        torch.testing.assert_close(found[0], torch.stack(members))


VARIANCES = {
    "of all": {},
    "over samples": {"dim": 0},
    "biased": {"dim": 0, "correction": 0},
    "over two dimensions": {"dim": (0, 2), "keepdim": True},
    "from the end": {"dim": -1, "correction": 2},
}


@pytest.mark.parametrize("options", VARIANCES.values(), ids=VARIANCES.keys())
def test_variances_are_those_of_pytorch(options):
    x = 100 + torch.randn(1, 3, 6, 4, 5, generator=torch.Generator().manual_seed(0))

    def variance(x):
        return (x.var(**options),)

    together = batched.batch([variance], [[x[0, 0].clone()]], [x], [batched.BY_MEMBER])
    expected = torch.stack([variance(member)[0] for member in x[0]])[None]
    torch.testing.assert_close(together(x)[0], expected, rtol=1e-4, atol=0)


# --- what cannot be batched -------------------------------------------------------------------


class LooksAtItsData(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        x = x.flatten(1)
        return self.linear(x if x.mean() > 0.5 else 0.5 * x)


class ReadsNumbersToScore(nn.Module):
    """Past PyTorch, and where members share their inputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(x.flatten(1)) * (1.0 if self.training else float(x.numpy().mean()))


class PicksByMask(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(x.flatten(1)) * x[x > 0.5].mean()


class CountsItsCalls(nn.Module):
    """A schedule for p that lives in a Python number."""

    def __init__(self):
        super().__init__()
        self.linear, self.calls = nn.Linear(16, 3), 0

    def forward(self, x):
        if self.training:
            self.calls += 1
            x = F.dropout(x, min(0.5, self.calls / 10))
        return self.linear(x.flatten(1))


class ForgetsToRegister(nn.Module):
    """A tensor that is drawn for each seed, and no buffer."""

    def __init__(self):
        super().__init__()
        self.directions = torch.randn(16, 12) / 4
        self.read = nn.Linear(12, 3)

    def forward(self, x):
        return self.read((x.flatten(1) @ self.directions).relu())


class PlainStatistics(Replacing):
    """Running statistics that are no buffers."""

    def __init__(self, n):
        super().__init__(n)
        del self.mean, self.var
        self.mean, self.var = torch.zeros(n), torch.ones(n)


def built_of(kind):
    def build(lr):
        model = kind()
        return Run(model, sgd(model, lr))

    return build


def with_captured_weights(lam):
    model = mlp()
    weights = [p for p in model.parameters() if p.ndim > 1]
    penalty = lambda m: lam * sum(w.square().sum() for w in weights)  # noqa: E731
    return Run(model, sgd(model), penalty=penalty)


def with_a_pull_to_the_start(lam):
    model = mlp()
    start = [p.detach().clone() for p in model.parameters()]
    return Run(
        model,
        sgd(model),
        penalty=lambda m: (
            lam * sum((p - q).square().sum() for p, q in zip(m.parameters(), start, strict=True))
        ),
    )


def with_its_own_generator(strength):
    model, generator = mlp(), torch.Generator().manual_seed(9)
    return Run(
        model,
        sgd(model),
        augment=lambda x: x + strength * torch.randn(x.shape, generator=generator),
    )


def with_a_batch_rotation(degrees):
    model = mlp()
    return Run(model, sgd(model), augment=T.RandomRotation(100 * degrees))


def with_an_extra_parameter(lr):
    model, extra = mlp(), nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([*model.parameters(), extra], lr=lr)
    return Run(model, optimizer, penalty=lambda m: 0.01 * extra.square() * l2_penalty(m))


ALONE = {
    "looks at its data": (built_of(LooksAtItsData), "looks at the numbers in a tensor"),
    "reads numbers to score": (built_of(ReadsNumbersToScore), "the same in every call"),
    "picks by mask": (built_of(PicksByMask), "decide the shape"),
    "counts its calls": (built_of(CountsItsCalls), "CountsItsCalls.calls changes from call"),
    "forgets to register": (built_of(ForgetsToRegister), "seeds differ in tensors or numbers"),
    "plain statistics": (
        built_of(lambda: mlp(norm_layer=PlainStatistics)),
        "PlainStatistics.mean changes from call to call and is no buffer",
    ),
    "captured weights": (with_captured_weights, "weights kept from elsewhere"),
    "a pull to the start": (with_a_pull_to_the_start, "seeds differ in tensors or numbers"),
    "its own generator": (with_its_own_generator, "random numbers that no seed controls"),
    "a rotation of the batch": (with_a_batch_rotation, "looks at the numbers in a tensor"),
    "an extra parameter": (with_an_extra_parameter, "not in the model|weights kept from elsewhere"),
}


@pytest.mark.parametrize(("build", "why"), ALONE.values(), ids=ALONE.keys())
def test_what_cannot_be_batched_trains_alone_and_says_so(build, why):
    with pytest.warns(UserWarning, match=f"4 of 4 runs train one after the other.*({why})"):
        fleet = train(build, [0.1, 0.3])
    assert fleet.fallback is not None
    assert_values_matter(fleet)
    assert_members_are_fits(fleet, build, tolerance=1e-7)  # it *is* fit


def test_only_what_must_train_alone_does():
    def build(kind):
        model = kind()
        return Run(model, sgd(model))

    with pytest.warns(UserWarning, match="2 of 4 runs"):
        fleet = train(build, [mlp, LooksAtItsData])
    assert_members_are_fits(fleet, build)


def test_what_differs_in_evaluation_only_holds_back_no_other_value():
    class OutOfTune(nn.Module):
        """Looks at its data, but only when it is scored."""

        def __init__(self, picky):
            super().__init__()
            self.picky, self.net = picky, mlp()

        def forward(self, x):
            outputs = self.net(x)
            if self.picky and not self.training:
                return outputs if outputs.sum() > 0 else outputs * 2
            return outputs

    def build(picky):
        model = OutOfTune(picky)
        return Run(model, sgd(model))

    with pytest.warns(UserWarning, match="2 of 4 runs"):
        fleet = train(build, [False, True])
    assert_members_are_fits(fleet, build)


def test_the_reason_for_training_alone_is_one_short_sentence():
    with pytest.warns(UserWarning, match="train one after the other"):
        fleet = train(built_of(LooksAtItsData), [0.1, 0.3], epochs=1)
    assert fleet.fallback is not None
    assert len(fleet.fallback) < 200
    assert "\n" not in fleet.fallback
    assert "vmap" not in fleet.fallback


class Reversed(torch.autograd.Function):
    """The identity, whose gradient has another sign and a strength."""

    @staticmethod
    def forward(x, strength):
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.strength = inputs[1]

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


def test_gradients_of_the_learners_own_making_train_alone():
    """Their forward pass does not tell what they do."""

    def build(strength):
        model = mlp()
        penalty = lambda m: 0.1 * l2_penalty(m) + 0 * Reversed.apply(l2_penalty(m), strength)  # noqa: E731
        return Run(model, sgd(model), penalty=penalty)

    with pytest.warns(UserWarning, match="has a gradient of its own"):
        fleet = train(build, [0.1, 0.3])
    assert_members_are_fits(fleet, build, tolerance=1e-7)


# --- traces that are used again ---------------------------------------------------------------


@pytest.fixture
def traces(monkeypatch):
    """How many traces were made, so far, in a process that has none."""
    made = []

    def counted(*arguments):
        made.append(arguments)
        return frozen(*arguments)

    frozen = batched._frozen
    monkeypatch.setattr(batched, "_kept", {})
    monkeypatch.setattr(batched, "_frozen", counted)
    return made


def test_a_second_fleet_of_the_same_kind_uses_the_traces_of_the_first(traces):
    build = penalized(l2_penalty)
    first = train(build, [0.0, 0.1])
    count = len(traces)
    assert count > 0
    second = train(build, [0.0, 0.1])
    assert len(traces) == count
    assert np.array_equal(first.val_loss, second.val_loss)
    assert_members_are_fits(train(build, [0.3, 0.2], seeds=2), build)
    assert len(traces) == count, "other strengths are other numbers for the same trace"


stopped = False


def half(model):
    """Of two equal parts, one may be kept from the gradient; the value is the same."""
    part = l2_penalty(model) / 2
    return part + (part.detach() if stopped else part)


def half_without(model):
    with torch.set_grad_enabled(not stopped):
        part = l2_penalty(model) / 2
    return part + l2_penalty(model) / 2


@pytest.mark.parametrize("penalty", [half, half_without])
@pytest.mark.parametrize("values", [[0.2], [0.1, 0.2]], ids=str)
def test_a_trace_knows_where_gradients_stop(traces, penalty, values, monkeypatch):
    """The same code and the same operations, but another gradient."""
    build = penalized(penalty)
    free = train(build, values)
    monkeypatch.setattr(sys.modules[__name__], "stopped", True)
    stopped_fleet = train(build, values)
    assert_members_are_fits(stopped_fleet, build)
    assert not np.allclose(free.val_loss[..., -1], stopped_fleet.val_loss[..., -1], atol=1e-4)


def test_a_trace_knows_its_numbers_and_its_constants(traces):
    for scale in (1.0, 2.0):
        for fixed in (scale, torch.full((3,), scale)):

            class Scaled(nn.Module):
                def __init__(self, fixed=fixed):
                    super().__init__()
                    self.net, self.fixed = mlp(), fixed

                def forward(self, x):
                    return self.net(x) * self.fixed

            def build(lr, kind=Scaled):
                model = kind()
                return Run(model, sgd(model, lr))

            assert_members_are_fits(train(build, [0.1, 0.2]), build)


def test_a_trace_knows_shapes_and_batches(traces):
    build = penalized(l2_penalty)
    for data in (DATA, make_data(90), make_data(70, seed=1)):
        assert_members_are_fits(train(build, [0.0, 0.1], data), build, data)
    per_seed = lambda _, seed: DATA.with_label_noise(0.5, seed)  # noqa: E731
    assert_members_are_fits(train(build, [0.0, 0.1], per_seed), build, per_seed)


def test_few_traces_are_kept(traces, monkeypatch):
    monkeypatch.setattr(batched, "MOST_KEPT", 2)
    for width in (4, 5, 6):
        train(lambda lr, width=width: optimized(torch.optim.SGD)(lr), [0.1], epochs=1)
        assert len(batched._kept) <= 2


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


def test_random_numbers_from_python_are_not_frozen_into_a_trace():
    """They depend on no seed; but every batch must get its own."""
    drawn = []

    def build(value):
        model = mlp()

        def augment(x):
            drawn.append(random.random())
            return x * drawn[-1]

        return Run(model, sgd(model), augment=augment)

    with pytest.warns(UserWarning, match="does not do the same in every call"):
        train(build, [0], epochs=4)
    assert len(drawn) > 2 * 4 * 2  # at least one for each seed, epoch and batch


def test_a_model_that_draws_in_evaluation_trains_alone():
    """The mistake of lesson 03: dropout that never rests. Its scores are noise, its training is
    not."""

    class NeverRests(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(16, 3)

        def forward(self, x):
            return self.linear(F.dropout(x.flatten(1), 0.5))

    build = built_of(NeverRests)
    with pytest.warns(UserWarning, match="random numbers that no seed controls"):
        fleet = train(build, [0.1, 0.3])
    _, model = alone(build, 0.1, 0)
    assert torch.equal(fleet.model(0, 0).linear.weight, model.linear.weight)


# --- divergence -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["batched", "alone"])
def test_a_member_that_diverges_leaves_the_others_alone(kind):
    def build(lr):
        if kind == "batched":
            model = MLP(16, (8, 8), 3)
        else:
            model = nn.Sequential(LooksAtItsData(), nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3))
        return Run(model, sgd(model, lr))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "4 of 4 runs" if kind == "alone" else "never")
        fleet = train(build, [0.2, 1e30])
    for curve in (fleet.train_loss, fleet.val_loss, fleet.train_acc, fleet.val_acc):
        assert np.isfinite(curve[0]).all()
        assert np.isfinite(curve[1, :, 0]).all()
        assert np.isnan(curve[1, :, -1]).all()
    expected, _ = alone(build, 0.2, 1)
    assert fleet.val_loss[0, 1] == pytest.approx(expected.val_loss, abs=1e-5)
    with pytest.raises(DivergedError):
        alone(build, 1e30, 0)


# --- what a fleet is --------------------------------------------------------------------------


def test_members_that_share_a_seed_share_start_batches_and_noise():
    seen = []

    def build(value):
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))
        seen.append(model[2].weight.detach().clone())
        return Run(model, sgd(model))

    fleet = train(build, ["a", "b"])
    first, second, third, fourth = seen
    assert torch.equal(first, third)
    assert torch.equal(second, fourth)
    assert not torch.equal(first, second)
    assert np.array_equal(fleet.val_loss[0], fleet.val_loss[1])
    assert not np.array_equal(fleet.val_loss[:, 0], fleet.val_loss[:, 1])


def test_the_curves():
    fleet = train(plain, ["a", "b", "c"], seeds=[4, 9], epochs=2)
    assert fleet.values == ["a", "b", "c"]
    assert fleet.seeds == [4, 9]
    assert (fleet.epoch, fleet.epochs) == (2, 2)
    for curve in (fleet.train_loss, fleet.train_acc, fleet.val_loss, fleet.val_acc):
        assert curve.shape == (3, 2, 3)
        assert curve.dtype == np.float64
        assert np.isfinite(curve).all()
    history = fleet.history(2, 1)
    assert history.val_acc == fleet.val_acc[2, 1].tolist()
    assert history.train_loss == fleet.train_loss[2, 1].tolist()
    assert history.epochs == 2


def test_each_models_score_is_the_recorded_one():
    def build(p):
        model = mlp(dropout=p, norm_layer=nn.BatchNorm1d)
        return Run(model, sgd(model))

    fleet = train(build, [0.0, 0.5])
    for v in range(2):
        for s in range(2):
            score = evaluate(fleet.model(v, s), DATA.x_val, DATA.y_val)
            assert score.loss == pytest.approx(fleet.val_loss[v, s, -1], abs=1e-6)
            assert score.acc == pytest.approx(fleet.val_acc[v, s, -1])
    weights = {fleet.model(v, s).layers[1].weight.sum().item() for v in range(2) for s in range(2)}
    assert len(weights) == 4


@pytest.mark.parametrize("n", [28, 16])  # with and without a smaller last batch
def test_models_are_left_in_training_mode_as_fit_leaves_them(n):
    def build(p):
        model = mlp(dropout=p)
        return Run(model, sgd(model))

    fleet = train(build, [0.1, 0.5], DATA.subset(n))
    for v in range(2):
        for s in range(2):
            assert all(module.training for module in fleet.model(v, s).modules())


def test_a_fleet_grows_epoch_by_epoch_and_can_be_cancelled():
    epochs = iter_fleet(plain, DATA, values=[1, 2], seeds=2, epochs=10, batch_size=BATCH)
    fleet = next(epochs)
    assert fleet.epoch == 0
    assert np.isfinite(fleet.val_loss[..., 0]).all()
    assert np.isnan(fleet.val_loss[..., 1:]).all()
    assert fleet.history(0, 0).epochs == 0
    start = fleet.model(0, 0).layers[1].weight.clone()
    assert next(epochs) is fleet
    assert next(epochs) is fleet
    assert fleet.epoch == 2
    epochs.close()
    assert np.isfinite(fleet.val_loss[..., :3]).all()
    assert np.isnan(fleet.val_loss[..., 3:]).all()
    assert fleet.history(1, 1).epochs == 2
    assert not torch.equal(fleet.model(0, 0).layers[1].weight, start)
    score = evaluate(fleet.model(1, 1), DATA.x_val, DATA.y_val)
    assert score.loss == pytest.approx(fleet.val_loss[1, 1, 2], abs=1e-6)


class CountsItsScores(nn.Module):
    """What it returns in evaluation mode depends on how often it was scored."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        if self.training:
            return x * (1 + 0.1 * self.calls)
        self.calls.add_(1)
        return x * self.calls


def _first(layer, optimizer=sgd):
    def build(lr):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), layer(), nn.ReLU(), nn.Linear(8, 3))
        return Run(model, optimizer(model, lr))

    return build


SCORED_MEANWHILE = {
    "plain": (_first(nn.Identity), True),
    "batch norm": (_first(lambda: nn.BatchNorm1d(8)), True),
    "dropout": (_first(nn.Dropout), True),
    "scoring leaves traces": (_first(CountsItsScores), False),
    "an optimizer of their own": (
        _first(nn.Identity, lambda m, lr: SignSGD(m.parameters(), lr=lr / 10)),
        False,
    ),
}


@pytest.mark.parametrize(
    ("build", "meanwhile"), SCORED_MEANWHILE.values(), ids=SCORED_MEANWHILE.keys()
)
def test_an_epoch_trained_while_another_is_scored_changes_nothing(build, meanwhile, monkeypatch):
    seen, submitted = {}, []
    scorer = group._scorer()
    submit = scorer.submit
    monkeypatch.setattr(scorer, "submit", lambda f: submitted.append(f) or submit(f))
    for spare in (False, True):
        monkeypatch.setattr(group, "_core_to_spare", lambda spare=spare: spare)
        seen[spare] = []
        options = {"seeds": 2, "epochs": 4, "batch_size": BATCH}
        for fleet in iter_fleet(build, DATA, values=[0.1, 0.2], **options):
            assert fleet.fallback is None
            weights = [t.clone() for t in fleet.model(1, 1).state_dict().values()]
            seen[spare].append((weights, fleet.history(1, 1)))
        assert len(submitted) == (4 if spare and meanwhile else 0)
    for (weights, history), (others, other) in zip(seen[False], seen[True], strict=True):
        assert history == other
        assert all(map(torch.equal, weights, others))


@pytest.mark.parametrize("spare", [False, True])
def test_what_changes_between_two_epochs_counts_from_the_next_one_on(spare, monkeypatch):
    monkeypatch.setattr(group, "_core_to_spare", lambda: spare)
    strength = torch.tensor(0.0)

    def build(lam):
        model = mlp()
        return Run(model, sgd(model), penalty=lambda m: strength * lam * l2_penalty(m))

    epochs = iter_fleet(build, DATA, values=[0.0, 0.5], seeds=2, epochs=2, batch_size=BATCH)
    for _ in range(2):
        fleet = next(epochs)
        without, with_it = fleet.train_loss[..., fleet.epoch]
        assert (without == with_it).all()
    strength.fill_(1.0)
    without, with_it = next(epochs).train_loss[..., 2]
    assert (without != with_it).all()


def test_scoring_has_a_thread_of_its_own_and_others_keep_theirs():
    before = torch.get_num_threads()
    scorer = group._scorer()
    assert scorer.submit(torch.get_num_threads).result() == 1
    assert torch.get_num_threads() == before


def test_the_world_stays_as_it_was():
    def build(p):
        model = mlp(dropout=p)
        return Run(model, sgd(model), augment=RandomShift(1))

    state = torch.get_rng_state()
    train(build, [0.2, 0.5])
    assert torch.equal(torch.get_rng_state(), state)
    assert DATA.test.opened_at is None


@pytest.mark.parametrize("seeds", [1, [7]])
def test_a_fleet_of_one(seeds):
    fleet = train(plain, [0], seeds=seeds)
    assert fleet.val_loss.shape == (1, 1, EPOCHS + 1)
    assert_members_are_fits(fleet, plain)


def test_more_samples_than_one_pass_of_scoring():
    data = make_data(1200)
    assert_members_are_fits(train(plain, [0], data, epochs=1), plain, data)


def test_zero_epochs_only_score():
    fleet = train(plain, [0, 1], epochs=0)
    assert fleet.val_loss.shape == (2, 2, 1)
    assert_members_are_fits(fleet, plain)


def test_the_batches_are_those_of_fit():
    """Told by a penalty-free linear model whose first step can be worked out."""

    def build(lr):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
        return Run(model, sgd(model, lr))

    fleet = train_fleet(
        build, DATA, values=[0.5], seeds=[3], epochs=1, batch_size=DATA.n_train, progress=False
    )
    torch.manual_seed(3)
    model = build(0.5).model
    (batch,) = next(shuffled_batches(DATA.n_train, DATA.n_train, 3))
    F.cross_entropy(model(DATA.x_train[batch]), DATA.y_train[batch]).backward()
    expected = model[1].weight - 0.5 * model[1].weight.grad
    assert torch.allclose(fleet.model(0, 0)[1].weight, expected, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_gpu_as_on_the_cpu():
    def build(p):
        model = mlp(dropout=p, norm_layer=nn.BatchNorm1d).to("cuda")
        return Run(model, sgd(model), augment=RandomShift(1))

    fleet = train(build, [0.2, 0.5])
    assert fleet.fallback is None
    assert fleet.model(0, 0).layers[1].weight.is_cuda
    assert_members_are_fits(fleet, build, tolerance=1e-3)
