"""How a module of traps lists what it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzzing.recipes import Needs, Recipe

Set = Callable[[Random, Recipe], None]


@dataclass(frozen=True)
class Trap:
    """A change to a recipe; it draws its disguise, and leaves a note of it."""

    name: str
    set: Set
    needs: Needs
    place: float  # in 0 .. 1, where it stands in its module


class Traps:
    """The traps of one module, in order."""

    def __init__(self) -> None:
        self._found: list[tuple[str, Set, Needs]] = []

    def __call__(self, name: str, **needs: Any) -> Callable[[Set], Set]:
        """Register the decorated function."""

        def register(function: Set) -> Set:
            self._found.append((name, function, Needs(**needs)))
            return function

        return register

    @property
    def traps(self) -> list[Trap]:
        """All of them."""
        count = len(self._found)
        return [
            Trap(name, function, needs, (place + 0.5) / count)
            for place, (name, function, needs) in enumerate(self._found)
        ]
