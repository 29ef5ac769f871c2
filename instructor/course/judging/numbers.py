"""Write and read tensors and arrays, as raw bytes with a type from a closed list."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from instructor.course.judging.wire import Broken

TORCH = {
    str(kind).removeprefix("torch."): kind
    for kind in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.complex64, torch.complex128),
    )
}
NUMPY = {
    np.dtype(kind).name
    for kind in (
        *(np.float16, np.float32, np.float64, np.bool_, np.complex64, np.complex128),
        *(np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64),
    )
}


def tensor_out(value: Tensor, arrays: list[bytes]) -> list[Any]:
    """A tensor, as its type, its shape and the index of its bytes in `arrays`.

    If its dimensions lie in memory in another order, as after a transposition, that order follows:
    a `.view` that fails on one side is to fail on the other.
    """
    # A conjugate or a negative may be a view whose numbers are not in memory as they are read.
    value = value.detach().resolve_conj().resolve_neg()
    flat = value.cpu().contiguous().reshape(-1)
    arrays.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    written = [str(value.dtype).removeprefix("torch."), list(value.shape), len(arrays) - 1]
    # A single entry along a dimension may have any stride, and says nothing about an order.
    strides = value.stride()
    order = sorted(range(value.ndim), key=lambda dim: -strides[dim])
    return written if value.is_contiguous() or order == sorted(order) else [*written, order]


def tensor_in(written: Any, arrays: list[bytes]) -> Tensor:
    """A new tensor from what `tensor_out` wrote."""
    name, shape, place, *rest = written
    if name not in TORCH:
        raise Broken(f"a tensor of type {name!r} may not cross")
    sizes = _shape(shape, TORCH[name].itemsize, arrays[place])
    plain = [*range(len(sizes))]
    (order,) = rest or [plain]
    if sorted(order) != plain:
        raise Broken(f"{order} is no order of {len(sizes)} dimensions")
    made = torch.empty_permuted(sizes, order, dtype=TORCH[name])
    if made.numel():
        raw = torch.frombuffer(bytearray(arrays[place]), dtype=torch.uint8)
        made.copy_(raw.view(TORCH[name]).reshape(sizes))
    return made


def array_out(value: np.ndarray | np.generic, arrays: list[bytes]) -> list[Any] | None:
    """As `tensor_out`, for a NumPy array; None for a type that may not be sent."""
    array = np.asarray(value)
    if array.dtype.name not in NUMPY:
        return None
    arrays.append(array.tobytes())
    return [array.dtype.name, list(array.shape), len(arrays) - 1]


def array_in(written: Any, arrays: list[bytes]) -> np.ndarray:
    """A new array from what `array_out` wrote."""
    name, shape, place = written
    if name not in NUMPY:
        raise Broken(f"an array of type {name!r} may not cross")
    dtype = np.dtype(name)
    size = _shape(shape, dtype.itemsize, arrays[place])
    return np.frombuffer(bytearray(arrays[place]), dtype=dtype).reshape(size)


def _shape(shape: Any, itemsize: int, data: bytes) -> tuple[int, ...]:
    sizes = tuple(int(n) for n in shape)
    if min(sizes, default=0) < 0 or math.prod(sizes) * itemsize != len(data):
        raise Broken(f"{len(data)} bytes are no array of shape {sizes}")
    return sizes
