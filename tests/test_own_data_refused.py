"""`Dataset.from_tensors` refuses what a tensor would drop, and numbers that float32 cannot hold."""

import numpy as np
import pytest
import torch

from course_utils.data import Dataset
from tests.own_arrays import N, Table, inputs, labels, refused, same

# --- what a tensor would drop, or say less about ----------------------------------------------


def test_masked_arrays():
    x, y = inputs().numpy(), labels().numpy()
    gaps = np.ma.masked_greater(x, 0.9)
    refused(gaps, y, "x must have a value everywhere", "MaskedArray", "fill them")
    refused(x, np.ma.masked_equal(y, 3), "y must have a value everywhere", "leave out their")
    assert Dataset.from_tensors(gaps.filled(0.9), y).x_train.max() <= 0.9 + 1e-6


@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors:UserWarning")
def test_masked_tensors():
    x = torch.masked.masked_tensor(inputs(), inputs() < 0.9)
    refused(x, labels(), "x must have a value everywhere", "MaskedTensor")


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
def test_sparse_inputs():
    refused(inputs().to_sparse(), labels(), "x must be dense", "sparse_coo", "x.to_dense()")
    refused(inputs().to_sparse_csr(), labels(), "sparse_csr", "x.to_dense()")
    matrix = pytest.importorskip("scipy.sparse").csr_matrix(inputs().numpy())
    refused(matrix, labels(), "x must be dense", "csr_matrix", "x.toarray()")


def test_complex_numbers():
    for x in (inputs() + 0j, (inputs() + 0j).numpy()):
        refused(x, labels(), "x must hold real numbers", "complex128", "x.real or abs(x)")
    refused(inputs(), labels() + 0j, "y must hold real numbers", "complex64", "y.real")


@pytest.mark.parametrize(
    "words",
    [
        ["cat", "dog"] * (N // 2),
        np.array(["cat", "dog"] * (N // 2)),
        np.array(["cat", "dog"] * (N // 2), dtype=object),
        Table(np.array(["cat", "dog"] * (N // 2), dtype=object)),
    ],
)
def test_labels_that_are_words(words):
    refused(inputs(), words, "y must hold numbers", "'cat'", "np.unique(y, return_inverse=True)")
    names, y = np.unique(np.asarray(words), return_inverse=True)
    assert Dataset.from_tensors(inputs(), y).num_classes == len(names) == 2


def test_inputs_that_are_objects():
    x = inputs().numpy().astype(object)
    refused(x, labels(), "x must hold numbers", "object", "x.astype(float)")
    assert same(
        Dataset.from_tensors(x.astype(float), labels()), Dataset.from_tensors(inputs(), labels())
    )
    x[0, 1] = "red"
    refused(x, labels(), "x must hold numbers, got 'red' (object)", "turn words into columns")
    refused(None, labels(), "x must hold numbers, got None")
    refused(np.full((N, 1), np.datetime64("2020-01-01")), labels(), "(datetime64")


def test_samples_of_different_lengths():
    rows = [[1.0, 2.0]] * (N - 1) + [[1.0]]
    for x in (rows, [torch.tensor(row) for row in rows]):
        refused(x, labels(), "x must hold the same number of values", "pad or crop")


def test_whole_numbers_as_inputs():
    refused(labels()[:, None], labels(), "floating-point", "torch.int64")
    refused(inputs() > 0.5, labels(), "floating-point", "torch.bool")


# --- float32 ----------------------------------------------------------------------------------


def spoiled(value, sample=7, feature=1):
    x = inputs()
    x[sample, feature] = value
    return x


@pytest.mark.parametrize("value", [1e300, -1e39, 3.5e38])
def test_numbers_beyond_float32(value):
    rule = "must fit into float32, whose largest number is 3.4e+38, got"
    shown = (f"{abs(value):.4g} in sample 7", "divide each feature by its own largest number")
    refused(spoiled(value), labels(), f"x {rule}", *shown)
    refused(spoiled(value).numpy(), labels(), f"x {rule}", *shown)
    refused(inputs(), spoiled(value)[:, 1], f"y {rule}", *shown)
    scaled = spoiled(value) / spoiled(value).abs().amax(0)
    assert Dataset.from_tensors(scaled, labels()).x_train.isfinite().all()


def test_nan_is_named_before_what_is_too_large():
    x = spoiled(1e300)
    x[9, 0] = float("nan")
    refused(x, labels(), "NaN or infinity in 1 of 40 samples (the first is sample 9)")


@pytest.mark.parametrize(
    "column",
    [
        1e8 + torch.linspace(0, 1, N, dtype=torch.float64),
        1e6 + torch.linspace(0, 1, N, dtype=torch.float64),
        16_777_217.0 + torch.arange(N, dtype=torch.float64),  # the first whole numbers it skips
        torch.tensor([16_777_216.0, 16_777_217.0] * (N // 2), dtype=torch.float64),
        1.7e9 + 60 * torch.arange(N, dtype=torch.float64),  # a date and time in seconds
        torch.cat([16_777_217 + torch.arange(N - 1), torch.tensor([10**12])]).double(),
        1e-50 * (1 + torch.arange(N, dtype=torch.float64)),
        torch.full((N,), 1e-60, dtype=torch.float64),
    ],
)
def test_differences_that_float32_cannot_hold(column):
    x = torch.stack([inputs()[:, 0], column], dim=1)
    rule = "must keep its differences in float32"
    remedy = (
        "take x = x - x.mean(0) first" if column.max() > 1 else "divide each feature by its own"
    )
    refused(x, labels(), f"x {rule}", "in feature 1 would", remedy)
    refused(inputs(), column, f"y {rule}", remedy.replace("x", "y"))


def test_the_remedies_for_lost_differences_work():
    dates = 1.7e9 + 60 * torch.arange(N, dtype=torch.float64)[:, None]
    kept = Dataset.from_tensors(dates - dates.mean(0), labels())
    assert len(kept.x_train.unique()) == kept.n_train
    tiny = 1e-50 * (1 + torch.arange(N, dtype=torch.float64)[:, None])
    kept = Dataset.from_tensors(tiny / abs(tiny).max(), labels())
    assert len(kept.x_train.unique()) == kept.n_train


@pytest.mark.parametrize(
    "column",
    [
        torch.full((N,), 0.1),  # a constant
        0.1 + 1e-16 * torch.arange(N),  # a constant, but for rounding in float64
        torch.zeros(N),
        1e-60 * (torch.arange(N) == 3) + torch.arange(N),  # 1e-60 is 0 beside 1
        1e-20 * (1 + torch.arange(N)),
        1e5 + torch.arange(N),
        1e20 * torch.linspace(1, 2, N),
        16_777_216.0 * torch.arange(N),
        1e12 * torch.linspace(-1, 1, N).double() ** 3,  # heavy tails
        1.7e9 + 86_400 * torch.arange(N),  # days, in seconds
    ],
)
def test_what_float32_holds_well_enough(column):
    column = column.double()
    data = Dataset.from_tensors(torch.stack([column, column], dim=1), labels())
    mine = torch.cat([data.x_train, data.x_val, data.test._x])[:, 0].sort().values
    assert torch.equal(mine, column.sort().values.float())
    assert Dataset.from_tensors(inputs(), column).num_classes is None


def test_float32_itself_is_taken_as_it_is():
    column = (1e8 + torch.arange(N, dtype=torch.float64)).float()
    assert Dataset.from_tensors(column[:, None], labels()).x_train.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    x = inputs().to(dtype)
    assert same(Dataset.from_tensors(x, labels()), Dataset.from_tensors(x.float(), labels()))
    refused(spoiled(1e300).to(dtype), labels(), "NaN or infinity in 1 of 40")


@pytest.mark.parametrize("place", range(3))
def test_every_feature_is_looked_at(place):
    columns = [inputs()[:, 0]] * 3
    columns[place] = 1e8 + inputs()[:, 1]
    refused(torch.stack(columns, 1), labels(), f"in feature {place} would")
