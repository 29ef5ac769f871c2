"""Read the states of Python's and NumPy's global generators where they are in memory.

Where they are is found by trial, with generators of the same class. If it is not found, or if what
is read of the global generator is not what the public functions say, there is no reader, and those
functions are used.
"""

from __future__ import annotations

import _random
import ctypes
import random
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

_INT = struct.Struct("=i")
_SPARE = struct.Struct("=i4xd")  # whether there is a spare number, and that number
_SIZE = 4 * 624  # bytes of the Mersenne Twister's words
_SEEDS = range(3)

PythonState = tuple[bytes, int, Any]
NumpyState = tuple[bytes, int, int, float]


def python_reader(slowly: Callable[[], PythonState]) -> Callable[[], PythonState] | None:
    """A function that returns the state behind `random.random`, as `slowly` does."""
    if sys.implementation.name != "cpython":
        return None
    owner: Any = getattr(random.getstate, "__self__", None)
    if type(owner) is not random.Random:
        return None
    size = _random.Random.__basicsize__
    places = set()
    for seed in _SEEDS:
        trial = random.Random(seed)
        trial.random()
        version, words, _ = trial.getstate()
        # Its index, and then its words.
        raw = np.array([words[-1], *words[:-1]], np.uint32).tobytes()
        places.add(ctypes.string_at(id(trial), size).find(raw))
    if len(places) != 1 or min(places) < 0:
        return None
    address = id(owner) + places.pop()
    held: Any = owner  # its attribute has no type

    def read() -> PythonState:
        raw = ctypes.string_at(address, _INT.size + _SIZE)
        return raw[_INT.size :] + raw[: _INT.size], version, held.gauss_next

    return read if read() == slowly() else None


def numpy_reader(slowly: Callable[[], NumpyState]) -> Callable[[], NumpyState] | None:
    """A function that returns the state behind `np.random.rand`, as `slowly` does.

    It calls `slowly` where that generator has been given another bit generator.
    """
    if sys.implementation.name != "cpython":
        return None
    owner: Any = getattr(np.random.mtrand, "_rand", None)
    bits: Any = getattr(owner, "_bit_generator", None)
    if type(owner) is not np.random.RandomState or type(bits) is not np.random.MT19937:
        return None
    places = set()
    for seed in _SEEDS:
        trial = np.random.RandomState(seed)
        trial.randn()  # leaves a spare number
        told: Any = trial.get_state()
        _, words, place, has, spare = told
        found = ctypes.string_at(id(trial), type(trial).__basicsize__)
        places.add(found.find(_SPARE.pack(1, spare)))
        held = ctypes.string_at(trial._bit_generator.ctypes.state_address, _SIZE + _INT.size)
        if held != np.asarray(words, np.uint32).tobytes() + _INT.pack(place) or has != 1:
            return None
    if len(places) != 1 or min(places) < 0:
        return None
    address, spares = bits.ctypes.state_address, id(owner) + places.pop()

    def read() -> NumpyState:
        if owner._bit_generator is not bits:
            return slowly()
        raw = ctypes.string_at(address, _SIZE + _INT.size)
        has, spare = _SPARE.unpack(ctypes.string_at(spares, _SPARE.size))
        return raw[:_SIZE], *_INT.unpack(raw[_SIZE:]), has, spare

    return read if read() == slowly() else None
