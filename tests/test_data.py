"""Data sets: shapes, the one split, subsets, label noise, the seal, and what bad input is told."""

import copy
import dataclasses
import itertools
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binom

from course_utils import data as data_package
from course_utils.data import (
    DATASETS,
    Dataset,
    SealBrokenError,
    SealedTestSet,
    load_dataset,
    moons,
    polynomial,
    seal,
    spirals,
    splits,
    true_function,
)

BUNDLED = ["digits", "moons", "spirals", "polynomial"]
CLASSIFIED = ["digits", "moons", "spirals"]


@pytest.fixture(autouse=True)
def fresh_seals(monkeypatch):
    monkeypatch.setattr(seal, "_opened", {})


@pytest.fixture
def digits():
    return load_dataset("digits")


def own(n=100, classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, generator=generator), torch.arange(n) % classes


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
    kept = digits.scored_on(30)
    assert torch.equal(kept.x_val, digits.x_val[:30])
    assert torch.equal(kept.y_val, digits.y_val[:30])
    assert kept.x_train is digits.x_train
    assert kept.test is digits.test
    assert len(digits.scored_on().y_val) == len(digits.y_val)  # there are no 1,000


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


# --- the seal --------------------------------------------------------------------------------


def test_a_test_set_opens_once_and_says_when_it_was_opened(digits):
    assert digits.test.opened_at is None
    digits.test.open()
    opened = digits.test.opened_at
    with pytest.raises(SealBrokenError) as error:
        digits.test.open()
    assert f"{opened:%H:%M:%S}" in str(error.value)
    for part in ("'digits'", "opens once", "x_val", "restart the kernel"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    "again",
    [
        lambda data: data.subset(10),
        lambda data: data.per_class(2),
        lambda data: data.with_label_noise(0.2),
        lambda data: data.to("cpu"),
        lambda data: load_dataset("digits"),
        lambda data: load_dataset("digits", n_train=10, seed=3),
        copy.copy,
        copy.deepcopy,
        dataclasses.replace,
    ],
)
def test_copies_and_reloads_share_the_seal(digits, again):
    digits.test.open()
    with pytest.raises(SealBrokenError):
        again(digits).test.open()


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: x.mul_(2),
        lambda x, y: y.zero_(),
        lambda x, y: (x.zero_(), y.zero_()),
        lambda x, y: x.resize_(0),
    ],
)
def test_a_test_set_stays_open_when_its_tensors_are_changed(digits, change):
    before = [digits, digits.to("cpu"), digits.subset(20), pickle.loads(pickle.dumps(digits))]
    change(*digits.test.open())
    after = [
        digits.to(torch.device("cpu")),
        digits.with_label_noise(0.3),
        dataclasses.replace(digits),
        copy.copy(digits),
        copy.deepcopy(digits),
        pickle.loads(pickle.dumps(digits)),
        load_dataset("digits"),
    ]
    for data in before + after:
        assert data.test.opened_at is not None
        with pytest.raises(SealBrokenError):
            data.test.open()


def test_a_test_set_stays_open_when_the_tensors_it_was_made_of_are_changed():
    x, y = own()
    mine, again = (SealedTestSet(x, y, name="mine") for _ in range(2))
    mine.open()
    x += 1
    for sealed in (mine, again):
        with pytest.raises(SealBrokenError):
            sealed.open()


@pytest.mark.parametrize(
    "same",
    [
        lambda x, y: (x.double(), y),
        lambda x, y: (x.numpy(), y.int()),
        lambda x, y: (x.unflatten(1, (3, 1)), y),
        lambda x, y: (x.mT.contiguous().mT, y),
    ],
)
def test_one_seal_for_one_data_set_in_another_shape_or_precision(same):
    x, y = own()
    Dataset.from_tensors(x, y).test.open()
    with pytest.raises(SealBrokenError):
        Dataset.from_tensors(*same(x, y)).test.open()


def test_large_test_sets_are_told_apart_by_inputs_and_by_targets():
    x = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    y = torch.arange(60) % 3
    for inputs, targets in ((x, y), (1 - x, y), (x, y.flip(0)), (x[:, :, :, :14], y)):
        SealedTestSet(inputs, targets, name="mine").open()
    with pytest.raises(SealBrokenError):
        SealedTestSet(x.clone(), y.clone(), name="mine").open()


def test_the_seal_of_made_up_and_own_data():
    moons(10).test.open()
    with pytest.raises(SealBrokenError):
        moons(50, seed=3).test.open()
    moons(10, noise=0.3).test.open()  # other test points, another seal
    Dataset.from_tensors(*own()).test.open()
    with pytest.raises(SealBrokenError, match="'again'"):
        Dataset.from_tensors(*own(), name="again").test.open()
    Dataset.from_tensors(*own(seed=1)).test.open()


def test_the_seal_shows_its_state_and_size(digits):
    assert len(digits.test) == 397
    assert "sealed" in repr(digits.test)
    digits.test.open()
    assert "opened at" in repr(digits.test)
    assert isinstance(digits.test, SealedTestSet)


# --- your own data, devices, words -----------------------------------------------------------


def test_from_tensors_splits_stratified_and_completely():
    x, y = own()
    data = Dataset.from_tensors(x, y)
    x_test, y_test = data.test.open()
    assert (data.n_train, len(data.x_val), len(x_test)) == (55, 25, 20)
    assert rows(data.x_train) | rows(data.x_val) | rows(x_test) == rows(x)
    assert y_test.bincount().tolist() == [5] * 4
    assert data.num_classes == 4
    assert data.name == "my data"


def test_from_tensors_takes_arrays_and_regressions():
    x, y = own()
    array = Dataset.from_tensors(x.numpy().astype(np.float64), y.numpy().astype(np.int32))
    assert array.x_train.dtype == torch.float32
    assert array.y_train.dtype == torch.int64
    line = Dataset.from_tensors(x, x.sum(1))
    assert line.num_classes is None
    assert line.y_train.dtype == torch.float32
    torch.testing.assert_close(line.y_train, line.x_train.sum(1))


def test_from_tensors_split_depends_on_the_seed_alone():
    x, y = own()
    first, again, other = (Dataset.from_tensors(x, y, seed=s) for s in (0, 0, 1))
    assert torch.equal(first.x_val, again.x_val)
    assert not torch.equal(first.x_val, other.x_val)


def test_own_data_can_name_more_classes_than_it_shows():
    assert Dataset.from_tensors(*own(), num_classes=6).num_classes == 6


def test_to_moves_every_tensor(digits):
    moved = digits.with_label_noise(0.2).to("meta")
    for tensor in (moved.x_train, moved.y_train, moved.x_val, moved.y_val, moved.y_clean):
        assert tensor.device.type == "meta"
    assert torch.equal(digits.to("cpu").x_train, digits.x_train)
    with pytest.raises(TypeError, match="device"):
        digits.to(torch.float64)


def test_a_data_set_introduces_itself(digits):
    assert "1000 training samples, 400 validation, 397 test" in repr(digits)
    noisy = digits.with_label_noise(0.2)
    assert f"({int(noisy.noisy.sum())} with a wrong label)" in repr(noisy)
    assert "regression" in repr(polynomial())


def test_a_data_set_cannot_be_reassigned(digits):
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.y_train = digits.y_val


def test_importing_the_package_leaves_torchvision_alone():
    # torchvision takes more than a second to import, and "digits" does not need it.
    code = (
        "import sys; from course_utils.data import load_dataset; load_dataset('digits'); "
        "sys.exit('torchvision' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_what_the_package_names_is_there():
    assert set(data_package.__all__) <= set(dir(data_package))
    assert list(DATASETS) == ["digits", "mnist", "fashion_mnist", "moons", "spirals", "polynomial"]


# --- bad input: the value, the rule and the remedy -------------------------------------------


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: load_dataset("minst"), ("'minst'", "'digits', 'mnist'", "did you mean 'mnist'")),
        (lambda: load_dataset("Fashion-MNIST"), ("did you mean 'fashion_mnist'",)),
        (lambda: load_dataset("xyzzy"), ("'xyzzy'", "'moons'", "Dataset.from_tensors")),
        (lambda: load_dataset(["digits"]), ("name must be one of", "['digits']")),
        (lambda: load_dataset("digits", n_train=5000), ("n_train", "1000", "got 5000")),
        (lambda: load_dataset("digits", n_train=0), ("n_train", "at least 1", "got 0")),
        (lambda: load_dataset("digits", n_train=-3), ("n_train", "at least 1", "got -3")),
        (lambda: load_dataset("digits", n_train=10.5), ("n_train", "whole number", "10.5")),
        (lambda: load_dataset("digits", n_train=True), ("n_train", "whole number", "True")),
        (lambda: load_dataset("digits", label_noise=1.5), ("label_noise", "[0, 1]", "got 1.5")),
        (lambda: load_dataset("digits", label_noise=20), ("got 20", "for 20 % write 0.2")),
        (lambda: load_dataset("digits", label_noise=-0.1), ("[0, 1]", "got -0.1")),
        (lambda: load_dataset("digits", label_noise=float("nan")), ("[0, 1]", "got nan")),
        (lambda: load_dataset("digits", label_noise="a lot"), ("[0, 1]", "'a lot'")),
        (lambda: load_dataset("digits", n_train=9, seed=-1), ("seed", "at least 0", "got -1")),
        (lambda: load_dataset("digits", n_train=9, seed=0.5), ("seed", "whole number", "0.5")),
        (lambda: load_dataset("polynomial", label_noise=0.2), ("label noise", "regression")),
        (lambda: polynomial().per_class(3), ("per_class", "class labels", "subset(n)")),
        (lambda: moons(20).per_class(11), ("n must be at most 10", "class 0", "got 11")),
        (lambda: moons(0), ("n must be", "at least 1", "got 0")),
        (lambda: moons(20).scored_on(0), ("most must be", "at least 1", "got 0")),
        (lambda: moons(noise=-1), ("noise", "at least 0", "got -1")),
        (lambda: polynomial(noise=float("inf")), ("noise", "finite", "inf")),
        (lambda: spirals(num_classes=1), ("num_classes", "at least 2", "got 1")),
    ],
)
def test_bad_settings(call, parts):
    with pytest.raises(ValueError) as error:
        call()
    for part in parts:
        assert part in str(error.value)


X, Y = own()
NAN_X = X.clone()
NAN_X[[7, 9], 1] = float("nan")


@pytest.mark.parametrize(
    ("arguments", "settings", "parts"),
    [
        ((X, Y[:-1]), {}, ("same length", "100 samples and 99 targets")),
        ((NAN_X, Y), {}, ("NaN", "2 of 100", "sample 7")),
        ((X, X[:, 0] / 0), {}, ("y must hold finite numbers",)),
        ((X, Y - 1), {}, ("0 .. 2", "got -1")),
        ((X, Y), {"num_classes": 3}, ("0 .. 2", "got 3", "num_classes")),
        ((X, Y.float()), {"num_classes": 4}, ("whole numbers", "y.long()")),
        ((X, torch.eye(4)[Y]), {}, ("one entry per sample", "[100, 4]", "y.argmax(1)")),
        ((X, Y + 0j), {}, ("complex64",)),
        (((X * 255).to(torch.uint8), Y), {}, ("floating-point", "torch.uint8", "/ 255")),
        ((X[:, 0], Y), {}, ("[100]", "reshape(-1, 1)")),
        ((X[:0], Y[:0]), {}, ("at least one sample",)),
        ((X[:2], Y[:2]), {}, ("each part", "out of 2")),
        ((X, Y), {"val_fraction": 0.0}, ("val_fraction", "(0, 1)", "0.0")),
        ((X, Y), {"test_fraction": "half"}, ("test_fraction", "'half'")),
        ((X, Y), {"val_fraction": 0.6, "test_fraction": 0.6}, ("each part", "sum")),
    ],
)
def test_bad_data_of_your_own(arguments, settings, parts):
    with pytest.raises(ValueError) as error:
        Dataset.from_tensors(*arguments, **settings)
    for part in parts:
        assert part in str(error.value)


def test_parts_that_do_not_match_are_refused(digits):
    with pytest.raises(ValueError, match="same length, got 1000 and 10"):
        dataclasses.replace(digits, y_train=digits.y_train[:10])
