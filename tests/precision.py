"""Float64, for comparisons of numbers that should be equal.

Two ways of computing the same thing round differently, and how differently depends on the
processor and on the number of threads. In float64 rounding is nine digits smaller than what a
mistake changes, even after a training has amplified it; in float32 it may not be.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from course_utils.data import Dataset


@contextmanager
def float64() -> Iterator[None]:
    """Inside, new networks and tensors are of float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def in_float64(data: Dataset) -> Dataset:
    """The same samples for a network of float64."""
    return replace(data, x_train=data.x_train.double(), x_val=data.x_val.double())
