"""`Dataset.from_tensors`: what a caller hands over arrives as it was meant."""

import numpy as np
import pytest
import torch

from course_utils.data import Dataset
from tests.own_arrays import N, Table, inputs, labels, parts, refused, same

# --- what is taken as it was meant ------------------------------------------------------------


def read_only(values):
    array = np.array(values)
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    "wrapped",
    [
        np.asarray,
        Table,
        read_only,
        list,
        tuple,
        lambda values: values.tolist(),
        lambda values: np.asarray(values)[::-1].copy()[::-1],  # negative strides
        lambda values: np.asarray(values).astype(np.asarray(values).dtype.newbyteorder(">")),
        np.ma.masked_array,  # without a mask
        lambda values: values.clone().requires_grad_() if values.is_floating_point() else values,
        lambda values: values[:, None].expand(N, 2, *values.shape[1:])[:, 0],
    ],
)
def test_arrays_lists_and_tables(wrapped):
    expected = Dataset.from_tensors(inputs(), labels())
    data = Dataset.from_tensors(wrapped(inputs()), wrapped(labels()))
    assert same(data, expected)
    assert not data.x_train.requires_grad
    assert type(data.x_train) is torch.Tensor


def test_parameters_and_long_doubles():
    expected = Dataset.from_tensors(inputs(), labels())
    assert same(Dataset.from_tensors(torch.nn.Parameter(inputs()), labels()), expected)
    assert same(Dataset.from_tensors(inputs().numpy().astype(np.longdouble), labels()), expected)


def test_labels_that_are_bools_or_small_integers():
    expected = Dataset.from_tensors(inputs(), labels(2))
    for y in (labels(2).bool(), labels(2).to(torch.uint8), labels(2).numpy().astype(np.uint16)):
        data = Dataset.from_tensors(inputs(), y)
        assert same(data, expected)
        assert data.y_train.dtype == torch.int64
        assert data.num_classes == 2


def test_floating_point_targets_are_a_regression_even_if_they_are_whole():
    # Counts, ratings and ages are whole numbers, too.
    assert Dataset.from_tensors(inputs(), labels().double()).num_classes is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_data_set_does_not_share_memory_with_what_it_was_made_of(dtype):
    x, y = inputs(dtype), labels()
    array_x, array_y = x.numpy().copy(), y.numpy().copy()
    expected = Dataset.from_tensors(x.clone(), y.clone())
    of_tensors, of_arrays = Dataset.from_tensors(x, y), Dataset.from_tensors(array_x, array_y)
    for mine in (x, y, array_x, array_y):
        mine[:] = 0
    assert same(of_tensors, expected)
    assert same(of_arrays, expected)


def test_the_reverse_does_not_reach_the_caller():
    x, y = inputs(torch.float32), labels()
    data = Dataset.from_tensors(x, y)
    for tensor in parts(data):
        tensor.zero_()
    assert torch.equal(x, inputs(torch.float32))
    assert torch.equal(y, labels())


# --- labels -----------------------------------------------------------------------------------


def test_labels_that_count_from_one():
    y = torch.arange(N) % 10 + 1
    refused(inputs(), y, "from 0", "got 1 .. 10", "class 0 never occurs", "use y - 1,")
    refused(inputs(), y, "0 .. 9, got 10", "use y - 1", num_classes=10)
    assert Dataset.from_tensors(inputs(), y - 1).num_classes == 10
    assert Dataset.from_tensors(inputs(), y, num_classes=11).num_classes == 11


@pytest.mark.parametrize(
    ("names", "shown", "missing"),
    [
        ((0, 1, 3), "got 0, 1, 3:", "class 2 never occurs"),
        ((2, 3), "got 2 .. 3:", "class 0 never occurs"),
        ((7,), "got 7 .. 7:", "class 0 never occurs"),
        ((1, 2, 30, 40, 50, 60), "got 1, 2, 30, 40, 50, ...:", "class 0 never occurs"),
        ((0, 16_777_217), "got 0, 16777217:", "class 1 never occurs"),
    ],
)
def test_labels_with_gaps(names, shown, missing):
    y = torch.tensor(names)[torch.arange(N) % len(names)]
    remedies = ("np.unique(y, return_inverse=True)[1]", f"num_classes={max(names) + 1}")
    refused(inputs(), y, "without gaps", shown, missing, "make y floating-point", *remedies)
    assert Dataset.from_tensors(inputs(), y, num_classes=max(names) + 1)
    if len(names) > 1:
        renumbered = np.unique(y, return_inverse=True)[1]
        assert Dataset.from_tensors(inputs(), renumbered).num_classes == len(names)
    assert Dataset.from_tensors(inputs(), y.float()).num_classes is None


def test_one_class_alone():
    y = torch.zeros(N, dtype=torch.int64)
    refused(inputs(), y, "at least 2 classes", "class 0 alone", "num_classes=2")
    refused(inputs(), y, "at least 2 classes", num_classes=1)
    refused(inputs(), y.bool(), "at least 2 classes")
    assert Dataset.from_tensors(inputs(), y, num_classes=2).num_classes == 2


def test_columns_and_one_hot_labels():
    for y in (labels()[:, None], torch.eye(4)[labels()], labels().numpy()[:, None]):
        refused(inputs(), y, "one entry per sample", "y.squeeze(1)", "y.argmax(1)")
