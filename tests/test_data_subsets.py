"""Subsets of a data set, and label noise."""

import itertools

import pytest
import torch
from scipy.stats import binom

from course_utils.data import (
    load_dataset,
    seal,
)
from tests.datasets import CLASSIFIED


@pytest.fixture(autouse=True)
def fresh_seals(monkeypatch):
    monkeypatch.setattr(seal, "_opened", {})


@pytest.fixture
def digits():
    return load_dataset("digits")


def rows(x):
    """The samples as a set, to ask whether one set of samples lies inside another."""
    return {tuple(row) for row in x.flatten(1).tolist()}


# --- subsets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_subsets_are_nested(digits, seed):
    small, large = digits.subset(50, seed), digits.subset(200, seed)
    assert small.n_train == 50
    assert torch.equal(small.x_train, large.x_train[:50])
    assert torch.equal(small.y_train, large.y_train[:50])
    assert len(rows(large.x_train)) == 200


def test_subsets_differ_by_seed_and_keep_image_and_label_together(digits):
    truth = dict(zip(map(tuple, digits.x_train.flatten(1).tolist()), digits.y_train, strict=True))
    first, second = digits.subset(100, 0), digits.subset(100, 1)
    assert rows(first.x_train) != rows(second.x_train)
    for x, y in zip(first.x_train.flatten(1).tolist(), first.y_train, strict=True):
        assert truth[tuple(x)] == y


def test_the_largest_subset_is_everything(digits):
    assert rows(digits.subset(1000).x_train) == rows(digits.x_train)


def test_few_validation_samples_can_be_kept_for_scoring(digits):
    kept = digits.limit_validation(30)
    assert torch.equal(kept.x_val, digits.x_val[:30])
    assert torch.equal(kept.y_val, digits.y_val[:30])
    assert kept.x_train is digits.x_train
    assert kept.test is digits.test
    assert len(digits.limit_validation().y_val) == len(digits.y_val)  # there are no 1,000
    assert torch.equal(digits.scored_on(30).x_val, kept.x_val)  # its earlier name


def test_per_class_is_balanced_nested_and_mixed(digits):
    small, large = digits.per_class(3), digits.per_class(20)
    assert small.y_train.bincount().tolist() == [3] * 10
    assert large.y_train.bincount().tolist() == [20] * 10
    assert rows(small.x_train) <= rows(large.x_train)
    assert rows(small.x_train) != rows(digits.per_class(3, seed=1).x_train)
    assert not torch.equal(large.y_train, large.y_train.sort().values)


def test_per_class_counts_true_labels(digits):
    chosen = digits.with_label_noise(0.5).per_class(10)
    assert chosen.y_clean.bincount().tolist() == [10] * 10


# --- label noise -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSIFIED)
@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.6, 1.0])
def test_share_of_wrong_labels(name, fraction):
    data = load_dataset(name, label_noise=fraction)
    low, high = binom.interval(0.9999, data.n_train, fraction * (1 - 1 / data.num_classes))
    assert low <= int(data.noisy.sum()) <= high


@pytest.mark.parametrize("fraction", [0.2, 1.0])
def test_wrong_labels_are_spread_over_all_classes(digits, fraction):
    noisy = digits.with_label_noise(fraction)
    counts = noisy.y_train[noisy.noisy].bincount(minlength=10)
    low, high = binom.interval(0.9999, int(noisy.noisy.sum()), 1 / 10)
    assert ((counts >= low) & (counts <= high)).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_is_nested_across_fractions(digits, seed):
    levels = [digits.with_label_noise(f, seed) for f in (0.1, 0.3, 0.6, 1.0)]
    for less, more in itertools.pairwise(levels):
        assert not (less.noisy & ~more.noisy).any()
        assert torch.equal(less.y_train[less.noisy], more.y_train[less.noisy])


def test_noise_agrees_across_nested_subsets(digits):
    small = digits.subset(100).with_label_noise(0.4)
    large = digits.subset(500).with_label_noise(0.4)
    assert torch.equal(small.y_train, large.y_train[:100])


def test_noise_reaches_training_labels_only(digits):
    noisy = digits.with_label_noise(0.5)
    assert torch.equal(noisy.x_train, digits.x_train)
    assert torch.equal(noisy.x_val, digits.x_val)
    assert torch.equal(noisy.y_val, digits.y_val)
    assert torch.equal(noisy.test.open()[1], digits.test._y)
    assert noisy.noisy.any()
    assert not digits.noisy.any()


def test_noise_differs_by_seed(digits):
    assert not torch.equal(
        digits.with_label_noise(0.3, 0).noisy, digits.with_label_noise(0.3, 1).noisy
    )


def test_no_noise_changes_nothing_and_a_second_call_starts_from_the_truth(digits):
    once = digits.with_label_noise(0.3)
    assert torch.equal(digits.with_label_noise(0.0).y_train, digits.y_train)
    assert torch.equal(
        digits.with_label_noise(0.9, seed=5).with_label_noise(0.3).y_train, once.y_train
    )
    assert torch.equal(once.with_label_noise(0.0).y_train, digits.y_train)


def test_labels_changed_by_hand_count_as_noisy(digits):
    digits.y_train[:3] = (digits.y_train[:3] + 1) % 10
    assert digits.noisy.nonzero().flatten().tolist() == [0, 1, 2]


def test_what_stays_the_same_is_shared(digits):
    for derived in (digits.subset(100), digits.with_label_noise(0.5), digits.to("cpu")):
        assert derived.x_val is digits.x_val
        assert derived.y_val is digits.y_val
    assert digits.with_label_noise(0.5).x_train is digits.x_train


def test_subset_carries_its_noise_along(digits):
    chosen = digits.with_label_noise(0.5).subset(100)
    assert torch.equal(chosen.y_clean, digits.subset(100).y_train)
    assert chosen.noisy.any()
