"""The seal of a test set: it opens once, whatever shape or precision it comes in."""

import copy
import dataclasses
import pickle

import pytest
import torch

from course_utils.data import (
    Dataset,
    SealBrokenError,
    SealedTestSet,
    load_dataset,
    moons,
    seal,
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
