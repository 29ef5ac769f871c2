"""Make the global random states equal on both sides: they cross where they have changed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from instructor.course.judging.memory import numpy_reader, python_reader
from instructor.course.judging.numbers import array_in, array_out
from instructor.course.judging.wire import MALFORMED, Broken

TWISTER, WORDS = "MT19937", 624  # the usual bit generator, and the words of its state


def python_state() -> tuple[bytes, int, Any]:
    """Python's: the words with their index behind them, the version, the spare number."""
    version, words, spare = random.getstate()
    return np.array(words, np.uint32).tobytes(), version, spare


def numpy_state() -> tuple[bytes, int, int, float]:
    """NumPy's: the words, their index, whether there is a spare number, that number.

    There are no words if a submission has put another bit generator behind NumPy's functions.
    """
    told: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    if told["bit_generator"] != TWISTER:
        return b"", 0, 0, 0.0
    words, place = told["state"]["key"], told["state"]["pos"]
    return np.asarray(words).tobytes(), int(place), int(told["has_gauss"]), float(told["gauss"])


def torch_state() -> bytes:
    """PyTorch's, of the processor."""
    return torch.default_generator.get_state().numpy().tobytes()


# The public functions take 100 microseconds, because they make a Python number of each word, and
# all is looked at in each of hundreds of crossings.
_NOW = {
    "python": python_reader(python_state) or python_state,
    "numpy": numpy_reader(numpy_state) or numpy_state,
    "torch": torch_state,
}


def random_now() -> dict[str, Any]:
    """The state of each global random generator, to be compared, not sent."""
    return {name: now() for name, now in _NOW.items()}


def random_out(states: dict[str, Any], known: dict[str, Any], arrays: list[bytes]) -> Any:
    """The states of the generators that differ from the known ones, to be sent.

    That of another bit generator stays here; the other side draws on from what it has.
    """
    written = {}
    for name in (name for name in states if states[name] != known.get(name)):
        raw, *rest = (states[name],) if name == "torch" else states[name]
        if not raw:
            continue
        numbers = np.frombuffer(raw, np.uint8 if name == "torch" else np.uint32)
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
                if not 0 <= rest[0] <= WORDS:  # NumPy would read there
                    raise ValueError(f"{rest[0]} is no index of {WORDS} words")
                if numpy_state()[0]:
                    np.random.set_state((TWISTER, words, *rest))  # noqa: NPY002
            elif name == "python":
                version, spare = rest
                random.setstate((version, tuple(words.tolist()), spare))
        return {name: _NOW[name]() for name in written}
    except MALFORMED as error:
        raise Broken(f"no state of random numbers: {error}") from error
