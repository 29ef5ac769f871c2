"""PyTorch's functions that fill a tensor with random numbers (see `functions`).

Under `torch.func.vmap`, a tensor that all members share cannot be filled with a different draw for
each, and PyTorch raises. With `torch.func.functionalize` inside `vmap`, the write makes a new
tensor instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.random_streams.functions import (
    FLOATS,
    INTEGERS,
    Serve,
    Wanted,
    below,
    between,
    uniform,
)
from course_utils.random_streams.streams import Source


def _put(values: Any, input: Tensor) -> Any:
    """`input.copy_(values)`, by two operations that are fast under `functionalize` and `vmap`."""
    return values if values is NotImplemented else input.fill_(0).add_(values.to(input.dtype))


def _fill(values_of: Callable[..., Any], dtypes: tuple[torch.dtype, ...] = FLOATS) -> Serve:
    """A function that fills a tensor with ``values_of(wanted, *numbers)``."""

    def fill(source: Source, input: Tensor, *numbers: Any, **named: Any) -> Any:
        if input.dtype not in dtypes or any(
            isinstance(n, Tensor) for n in (*numbers, *named.values())
        ):
            return NotImplemented
        wanted = Wanted(source, tuple(input.shape), input.dtype, input.device)
        return _put(values_of(wanted, *numbers, **named), input)

    return fill


def _uniform_between(wanted: Wanted, low: float = 0.0, high: float = 1.0) -> Any:
    if not (low <= high and math.isfinite(high - low)):
        return NotImplemented
    drawn = uniform(wanted) * (high - low) + low
    return torch.where(drawn < high, drawn, low)  # rounding may reach the upper end


def _normal_around(wanted: Wanted, mean: float = 0.0, std: float = 1.0) -> Any:
    return wanted.raw("normal") * std + mean if std >= 0 else NotImplemented


def _log_normal(wanted: Wanted, mean: float = 1.0, std: float = 2.0) -> Any:
    return (wanted.raw("normal") * std + mean).exp() if std > 0 else NotImplemented


def _exponential(wanted: Wanted, lambd: float = 1.0) -> Any:
    return wanted.inside().log() / -lambd if lambd > 0 else NotImplemented


def _geometric(wanted: Wanted, p: float) -> Any:
    """The number of trials up to and including the first success."""
    return (wanted.inside().log() / math.log1p(-p)).ceil() if 0 < p < 1 else NotImplemented


def _cauchy(wanted: Wanted, median: float = 0.0, sigma: float = 1.0) -> Any:
    if not sigma > 0:
        return NotImplemented
    return ((wanted.inside() - 0.5) * math.pi).tan() * sigma + median


def _whole_numbers(wanted: Wanted, *numbers: int, low: int = 0, high: int | None = None) -> Any:
    """random_(to) and random_(from, to); a call without `to` is left to PyTorch."""
    if len(numbers) == 1 and high is None:
        (high,) = numbers
    elif len(numbers) == 1:
        (low,) = numbers
    elif len(numbers) == 2 and high is None:
        low, high = numbers
    return NotImplemented if high is None else between(wanted, low, high)


def _bernoulli_(source: Source, input: Tensor, p: Any = 0.5) -> Any:
    return _put(below(source, input, p), input)


IN_PLACE: dict[Any, Serve] = {
    Tensor.bernoulli_: _bernoulli_,
    Tensor.uniform_: _fill(_uniform_between),
    Tensor.normal_: _fill(_normal_around),
    Tensor.log_normal_: _fill(_log_normal),
    Tensor.exponential_: _fill(_exponential),
    Tensor.geometric_: _fill(_geometric, FLOATS + INTEGERS[1:]),
    Tensor.cauchy_: _fill(_cauchy),
    Tensor.random_: _fill(_whole_numbers, FLOATS + INTEGERS),
}
