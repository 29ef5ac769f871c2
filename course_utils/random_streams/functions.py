"""PyTorch's random functions, computed from the numbers of a source.

Each function here takes the source, then the arguments of its PyTorch namesake. It returns
NotImplemented for a call that it does not serve, and PyTorch itself then handles the call: complex
numbers, a range of more than 2**32 integers, or an invalid argument. All of them work under
`torch.func.vmap`, where the source returns tensors of many seeds: none reads a number out of a
tensor or depends on its memory layout, and results are contiguous.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_utils.random_streams.streams import Kind, Source

Serve = Callable[..., Any]

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_IN_DOUBLE: dict[Kind, Kind] = {"uniform": "uniform64", "normal": "normal64"}
#: The most integers in a range that is served. An integer is the remainder of 64 random bits, so of
#: n integers each has the probability 1 / n up to a relative error of n / 2**64: for 2**32 integers
#: that is nine digits.
_MOST_INTEGERS = 2**32


class Wanted(NamedTuple):
    """The random tensor that a call asks for, and the source to make it from."""

    source: Source
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: Any

    def raw(self, kind: Kind) -> Tensor:
        """Numbers of `kind` from the source: in float64 if the result is float64, so that it has
        all its digits, or integers; else in float32."""
        if self.dtype not in (torch.float16, torch.bfloat16, torch.float32):
            kind = _IN_DOUBLE.get(kind, kind)
        return self.source(kind, self.shape).to(self.device)

    def inside(self) -> Tensor:
        """Uniform in (0, 1), without 0 and 1, so that the logarithm is finite and negative."""
        drawn = self.raw("uniform")
        return drawn.clamp(min=torch.finfo(drawn.dtype).eps / 4)


def uniform(wanted: Wanted) -> Tensor:
    """Uniform in [0, 1), in steps as fine as the dtype has just below 1."""
    drawn = wanted.raw("uniform")
    if drawn.dtype == wanted.dtype:
        return drawn
    # Rounding to fewer digits could reach 1.
    levels = 2 / torch.finfo(wanted.dtype).eps
    return ((drawn * levels).floor() / levels).to(wanted.dtype)


def _normal(wanted: Wanted) -> Tensor:
    return wanted.raw("normal").to(wanted.dtype)


def _shape(size: Any) -> tuple[int, ...]:
    if len(size) == 1 and isinstance(size[0], tuple | list):
        (size,) = size
    return tuple(map(operator.index, size))


def _device() -> torch.device:
    """The device of new tensors, also inside ``with torch.device(...)``, which not every supported
    version's `torch.get_default_device` heeds."""
    return torch.empty(0).device


def _factory(distribution: Callable[[Wanted], Tensor]) -> Serve:
    def make(
        source: Source, *numbers: Any, size: Any = None, dtype: Any = None, device: Any = None
    ) -> Any:
        dtype = dtype or torch.get_default_dtype()
        if dtype not in FLOATS or bool(numbers) == (size is not None):
            return NotImplemented
        device = _device() if device is None else device
        return distribution(Wanted(source, _shape(numbers or (size,)), dtype, device))

    return make


def _like(factory: Serve) -> Serve:
    """`factory` with the shape of a tensor, and by default with its dtype and device."""

    def make(
        source: Source,
        input: Tensor,
        *numbers: Any,
        dtype: Any = None,
        device: Any = None,
        **named: Any,
    ) -> Any:
        if input.layout is not torch.strided:
            return NotImplemented
        place = {
            "dtype": dtype or input.dtype,
            "device": input.device if device is None else device,
        }
        return factory(source, *numbers, size=tuple(input.shape), **place, **named)

    return make


def between(wanted: Wanted, low: Any, high: Any) -> Any:
    """Integers from `low` to `high` - 1, all equally likely."""
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        return NotImplemented
    low, high = operator.index(low), operator.index(high)
    if not 1 <= high - low <= _MOST_INTEGERS or not _holds(wanted.dtype, low, high - 1):
        return NotImplemented
    return (wanted.raw("integers").remainder(high - low) + low).to(wanted.dtype)


def _holds(dtype: torch.dtype, low: int, last: int) -> bool:
    """Whether the dtype can represent every integer from `low` to `last`."""
    if dtype in FLOATS:
        return max(abs(low), abs(last)) <= 2 / torch.finfo(dtype).eps
    if dtype == torch.bool:
        return low >= 0 and last <= 1
    return dtype in INTEGERS and torch.iinfo(dtype).min <= low and last <= torch.iinfo(dtype).max


def _randint(
    source: Source,
    *numbers: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    given = list(numbers)
    named = [value for value in (low, high, size) if value is not None]
    if not 2 <= len(given) + len(named) <= 3:
        return NotImplemented
    size = given.pop() if size is None else size
    high = given.pop() if high is None and given else high
    low = given.pop() if low is None and given else (low or 0)
    if given or high is None or not isinstance(size, tuple | list):
        return NotImplemented
    device = _device() if device is None else device
    wanted = Wanted(source, _shape((size,)), dtype or torch.int64, device)
    return between(wanted, low, high)


def _randperm(source: Source, n: int, *, dtype: Any = torch.int64, device: Any = None) -> Any:
    if n < 0 or not _holds(dtype or torch.int64, 0, n):
        return NotImplemented
    device = _device() if device is None else device
    # 64-bit numbers are practically never equal, so the order of equal ones does not matter.
    return source("integers", (n,)).to(device).argsort().to(dtype or torch.int64)


def _normal_of(
    source: Source,
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    tensors = [t for t in (mean, std) if isinstance(t, Tensor)]
    if tensors and (size, dtype, device) == (None, None, None):
        shape: Any = torch.broadcast_shapes(*(t.shape for t in tensors))
        dtype, device = tensors[0].dtype, tensors[0].device
    elif not tensors and size is not None:
        shape, dtype = _shape((size,)), dtype or torch.get_default_dtype()
        device = "cpu" if device is None else device  # torch.normal ignores the default device
    else:
        return NotImplemented
    if dtype not in FLOATS or any(not t.is_floating_point() for t in tensors):
        return NotImplemented
    if isinstance(std, Tensor):
        std = _nan_unless(std >= 0, std)
    elif not std >= 0:
        return NotImplemented
    drawn = Wanted(source, tuple(shape), dtype, device).raw("normal")
    # As in PyTorch, the gradient of a parameter through a draw is 0 and not None.
    fixed = [t.detach() if isinstance(t, Tensor) else t for t in (mean, std)]
    drawn = drawn * fixed[1] + fixed[0]
    return sum((t * 0 for t in tensors), drawn).to(dtype)


def _nan_unless(allowed: Tensor, values: Tensor) -> Tensor:
    """`values`, with NaN where PyTorch would raise; training refuses a NaN.

    Under `vmap` no error can depend on the values of a tensor.
    """
    return torch.where(allowed, values, torch.nan)


def _bernoulli(source: Source, input: Tensor, p: float | None = None) -> Any:
    if p is None:
        return below(source, input, input) if input.dtype in FLOATS else NotImplemented
    return below(source, input, p)


def below(source: Source, like: Tensor, chance: Any) -> Any:
    """A tensor like `like` that is 1 with probability `chance`, else 0."""
    if like.is_complex():
        return NotImplemented
    if not isinstance(chance, Tensor):
        if not 0 <= chance <= 1:
            return NotImplemented
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
    elif (dtype := chance.dtype) not in FLOATS:
        return NotImplemented
    drawn = Wanted(source, tuple(like.shape), dtype, like.device).raw("uniform") < chance
    if not isinstance(chance, Tensor) or like.dtype not in FLOATS:
        return drawn.to(like.dtype)
    # A gradient of 0, and not None, as in `_normal_of`.
    zero = _nan_unless((chance >= 0) & (chance <= 1), chance) * 0
    return drawn.to(like.dtype) + zero.to(like.dtype)


FUNCTIONS: dict[Any, Serve] = {
    torch.rand: _factory(uniform),
    torch.randn: _factory(_normal),
    torch.rand_like: _like(_factory(uniform)),
    torch.randn_like: _like(_factory(_normal)),
    torch.randint: _randint,
    torch.randint_like: _like(_randint),
    torch.randperm: _randperm,
    torch.normal: _normal_of,
    torch.bernoulli: _bernoulli,
    Tensor.bernoulli: _bernoulli,
}
