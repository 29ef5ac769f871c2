"""What is switched off must change nothing: not a bit of what `fit` trains, and in a fleet nothing
beyond float64's rounding."""

import pytest
import torch
from torch import nn

from course_utils.augmentation import GaussianNoise, RandomAffine, RandomFlip, RandomShift
from course_utils.data import load_dataset
from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    elastic_net,
    l1_penalty,
    l2_penalty,
    soft_threshold,
)
from course_utils.training import fit
from tests.precision import in_float64


@pytest.fixture(scope="module")
def data():
    return in_float64(load_dataset("digits", n_train=110))


def run(data, *, lr=0.1, model=None, **options):
    """(history, weights) of three epochs from one start."""
    torch.manual_seed(0)
    network = MLP(64, (16,), 10, **(model or {})).double()
    history = fit(
        network,
        data,
        optimizer=torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9),
        epochs=3,
        **options,
    )
    return history, list(network.parameters())


def unchanged(got, expected):
    (history, weights), (baseline, expected_weights) = got, expected
    assert history == baseline
    assert len(weights) == len(expected_weights)
    assert all(torch.equal(a, b) for a, b in zip(weights, expected_weights, strict=True))


@pytest.fixture(scope="module")
def baseline(data):
    history, weights = run(data)
    assert history.train_loss[-1] < history.train_loss[0]
    return history, weights


@pytest.mark.parametrize(
    "penalty",
    [
        lambda m: 0.0 * l2_penalty(m),
        lambda m: 0.0 * l1_penalty(m),
        lambda m: 0.0 * elastic_net(m, 0.5),
    ],
)
def test_lambda_0(data, baseline, penalty):
    unchanged(run(data, penalty=penalty), baseline)


@pytest.mark.parametrize("layer", [nn.Dropout, Dropout, nn.AlphaDropout])
def test_p_0(data, baseline, layer):
    unchanged(run(data, model={"dropout": 0.0, "dropout_layer": layer}), baseline)


@pytest.mark.parametrize(
    "augment",
    [RandomShift(0), GaussianNoise(0.0), RandomFlip(0.0), lambda x: x],
    ids=["shift", "noise", "flip", "identity"],
)
def test_augmentation_of_strength_0(data, baseline, augment):
    unchanged(run(data, augment=augment), baseline)


def test_affine_of_strength_0_up_to_rounding(data):
    x = data.x_train
    assert torch.allclose(RandomAffine(0.0, 0.0, 0.0)(x), x, rtol=0, atol=1e-9)


@pytest.mark.parametrize("model", [{}, {"norm_layer": nn.BatchNorm1d}, {"dropout": 0.5}])
def test_learning_rate_0(data, model):
    torch.manual_seed(0)
    start = list(MLP(64, (16,), 10, **model).double().parameters())
    history, weights = run(data, lr=0.0, model=model)
    assert all(torch.equal(a, b) for a, b in zip(weights, start, strict=True))
    if "norm_layer" not in model:
        assert len(set(history.train_loss)) == len(set(history.val_loss)) == 1


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_ends_of_elastic_net_are_its_parts(data, alpha):
    part = l1_penalty if alpha else l2_penalty
    unchanged(
        run(data, penalty=lambda m: 0.01 * elastic_net(m, alpha)),
        run(data, penalty=lambda m: 0.01 * part(m)),
    )


def test_threshold_0():
    w = torch.randn(100)
    assert torch.equal(soft_threshold(w, 0.0), w)


def test_label_noise_0_and_all_of_the_data(data, baseline):
    unchanged(run(data.with_label_noise(0.0)), baseline)
    kept = data.subset(data.n_train)
    assert sorted(map(tuple, kept.x_train.flatten(1).tolist())) == sorted(
        map(tuple, data.x_train.flatten(1).tolist())
    )


def test_a_rule_that_never_stops_does_not_change_the_record(data, baseline):
    history, _ = run(data, early_stopping=lambda history: False, restore_best=False)
    assert history == baseline[0]


def test_batch_norm_with_momentum_0_keeps_its_statistics():
    x = torch.randn(8, 3)
    for layer in (BatchNorm1d(3, momentum=0.0), nn.BatchNorm1d(3, momentum=0.0)):
        layer(x)
        assert torch.equal(layer.running_mean, torch.zeros(3))
        assert torch.equal(layer.running_var, torch.ones(3))


def test_the_order_of_the_values_does_not_matter(data):
    """A member meets the same numbers wherever in the fleet it stands, and whoever stands by."""

    def build(p):
        model = MLP(64, (16,), 10, dropout=p).double()
        return Run(model, torch.optim.SGD(model.parameters(), lr=0.1))

    def train(values, seeds):
        return train_fleet(
            build, data, values=values, seeds=seeds, epochs=2, progress=False
        ).val_loss

    both = train([0.2, 0.6], [0, 5])
    turned = train([0.6, 0.2], [5, 0])
    assert both == pytest.approx(turned[::-1, ::-1], rel=1e-9)
    assert both[1:, 1:] == pytest.approx(train([0.6], [5]), rel=1e-9)


def test_switched_off_in_a_fleet_is_a_paired_zero(data):
    """λ = 0 and p = 0 beside other values are the plain run."""

    def penalized(lam):
        model = MLP(64, (16,), 10).double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Run(model, optimizer, penalty=lambda m: lam * l2_penalty(m))

    def dropped(p):
        model = MLP(64, (16,), 10, dropout=p).double()
        return Run(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))

    plain, _ = run(data)
    for build in (penalized, dropped):
        fleet = train_fleet(build, data, values=[0.0, 0.5], seeds=2, epochs=3, progress=False)
        assert fleet.val_loss[0, 0] == pytest.approx(plain.val_loss, rel=1e-9)
        assert abs(fleet.val_loss[1, 0, -1] - plain.val_loss[-1]) > 1e-3
