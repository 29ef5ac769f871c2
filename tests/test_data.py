"""Data sets: what there is, its shapes, and the one split."""

import numpy as np
import pytest
import torch

from course_utils.data import (
    load_dataset,
    moons,
    polynomial,
    seal,
    spirals,
    splits,
    true_function,
)
from tests.datasets import BUNDLED, CLASSIFIED


@pytest.fixture(autouse=True)
def fresh_seals(monkeypatch):
    monkeypatch.setattr(seal, "_opened", {})


@pytest.fixture
def digits():
    return load_dataset("digits")


def rows(x):
    """The samples as a set, to ask whether one set of samples lies inside another."""
    return {tuple(row) for row in x.flatten(1).tolist()}


# --- what there is ---------------------------------------------------------------------------


def test_digits_shapes_types_and_range(digits):
    assert digits.x_train.shape == (1000, 1, 8, 8)
    assert digits.x_val.shape == (400, 1, 8, 8)
    x_test, y_test = digits.test.open()
    assert x_test.shape == (397, 1, 8, 8)
    for x in (digits.x_train, digits.x_val, x_test):
        assert x.dtype == torch.float32
        assert x.min() == 0
        assert x.max() == 1
    for y in (digits.y_train, digits.y_val, y_test):
        assert y.dtype == torch.int64
        assert set(y.tolist()) == set(range(10))
    assert digits.num_classes == 10
    assert digits.input_shape == (1, 8, 8)
    assert digits.n_train == 1000


def test_digits_are_the_published_ones(digits):
    x_test, y_test = digits.test.open()
    pixels = torch.cat([digits.x_train, digits.x_val, x_test]) * 16
    labels = torch.cat([digits.y_train, digits.y_val, y_test])
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(pixels.sum()) == 561718
    assert torch.equal(pixels, pixels.round())


def test_digits_equal_scikit_learns():
    source = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    data = load_dataset("digits")
    theirs = {
        (*image.reshape(-1).tolist(), label)
        for image, label in zip(*source.load_digits(return_X_y=True), strict=True)
    }
    x_test, y_test = data.test.open()
    for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val), (x_test, y_test)):
        ours = {
            (*image, label)
            for image, label in zip((x.flatten(1) * 16).tolist(), y.tolist(), strict=True)
        }
        assert ours <= theirs


@pytest.mark.parametrize("name", ["moons", "spirals"])
def test_points_in_the_plane(name):
    data = load_dataset(name)
    assert data.x_train.shape == (1000, 2)
    assert data.x_train.dtype == torch.float32
    assert data.y_train.dtype == torch.int64
    assert data.y_train.bincount().tolist() == [500, 500]
    assert data.num_classes == 2
    assert data.input_shape == (2,)


def test_spirals_have_as_many_arms_as_asked_for():
    data = spirals(90, num_classes=3)
    assert data.num_classes == 3
    assert data.y_train.bincount().tolist() == [30, 30, 30]


def test_polynomial_is_the_true_function_plus_noise():
    exact = polynomial(50, noise=0)
    assert exact.x_train.shape == (50, 1)
    assert exact.y_train.dtype == torch.float32
    assert exact.num_classes is None
    assert exact.x_train.abs().max() <= 1
    torch.testing.assert_close(exact.y_train, true_function(exact.x_train[:, 0]))
    noisy = polynomial(2000, noise=0.3)
    residual = noisy.y_train - true_function(noisy.x_train[:, 0])
    # Four standard errors of a mean and of a standard deviation of 2,000 normal numbers.
    assert abs(float(residual.mean())) < 4 * 0.3 / 2000**0.5
    assert abs(float(residual.std()) - 0.3) < 4 * 0.3 / (2 * 2000) ** 0.5


@pytest.mark.parametrize("make", [moons, spirals, polynomial])
def test_made_up_training_points_are_nested_and_held_out_points_are_fixed(make):
    small, large, other = make(20), make(50), make(20, seed=1)
    assert torch.equal(small.x_train, large.x_train[:20])
    assert torch.equal(small.y_train, large.y_train[:20])
    assert not torch.equal(small.x_train, other.x_train)
    for data in (large, other):
        assert torch.equal(data.x_val, small.x_val)
        assert torch.equal(data.y_val, small.y_val)


def test_more_noise_moves_the_same_points_further():
    exact, some, more = (moons(50, noise=noise).x_train for noise in (0.0, 0.1, 0.2))
    torch.testing.assert_close(more - exact, 2 * (some - exact))


# --- the split -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUNDLED)
def test_the_split_is_the_same_for_every_seed_size_and_noise(name):
    plain = load_dataset(name)
    noise = 0.5 if name in CLASSIFIED else 0.0
    other = load_dataset(name, n_train=100, label_noise=noise, seed=7)
    assert torch.equal(plain.x_val, other.x_val)
    assert torch.equal(plain.y_val, other.y_val)
    assert rows(other.x_train) <= rows(plain.x_train)
    x_test, y_test = plain.test.open()
    assert torch.equal(x_test, other.test._x)
    assert torch.equal(y_test, other.test._y)


def test_the_split_does_not_touch_or_use_the_global_random_state():
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 (the state that others may rely on)
    before = torch.get_rng_state()
    first = load_dataset("digits", n_train=50, label_noise=0.3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    second = load_dataset("digits", n_train=50, label_noise=0.3)
    assert torch.equal(first.x_train, second.x_train)
    assert torch.equal(first.y_train, second.y_train)


def test_the_split_is_the_same_on_every_machine():
    # Frozen: numbers in the lessons depend on it. It may not change without rerunning them.
    assert load_dataset("digits").y_val[:10].tolist() == [2, 5, 1, 9, 0, 3, 8, 6, 4, 7]
    assert splits.permutation("subset", 0, 8).tolist() == [1, 7, 5, 2, 3, 4, 6, 0]


def test_digits_split_is_stratified_and_disjoint(digits):
    x_test, y_test = digits.test.open()
    parts = ((digits.x_train, digits.y_train), (digits.x_val, digits.y_val), (x_test, y_test))
    share = torch.tensor([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]) / 1797
    for _, y in parts:
        assert (y.bincount() - share * len(y)).abs().max() < 1.5
    # Every digit image is different, so shared rows would be shared samples.
    assert len(set.union(*(rows(x) for x, _ in parts))) == 1797


def test_editing_one_loaded_data_set_leaves_the_next_one_alone():
    first = load_dataset("digits")
    expected_x, expected_y = first.x_train.clone(), first.y_train.clone()
    first.x_train.zero_()
    first.y_train.zero_()
    first.x_val.zero_()
    second = load_dataset("digits")
    assert torch.equal(second.x_train, expected_x)
    assert torch.equal(second.y_train, expected_y)
    assert second.x_val.max() == 1
