"""A learner's own data, devices and words, and what bad input is told."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils import data as data_package
from course_utils.data import (
    Dataset,
    load_dataset,
    moons,
    polynomial,
    seal,
    spirals,
)


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
        (lambda: load_dataset("digits", label_noise=20), ("got 20", "for 20% write 0.2")),
        (lambda: load_dataset("digits", label_noise=-0.1), ("[0, 1]", "got -0.1")),
        (lambda: load_dataset("digits", label_noise=float("nan")), ("[0, 1]", "got nan")),
        (lambda: load_dataset("digits", label_noise="a lot"), ("[0, 1]", "'a lot'")),
        (lambda: load_dataset("digits", n_train=9, seed=-1), ("seed", "at least 0", "got -1")),
        (lambda: load_dataset("digits", n_train=9, seed=0.5), ("seed", "whole number", "0.5")),
        (lambda: load_dataset("polynomial", label_noise=0.2), ("label noise", "regression")),
        (lambda: polynomial().per_class(3), ("per_class", "class labels", "subset(n)")),
        (lambda: moons(20).per_class(11), ("n must be at most 10", "class 0", "got 11")),
        (lambda: moons(0), ("n must be", "at least 1", "got 0")),
        (lambda: moons(20).limit_validation(0), ("most must be", "at least 1", "got 0")),
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
        ((X, Y - 1), {}, ("0 .. 3", "got -1", "the 4 classes")),
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
