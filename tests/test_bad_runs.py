"""Runs that cannot work are refused before time is spent on them, by `fit` and the fleet alike."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import load_dataset, polynomial
from course_utils.fleet import Run, iter_fleet, train_fleet
from course_utils.models import MLP
from course_utils.regularizers import (
    BatchNorm1d,
)
from course_utils.training import fit
from tests.small_runs import both, mlp, refuses, run_fit, run_fleet, sgd


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


# --- fit and fleet alike ----------------------------------------------------------------------


@both
def test_epochs(run, data):
    refuses(lambda: run(data, epochs=-1), "epochs must be at least 0, got -1", "only scores")


@both
def test_batch_size(run, data):
    refuses(lambda: run(data, batch_size=0), "batch_size must be at least 1, got 0", "try 50")


@both
@pytest.mark.parametrize("value", [2.5, True, "3"])
def test_epochs_and_batch_size_are_whole_numbers(run, data, value):
    refuses(lambda: run(data, epochs=value), f"epochs must be a whole number, got {value!r}")
    refuses(
        lambda: run(data, batch_size=value), f"batch_size must be a whole number, got {value!r}"
    )


@both
def test_a_last_batch_of_one_with_batch_norm(run, data):
    def model():
        return MLP(64, (8,), 10, norm_layer=BatchNorm1d)

    refuses(
        lambda: run(data, model() if run is run_fit else model, batch_size=59),
        "at least 2 samples",
        "60 training samples in batches of 59",
        "use batch_size=60",
    )
    run(data, model() if run is run_fit else model, batch_size=60)


@both
def test_a_model_on_two_devices(run, data):
    def model():
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 10, device="meta"))

    refuses(lambda: run(data, model() if run is run_fit else model), "one device, got cpu and meta")


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x.flatten(1)), None


@both
@pytest.mark.parametrize("epochs", [0, 1])
def test_a_model_that_returns_more_than_logits(run, data, epochs):
    refuses(
        lambda: run(data, Pair() if run is run_fit else Pair, epochs=epochs),
        "the model must return one tensor, got a tuple of 2",
        "the logits alone",
        error=TypeError,
    )


def without(data, part):
    return dataclasses.replace(
        data,
        **{f"{name}_{part}": getattr(data, f"{name}_{part}")[:0] for name in "xy"},
        y_clean=data.y_clean[:0] if part == "train" else data.y_clean,
    )


@both
@pytest.mark.parametrize(("part", "counts"), [("train", "0 training and 400"), ("val", "and 0")])
def test_no_samples(run, data, part, counts):
    refuses(
        lambda: run(without(data, part)),
        counts,
        "validation samples",
        "needs at least one of each",
    )


@both
@pytest.mark.parametrize("num_classes", [9, 11])
@pytest.mark.parametrize("epochs", [0, 1])
def test_the_wrong_number_of_classes(run, data, num_classes, epochs):
    model = mlp(num_classes) if run is run_fit else lambda: mlp(num_classes)
    refuses(
        lambda: run(data, model, epochs=epochs),
        f", {num_classes}) for",
        "samples of 10 classes; its last layer must give",
    )


@both
def test_a_regression_that_would_broadcast(run):
    def model():
        return nn.Linear(1, 1)

    if run is run_fit:
        own = model()
        call = lambda: fit(  # noqa: E731
            own, polynomial(20), optimizer=sgd(own), epochs=0, loss_fn=F.mse_loss
        )
    else:
        call = lambda: train_fleet(  # noqa: E731
            lambda _: (lambda m: Run(m, sgd(m)))(model()),
            polynomial(20),
            values=[0],
            seeds=1,
            epochs=0,
            loss_fn=F.mse_loss,
            progress=False,
        )
    refuses(call, "returned shape (20, 1) for targets (20,)", "outputs.squeeze(-1)")


@both
def test_an_optimizer_of_another_model(run, data):
    refuses(
        lambda: run(data, optimizer=sgd(mlp())),
        "holds none of this model's parameters",
        "torch.optim.SGD(model.parameters()",
    )


class SelfMade:
    def step(self):
        pass


@both
@pytest.mark.parametrize(
    ("optimizer", "got"),
    [
        (torch.optim.SGD, "got the class SGD; write SGD(model.parameters(), lr=0.1)"),
        (sgd, "without step(); use for example torch.optim.SGD(model.parameters(), lr=0.1)"),
        (SelfMade(), "without zero_grad(); use for example"),
        (torch.optim.LBFGS(mlp().parameters()), "got LBFGS, whose step() needs closure"),
    ],
    ids=["class", "function", "half", "LBFGS"],
)
def test_what_cannot_take_a_step(run, data, optimizer, got):
    refuses(lambda: run(data, optimizer=optimizer), got, error=TypeError)


@both
def test_a_model_with_nothing_to_train(run, data):
    model = nn.Flatten() if run is run_fit else nn.Flatten
    refuses(
        lambda: run(data, model, optimizer=sgd(mlp())), "no parameters", "nothing to train; add"
    )


# --- the fleet alone --------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [0, -3])
def test_no_seeds(data, seeds):
    refuses(lambda: run_fleet(data, seeds=seeds), f"seeds must be at least 1, got {seeds}", "8")


def test_an_empty_list_of_seeds(data):
    refuses(lambda: run_fleet(data, seeds=[]), "at least one seed, got none", "8 show the spread")


def test_seeds_that_repeat(data):
    refuses(lambda: run_fleet(data, seeds=[1, 2, 1]), "must differ from each other, got [1, 2, 1]")


def test_no_values(data):
    refuses(lambda: run_fleet(data, values=()), "at least one value, got none")


def test_build_must_return_a_run(data):
    refuses(
        lambda: train_fleet(lambda v: mlp(), data, values=[0.5], seeds=1, epochs=1, progress=False),
        "build(0.5) must return a Run(model, optimizer, ...), got MLP",
        error=TypeError,
    )


def test_build_must_make_a_new_model(data):
    model = mlp()
    build = lambda value: Run(model, sgd(model))  # noqa: E731
    refuses(
        lambda: train_fleet(build, data, values=[1, 2], seeds=1, epochs=1, progress=False),
        "build(2) returned a model that another run has already",
        "make a new model and a new optimizer inside build",
    )


def test_the_first_step_tells(data):
    """An unusable run is refused before the first epoch is trained."""
    epochs = iter_fleet(
        lambda v: (lambda m: Run(m, sgd(m), penalty=lambda m: None))(mlp()),
        data,
        values=[0],
        epochs=1000,
    )
    refuses(lambda: next(epochs), "scalar tensor", error=TypeError)
