"""Arguments of another kind than is meant: each names the value, the rule and the remedy."""

import numpy as np
import pytest
import torch

from course_utils.data import load_dataset
from course_utils.fleet import Run, train_fleet
from course_utils.training import evaluate
from tests.small_runs import both, mlp, refuses, run_fit, run_fleet, sgd


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


AUGMENTATIONS = {
    "nothing": (lambda x: None, TypeError, "got None (is a return missing?)"),
    "an array": (lambda x: x.numpy(), TypeError, "must return a tensor, got array("),
    "fewer": (lambda x: x[1:], ValueError, "got shape (49, 1, 8, 8) for a batch of 50"),
    "a number": (lambda x: x.sum(), ValueError, "got shape () for a batch of 50"),
}


@both
@pytest.mark.parametrize(
    ("augment", "error", "got"), AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys()
)
def test_augmentations_that_return_no_batch(run, data, augment, error, got):
    refuses(lambda: run(data, augment=augment), "augment(x) must return", got, error=error)


@both
@pytest.mark.parametrize("given", [None, (torch.ones(6, 2), torch.ones(6)), "digits"])
def test_data_of_another_kind(run, given):
    refuses(
        lambda: run(given),
        "data must be a Dataset",
        "load_dataset('digits') or Dataset.from_tensors(x, y)",
        error=TypeError,
    )


def test_a_function_for_data_that_returns_none(data):
    refuses(
        lambda: run_fleet(lambda value, seed: None),
        "data(0, 0) must return a Dataset, got None",
        error=TypeError,
    )


def test_a_stopping_rule_that_is_a_number(data):
    refuses(
        lambda: run_fit(data, early_stopping=3),
        "must be called as early_stopping(history), got 3",
        error=TypeError,
    )


@pytest.mark.parametrize("build", [mlp(), None, Run(mlp(), sgd(mlp()))])
def test_a_model_in_the_place_of_build(data, build):
    refuses(
        lambda: train_fleet(build, data, values=[0], epochs=1),
        "build must be a function of a value, got a",
        "return Run(model, optimizer)",
        error=TypeError,
    )


@pytest.mark.parametrize("values", [5, None, "01"])
def test_values_that_are_no_list(data, values):
    refuses(
        lambda: train_fleet(lambda v: None, data, values=values, epochs=1),
        f"values must be a list of values, got {values!r}",
        error=TypeError,
    )


def test_what_cannot_be_scored(data):
    x, y = data.x_val, data.y_val
    refuses(
        lambda: evaluate(mlp(), x.numpy(), y), "x must be a tensor, got a ndar", error=TypeError
    )
    refuses(
        lambda: evaluate(mlp(), x, y.tolist()), "y must be a tensor, got a list", error=TypeError
    )
    refuses(lambda: evaluate(mlp(), x, y[1:]), "x and y must have the same length", "same rows")
    refuses(lambda: evaluate(mlp(), x, y[0]), "x and y must have the same length")


@both
@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_beyond_64_bits(run, data, seed):
    option = {"seed": seed} if run is run_fit else {"seeds": [seed]}
    refuses(lambda: run(data, **option), f"seed must be a number of 64 bits, got {seed}")


@pytest.mark.parametrize("seed", [2**64 - 1, -(2**63), np.int64(-1)])
def test_seeds_of_64_bits(data, seed):
    run_fit(data, seed=seed)
    run_fleet(data, seeds=[seed])


@both
def test_inputs_with_gradients_get_none(run, data):
    x = data.x_train.clone().requires_grad_()
    weight = torch.ones(1, requires_grad=True)
    for inputs in (x, x * weight):
        own = type(data)(
            "own", inputs, data.y_train, data.x_val, data.y_val, data.test, data.num_classes
        )
        run(own, epochs=2)
    assert x.grad is None
    assert weight.grad is None


def test_two_fleets_can_be_compared(data):
    fleet = run_fleet(data)
    assert fleet == fleet
    assert fleet != run_fleet(data)
