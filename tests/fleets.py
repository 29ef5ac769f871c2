"""Small fleets, and the same runs by `fit`, for the tests of the fleet. All in float64."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Run, train_fleet
from course_utils.fleet.memory import look_at
from course_utils.models import MLP
from course_utils.training import fit

EPOCHS, BATCH = 3, 16


def doubled(data):
    """The same data set in float64."""
    regression = data.num_classes is None
    return dataclasses.replace(
        data,
        x_train=data.x_train.double(),
        x_val=data.x_val.double(),
        y_train=data.y_train.double() if regression else data.y_train,
        y_val=data.y_val.double() if regression else data.y_val,
        y_clean=data.y_clean.double() if regression else data.y_clean,
    )


def make_data(n=70, size=4, seed=0):
    """Small images of three classes; 28 of 70 are for training, in batches of 16 and 12."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    centers = torch.rand(3, 1, size, size, generator=generator)
    x = centers[y] + 0.4 * torch.randn(n, 1, size, size, generator=generator)
    return doubled(Dataset.from_tensors(x, y, val_fraction=0.4))


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


def assert_members_are_fits(fleet, build, data=DATA, tolerance=1e-9, **options):
    for v, value in enumerate(fleet.values):
        for s, seed in enumerate(fleet.seeds):
            expected, model = alone(build, value, seed, data, fleet.epochs, **options)
            got = fleet.history(v, s)
            for name in ("train_loss", "val_loss", "train_acc", "val_acc"):
                assert getattr(got, name) == pytest.approx(
                    getattr(expected, name), abs=tolerance, rel=tolerance, nan_ok=True
                ), (name, value, seed)
            own = data if isinstance(data, Dataset) else data(value, seed)
            loss_fn = options.get("loss_fn", F.cross_entropy)
            # Copies, for a loss may write into what it is given.
            again = float(loss_fn(fleet.val_outputs(v, s).clone(), own.y_val.clone()))
            assert again == pytest.approx(
                fleet.val_loss[v, s, -1], abs=tolerance, rel=tolerance, nan_ok=True
            ), (value, seed)
            state = fleet.model(v, s).state_dict()
            for name, tensor in model.state_dict().items():
                assert torch.allclose(
                    widened(state[name]),
                    widened(tensor),
                    atol=tolerance,
                    rtol=tolerance,
                    equal_nan=True,
                ), (name, value, seed)


def look(model=None, **roots):
    """What a run of this model remembers, from `roots` besides it."""
    state = {} if model is None else dict(model.named_parameters()) | dict(model.named_buffers())
    return look_at({"model": model, **roots}, state)


def reaching(thing):
    """A penalty, say, whose code reaches `thing`."""
    return lambda m: thing


def widened(tensor):
    return tensor if tensor.is_complex() else tensor.double()


def compared(build, values=(0, 1), why=None, tolerance=1e-9, **options):
    """The fleet of these runs, which all equal `fit`: together, or alone if one says `why`."""
    if why is None:
        fleet = train(build, values, **options)
        assert fleet.fallback is None
    else:
        with pytest.warns(UserWarning, match=f"train one after the other.*({why})"):
            fleet = train(build, values, **options)
    of_fit = {name: options[name] for name in options.keys() & {"data", "loss_fn"}}
    assert_members_are_fits(fleet, build, tolerance=tolerance, **of_fit)
    return fleet


def assert_values_matter(fleet):
    """Or the comparison above would show nothing."""
    last = fleet.val_loss[:, 0, -1]
    assert len(set(last.round(6))) == len(last)


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


def plain(value):
    model = mlp()
    return Run(model, sgd(model))


def running(make, lr=0.2, **parts):
    """A `build` of what `make` returns, for fleets whose values do not matter."""

    def build(value):
        model = make()
        return Run(model, sgd(model, lr), **parts)

    return build


def by_rate(make, **options):
    """A `build` of what `make` returns, for fleets whose values are the learning rates of SGD."""

    def build(lr):
        model = make()
        return Run(model, sgd(model, lr, **options))

    return build


class Hidden(nn.Module):
    """A net with `between(module, activations)` between its two layers."""

    def __init__(self, between, width=8):
        super().__init__()
        self.first, self.last = nn.Linear(16, width), nn.Linear(width, 3)
        self.between = between

    def forward(self, x):
        return self.last(self.between(self, self.first(x.flatten(1)).tanh()))


class Between(nn.Module):
    """A net with `layer` between its two layers."""

    def __init__(self, layer):
        super().__init__()
        self.first, self.layer, self.last = nn.Linear(16, 8), layer, nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.layer(self.first(x.flatten(1))))


class SignSGD(torch.optim.SGD):
    """An optimizer that the fleet has never heard of, and that looks at a whole tensor at once."""

    def step(self):
        for settings in self.param_groups:
            for p in settings["params"]:
                p.grad.div_(p.grad.norm() + 1e-3)
        super().step()


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


class LooksAtItsData(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        x = x.flatten(1)
        return self.linear(x if x.mean() > 0.5 else 0.5 * x)
