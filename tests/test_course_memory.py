"""The reader of random states is used only where it has been seen to read them."""

import ctypes
import random
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from instructor.course.judging import draws, memory


def readers() -> dict[str, Any]:
    return {
        "python": memory.python_reader(draws.python_state),
        "numpy": memory.numpy_reader(draws.numpy_state),
    }


def test_here_both_are_read_in_memory() -> None:
    """On the interpreters and libraries of the course; if not, marking is only slower."""
    assert None not in readers().values()


def test_another_interpreter_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name="pypy"))
    assert readers() == {"python": None, "numpy": None}


def test_states_that_are_kept_elsewhere_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "string_at", lambda address, size: bytes(size))
    assert readers() == {"python": None, "numpy": None}


@pytest.mark.parametrize("at", ["place of the words", "their number", "only the one in use"])
def test_what_is_read_wrong_is_not_used(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of Python, NumPy or a compiler lays out its objects as it likes."""
    real = ctypes.string_at
    owners = {id(random.getstate.__self__), id(np.random.mtrand._rand)}  # type: ignore[attr-defined]
    bits = np.random.get_bit_generator().ctypes.state_address

    def elsewhere(address: int, size: int) -> bytes:
        found = real(address, size)
        mine = address == bits or any(0 <= address - owner < 4096 for owner in owners)
        return found[8:] + found[:8] if mine else found

    if at == "only the one in use":
        monkeypatch.setattr(memory.ctypes, "string_at", elsewhere)
    elif at == "their number":
        monkeypatch.setattr(memory, "_SIZE", memory._SIZE - 4)
    else:
        turns = iter(range(1000))

        def somewhere(address: int, size: int) -> bytes:
            found, place = real(address, size), 8 * (next(turns) % 3)
            return found[place:] + found[:place]

        monkeypatch.setattr(memory.ctypes, "string_at", somewhere)
    assert readers() == {"python": None, "numpy": None}


def test_another_generator_behind_pythons_functions_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Own(random.Random):
        pass

    monkeypatch.setattr(random, "getstate", Own(3).getstate)
    assert memory.python_reader(draws.python_state) is None
    monkeypatch.setattr(random, "getstate", lambda: (3, (), None))
    assert memory.python_reader(draws.python_state) is None
