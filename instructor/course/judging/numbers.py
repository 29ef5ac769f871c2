"""Write and read tensors, arrays and random states, as raw bytes with a type from a closed list."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
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


def random_now() -> dict[str, Any]:
    """The state of each global random generator, to be compared, not sent."""
    return {name: now() for name, now in _SOURCES.items()}


def random_out(states: dict[str, Any], known: dict[str, Any], arrays: list[bytes]) -> Any:
    """The states of the generators that differ from the known ones, to be sent."""
    written = {}
    for name in (name for name in states if states[name] != known.get(name)):
        if name == "torch":
            numbers, rest = np.frombuffer(states[name], np.uint8), []
        elif name == "numpy":
            raw, *rest = states[name]
            numbers = np.frombuffer(raw, np.uint32)
        else:
            version, words, spare = states[name]
            numbers, rest = np.array(words, np.uint32), [version, spare]
        written[name] = [array_out(numbers, arrays), *rest]
    return written


def random_in(written: Any, arrays: list[bytes]) -> dict[str, Any]:
    """Set the generators to the states that `random_out` wrote, and return their states.

    Raises:
        Broken: They are not such states.
    """
    try:
        for name, (numbers, *rest) in written.items():
            words = array_in(numbers, arrays)
            if name == "torch":
                torch.set_rng_state(torch.from_numpy(words))
            elif name == "numpy":
                np.random.set_state(("MT19937", words, *rest))  # noqa: NPY002
            elif name == "python":
                version, spare = rest
                random.setstate((version, tuple(words.tolist()), spare))
        return {name: _SOURCES[name]() for name in written}
    except (TypeError, ValueError, RuntimeError, OverflowError, KeyError, AttributeError) as error:
        raise Broken(f"no state of random numbers: {error}") from error


def _numpy_now() -> tuple[bytes, int, int, float]:
    _, keys, place, has, cached = np.random.get_state()  # noqa: NPY002
    return np.asarray(keys).tobytes(), int(place), int(has), float(cached)


_SOURCES: dict[str, Callable[[], Any]] = {
    "python": random.getstate,
    "numpy": _numpy_now,
    "torch": lambda: torch.get_rng_state().numpy().tobytes(),
}
