"""Losses and penalties that cannot work are refused by `fit` and the fleet alike."""

import dataclasses
import math

import pytest
import torch

from course_utils.data import load_dataset
from course_utils.fleet import Run, train_fleet
from course_utils.regularizers import (
    l2_penalty,
)
from course_utils.training import DivergedError, evaluate
from tests.small_runs import both, mlp, refuses, run_fit, sgd

nan, inf = math.nan, math.inf


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


PENALTIES = {
    "none": (lambda m: None, "got None"),
    "number": (lambda m: 0.5, "got 0.5"),
    "vector": (lambda m: m.layers[1].weight.sum(1), "got shape (8,)"),
    "matrix": (lambda m: m.layers[1].weight, "got shape (8, 64)"),
    "one number in brackets": (lambda m: l2_penalty(m)[None], "got shape (1,)"),
}


@both
@pytest.mark.parametrize(("penalty", "got"), PENALTIES.values(), ids=PENALTIES.keys())
def test_a_penalty_that_is_no_scalar(run, data, penalty, got):
    rule = "penalty(model) must return a scalar tensor"
    refuses(lambda: run(data, penalty=penalty), rule, got, "sum over all weights", error=TypeError)


def test_a_penalty_without_a_gradient(data):
    refuses(lambda: run_fit(data, penalty=lambda m: l2_penalty(m).detach()), "trains as λ = 0")


@both
def test_a_penalty_that_is_nothing(run, data):
    for nothing in (lambda m: torch.tensor(0.0), lambda m: 0 * l2_penalty(m)):
        run(data, penalty=nothing)


@both
def test_a_negative_strength(run, data):
    refuses(
        lambda: run(data, penalty=lambda m: -0.5 * l2_penalty(m)),
        "penalty(model) must be 0 or more, got -",
        "rewards large weights",
        "strength λ of 0 or more",
    )
    run(data, penalty=lambda m: 0.0 * l2_penalty(m))
    run(data, penalty=lambda m: -0.0 * l2_penalty(m))


def test_one_negative_strength_among_many(data):
    def build(lam):
        model = mlp()
        return Run(model, sgd(model), penalty=lambda m: lam * l2_penalty(m))

    refuses(
        lambda: train_fleet(build, data, values=[0.1, -0.1], seeds=1, epochs=1, progress=False),
        "must be 0 or more, got -",
    )


def test_a_loss_that_is_no_number(data):
    remedies = ("lower the learning rate", "penalty's strength")
    model = mlp()
    refuses(
        lambda: run_fit(data, model, optimizer=sgd(model, lr=1e30), epochs=3),
        "the training loss became",
        "now 1e+30",
        *remedies,
        error=DivergedError,
    )
    broken = dataclasses.replace(data, x_train=data.x_train * nan)
    refuses(lambda: run_fit(broken), "became nan at step 1", *remedies, error=DivergedError)


def test_scoring_nothing(data):
    refuses(lambda: evaluate(mlp(), data.x_val[:0], data.y_val[:0]), "0 samples", "at least one")
