"""Small arrays of a learner's own, and what their refusal says."""

import numpy as np
import pytest
import torch

from course_utils.data import Dataset

N = 40


def inputs(dtype=torch.float64):
    return torch.rand(N, 3, generator=torch.Generator().manual_seed(0), dtype=dtype)


def labels(classes=4):
    return torch.arange(N) % classes


def parts(data):
    return data.x_train, data.y_train, data.x_val, data.y_val, data.test._x, data.test._y


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(parts(one), parts(other), strict=True))


def refused(x, y, *words, **settings):
    with pytest.raises(ValueError) as error:
        Dataset.from_tensors(x, y, **settings)
    for word in words:
        assert word in str(error.value)


class Table:
    """What a data frame of pandas, or an array of another library, is to NumPy."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)
