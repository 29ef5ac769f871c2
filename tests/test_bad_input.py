"""What cannot work is refused with the value, the rule and the remedy, before time is spent on it.

What belongs to the data (unknown names, too many samples, label noise) is in test_data.
"""

import dataclasses
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import GaussianNoise, RandomAffine, RandomFlip, RandomShift
from course_utils.data import Dataset, load_dataset, moons, polynomial
from course_utils.evidence import estimate, paired_difference
from course_utils.fleet import Run, iter_fleet, train_fleet
from course_utils.models import MLP, SmallCNN
from course_utils.noise import SeededDraws
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    early_stopping,
    elastic_net,
    l1_penalty,
    l2_penalty,
    soft_threshold,
    strength,
)
from course_utils.training import DivergedError, evaluate, fit

nan, inf = math.nan, math.inf


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=60)


def mlp(num_classes=10):
    torch.manual_seed(0)
    return MLP(64, (8,), num_classes)


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def run_fit(data, model=None, optimizer=None, epochs=1, **options):
    model = mlp() if model is None else model
    return fit(model, data, epochs=epochs, optimizer=optimizer or sgd(model), **options)


def run_fleet(
    data, model=mlp, optimizer=None, epochs=1, values=(0,), seeds=1, batch_size=50, **run
):
    def build(value):
        own = model()
        return Run(own, optimizer or sgd(own), **run)

    return train_fleet(
        build,
        data,
        values=values,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        progress=False,
    )


def refuses(call, *parts, error=ValueError):
    """`call` raises `error`, whose message has every one of `parts`."""
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


# --- settings of regularizers -----------------------------------------------------------------


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, nan])
def test_dropout_p(p):
    rule = f"p must be in [0, 1), got {p}"
    remedy = "p is the share of units dropped"
    refuses(lambda: Dropout(p), rule, remedy)
    refuses(lambda: MLP(4, (3,), 2, dropout=p), rule, remedy)
    refuses(lambda: MLP(4, (3, 3), 2, dropout=(0.5, p)), rule, remedy)
    refuses(lambda: SmallCNN((1, 4, 4), 2, dropout=p), rule, remedy)


def test_pytorchs_dropout_in_a_stream():
    with SeededDraws(0):
        refuses(lambda: F.dropout(torch.ones(3), -0.5), "must be in [0, 1], got -0.5", "share")


def test_one_p_for_each_layer():
    refuses(
        lambda: MLP(4, (3, 3), 2, dropout=(0.1, 0.2, 0.3)),
        "one p, or one for each of the 2 hidden layers, got [0.1, 0.2, 0.3]",
    )


@pytest.mark.parametrize("lam", [-0.1, inf, nan])
def test_strength(lam):
    refuses(lambda: strength(lam), f"must be 0 or more and finite, got {lam}", "large weights")
    refuses(lambda: soft_threshold(torch.ones(2), lam), f"got {lam}")
    assert strength(0.25) == 0.25


@pytest.mark.parametrize("alpha", [-0.1, 1.1, nan])
def test_elastic_net_alpha(alpha):
    rule = f"alpha must be in [0, 1], got {alpha}"
    refuses(lambda: elastic_net(mlp(), alpha), rule, "0 is pure L2, 1 is pure L1")


def test_nothing_to_penalize():
    for penalty in (l1_penalty, l2_penalty):
        refuses(lambda p=penalty: p(nn.BatchNorm1d(3)), "no weights with two or more dimensions")


@pytest.mark.parametrize("patience", [0, -1])
def test_patience(patience):
    refuses(lambda: early_stopping(patience), f"patience must be at least 1 epoch, got {patience}")


@pytest.mark.parametrize("patience", [2.5, nan, inf, True, "3"])
def test_patience_counts_epochs(patience):
    rule = f"patience must be a whole number of epochs, got {patience!r}"
    refuses(lambda: early_stopping(patience), rule)
    early_stopping(np.int64(3))


@pytest.mark.parametrize("min_delta", [-0.1, nan])
def test_min_delta(min_delta):
    rule = f"min_delta must be 0 or more, got {min_delta}"
    refuses(lambda: early_stopping(1, min_delta), rule, "loss difference")


def test_batch_norm():
    refuses(lambda: BatchNorm1d(3, momentum=1.5), "momentum must be in [0, 1], got 1.5", "newest")
    layer = BatchNorm1d(3)
    refuses(lambda: layer(torch.ones(1, 3)), "at least 2 samples", "got 1", "larger batch")
    for shape in [(4, 2), (4, 1), (4, 3, 2), (3,)]:
        refuses(lambda s=shape: layer(torch.ones(s)), "[n, 3]", f"got {shape}", "width")
    assert layer.eval()(torch.ones(1, 3)).shape == (1, 3)  # one sample is fine in evaluation


# --- augmentation -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, inf, nan])
def test_strengths_of_augmentation(value):
    rule = f"must be 0 or more and finite, got {value}"
    refuses(lambda: RandomAffine(degrees=value), "degrees", rule, "0 changes nothing")
    refuses(lambda: RandomAffine(shift=value), "shift", rule)
    refuses(lambda: RandomShift(value), "pixels", rule)
    refuses(lambda: GaussianNoise(value), "std", rule)


@pytest.mark.parametrize("value", [-0.1, 1.0, nan])
def test_zoom(value):
    refuses(lambda: RandomAffine(zoom=value), f"zoom must be in [0, 1), got {value}", "0.9 to 1.1")


def test_flip_p():
    refuses(lambda: RandomFlip(1.5), "p must be in [0, 1], got 1.5", "share flipped")


@pytest.mark.parametrize("transform", [RandomAffine(5), RandomShift(1), RandomFlip()])
def test_images_that_are_none(transform):
    refuses(
        lambda: transform(torch.ones(5, 64)),
        "[n, channels, height, width], got shape (5, 64)",
        "before flattening",
    )


# --- models -----------------------------------------------------------------------------------


def test_layers_without_units():
    for bad in (lambda: MLP(0, (3,), 2), lambda: MLP(4, (3, 0), 2), lambda: MLP(4, (3,), 0)):
        refuses(bad, "every layer needs at least one unit", "hidden_sizes=")


def test_images_too_small_to_pool():
    refuses(lambda: SmallCNN((1, 3, 8), 2), "at least 4 x 4", "got 3 x 8")


# --- fit and fleet alike ----------------------------------------------------------------------

both = pytest.mark.parametrize("run", [run_fit, run_fleet], ids=["fit", "fleet"])


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


# --- evidence ---------------------------------------------------------------------------------


def test_evidence_without_samples():
    refuses(lambda: estimate([]), "one score for each seed", "shape (0,)")
    refuses(lambda: estimate([[1.0, 2.0]]), "shape (1, 2)")


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_level(level):
    refuses(lambda: estimate([1, 2], level), f"level must be in (0, 1), got {level}", "0.95")


def test_pairs_without_a_partner():
    refuses(
        lambda: paired_difference([1, 2, 3], [1, 2]),
        "got 3 and 2",
        "compare runs with the same seeds",
    )


def test_a_data_set_in_the_wrong_shape_for_the_model():
    """PyTorch's own message stands where it is clear."""
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run_fit(moons(20))
    assert isinstance(moons(20), Dataset)
