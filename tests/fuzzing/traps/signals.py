"""Numbers that change from call to call, kept in every place where Python can keep something.

Each is a function without arguments that is called in a build and returns one: calling that gives
1, 2, 3, ... A step that depends on it depends on more than tensors.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Count = Callable[[], int]


def nonlocal_variable() -> Count:
    n = 0

    def count() -> int:
        nonlocal n
        n += 1
        return n

    return count


def closure_list() -> Count:
    n = [0]

    def count() -> int:
        n[0] += 1
        return n[0]

    return count


def closure_dict() -> Count:
    seen: dict[str, int] = {}

    def count() -> int:
        seen["calls"] = seen.get("calls", 0) + 1
        return seen["calls"]

    return count


def function_attribute() -> Count:
    def count() -> int:
        count.calls += 1
        return count.calls

    count.calls = 0
    return count


def default_argument() -> Count:
    def count(seen: list[int] = []) -> int:  # noqa: B006  # the bug that students write
        seen.append(0)
        return len(seen)

    return count


class Caller:
    calls = 0

    def __call__(self) -> int:
        self.calls += 1
        return self.calls

    def method(self) -> int:
        self.calls += 1
        return self.calls


@dataclasses.dataclass
class Slots:
    __slots__ = ("calls",)
    calls: int

    def __call__(self) -> int:
        self.calls += 1
        return self.calls


class Property:
    _calls = 0

    @property
    def calls(self) -> int:
        self._calls += 1
        return self._calls


def from_property() -> Count:
    counter = Property()
    return lambda: counter.calls


def rotating_deque() -> Count:
    numbers = collections.deque(range(1, 400))

    def count() -> int:
        numbers.rotate(-1)
        return numbers[-1]

    return count


def popped_list() -> Count:
    numbers = list(range(400, 0, -1))
    return numbers.pop


def iterator() -> Count:
    numbers = iter(range(1, 10**6))
    return lambda: next(numbers)


def generator() -> Count:
    def numbers() -> Iterator[int]:
        n = 0
        while True:
            n += 1
            yield n

    made = numbers()
    return lambda: next(made)


def sent_generator() -> Count:
    def numbers() -> Iterator[int]:
        n = 0
        while True:
            step = yield n
            n += step or 0

    made = numbers()
    next(made)
    return lambda: made.send(1)


def itertools_count() -> Count:
    return itertools.count(1).__next__


def cached_calls() -> Count:
    @functools.cache
    def remember(key: int) -> int:
        return key

    def count() -> int:
        return remember(remember.cache_info().currsize) + 1

    return count


def partial_of_list() -> Count:
    def add(seen: list[None]) -> int:
        seen.append(None)
        return len(seen)

    return functools.partial(add, [])


def growing_set() -> Count:
    seen: set[int] = set()
    return lambda: seen.add(len(seen)) or len(seen)


def numpy_array() -> Count:
    n = np.zeros(1, dtype=np.int64)

    def count() -> int:
        n[0] += 1
        return int(n[0])

    return count


def counter_class() -> Count:
    seen: collections.Counter[str] = collections.Counter()

    def count() -> int:
        seen.update("x")
        return seen["x"]

    return count


def rebound() -> Count:
    """An object whose method is another one after each call."""
    holder: Any = Caller()

    def becomes(n: int) -> None:
        def method() -> int:
            becomes(n + 1)
            return n

        holder.now = method

    becomes(1)
    return lambda: holder.now()


#: Each build has its own.
OWN: dict[str, Callable[[], Count]] = {
    "nonlocal": nonlocal_variable,
    "list in a closure": closure_list,
    "dict in a closure": closure_dict,
    "function attribute": function_attribute,
    "default argument": default_argument,
    "callable object": Caller,
    "bound method": lambda: Caller().method,
    "slots": lambda: Slots(0),
    "property": from_property,
    "deque": rotating_deque,
    "popped list": popped_list,
    "iterator": iterator,
    "generator": generator,
    "generator that is sent to": sent_generator,
    "itertools.count": itertools_count,
    "functools.cache": cached_calls,
    "functools.partial": partial_of_list,
    "growing set": growing_set,
    "NumPy array": numpy_array,
    "Counter": counter_class,
    "rebound method": rebound,
}
