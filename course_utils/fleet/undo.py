"""Restore the learner's own objects after trying a run's code.

A loss that keeps a state, a counter in a closure or a generator outside `build` is shared by all
runs. Such runs train one after the other, and the first of them must find these objects as it would
in `fit`, and not as the trial steps have left them.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.fleet.code import is_installed, names_used, package
from course_utils.fleet.content import content
from course_utils.fleet.kinds import CACHED

Undoing = Callable[[], object]


class Undo:
    """Stores the present contents of objects, by shallow copies, and can restore them."""

    def __init__(self, objects: Iterable[object]) -> None:
        """`objects`: all that could change, as reached by a `Walk`."""
        each = {id(thing): thing for thing in objects}
        self._alive = list(each.values())
        self._steps: list[Undoing] = []
        for thing in self._alive:
            with contextlib.suppress(Exception):  # an object that raises cannot be copied
                self._steps += list(_steps(thing))

    def put_back(self) -> None:
        """Restore all of them."""
        for step in self._steps:
            step()


def _steps(thing: Any) -> Iterator[Undoing]:
    """The functions that restore `thing`."""
    if isinstance(thing, Tensor):
        yield _tensor(thing)
    elif isinstance(thing, np.ndarray):
        yield _array(thing)
    elif isinstance(thing, list | deque):
        yield _sequence(thing, list(thing))
    elif isinstance(thing, set):
        yield _filled(thing, set(thing))
    elif isinstance(thing, FunctionType):
        yield from _function(thing)
    elif isinstance(thing, CACHED) and thing.cache_info().currsize == 0:
        yield thing.cache_clear
    elif isinstance(thing, type | ModuleType):
        yield _namespace(thing)
    elif isinstance(thing, random.Random):
        yield functools.partial(thing.setstate, thing.getstate())
    elif isinstance(thing, torch.Generator):
        yield functools.partial(thing.set_state, thing.get_state())
    elif isinstance(thing, np.random.RandomState):
        yield functools.partial(thing.set_state, thing.get_state(legacy=False))
    elif isinstance(thing, np.random.Generator | np.random.BitGenerator):
        bits: Any = getattr(thing, "bit_generator", thing)
        yield functools.partial(setattr, bits, "state", bits.state)
    if isinstance(thing, MutableMapping):
        yield _filled(thing, dict(thing))
    own = getattr(thing, "__dict__", None)
    if isinstance(own, dict) and not isinstance(thing, ModuleType):
        yield _filled(own, dict(own))
        if isinstance(thing, nn.Module):  # and its weights, buffers, parts and hooks, by name
            yield from (
                _filled(part, dict(part)) for part in own.values() if isinstance(part, dict)
            )
    yield from _slots(thing)


def _tensor(t: Tensor) -> Undoing:
    before, gradient = t.detach().clone(), t.grad if t.is_leaf else None
    was = content(before)

    def put() -> None:
        if t.is_leaf:
            t.grad = gradient
        if t.shape != before.shape or t.dtype != before.dtype:
            t.data = before
        elif content(t) != was:
            t.detach().copy_(before)

    return put


def _array(a: Any) -> Undoing:
    before = a.copy()
    return lambda: np.copyto(a, before) if a.flags.writeable else None


def _sequence(items: Any, before: list[Any]) -> Undoing:
    def put() -> None:
        items.clear()
        items.extend(before)

    return put


def _filled(items: Any, before: Any) -> Undoing:
    """Restores the contents `before` of a set or a mapping."""

    def put() -> None:
        items.clear()
        items.update(before)

    return put


def _function(function: FunctionType) -> Iterator[Undoing]:
    """Restores the global variables and cells of a function. (A `Walk` reaches its defaults.)"""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # a cell that is not filled yet
            yield functools.partial(setattr, cell, "cell_contents", cell.cell_contents)
    variables, names = function.__globals__, names_used(function.__code__)
    yield _names(variables, {n: variables[n] for n in names if n in variables}, names)


def _names(variables: dict[str, Any], before: dict[str, Any], names: set[str]) -> Undoing:
    def put() -> None:
        variables.update(before)
        for made in names & variables.keys() - before.keys():
            del variables[made]

    return put


def _namespace(owner: Any) -> Undoing:
    """Restores the values that a class or a module holds, but not its code."""
    before = _values(owner)
    name = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    installed = is_installed(package(name))

    def put() -> None:
        now = _values(owner)
        for name in now.keys() - before.keys():
            if not installed:  # a library may need a value that it has stored
                delattr(owner, name)
        for name, value in before.items():
            if now.get(name, owner) is not value:
                setattr(owner, name, value)

    return put


def _values(owner: Any) -> dict[str, Any]:
    def is_code(value: Any) -> bool:
        return callable(value) or hasattr(type(value), "__get__")

    named = vars(owner).items()
    return {n: v for n, v in named if not is_code(v) and not n.startswith("__")}


def _slots(thing: Any) -> Iterator[Undoing]:
    for cls in type(thing).__mro__:
        if "__slots__" in vars(cls):
            for slot in vars(cls).values():
                if isinstance(slot, MemberDescriptorType):
                    with contextlib.suppress(AttributeError):  # nothing is in it yet
                        yield functools.partial(slot.__set__, thing, slot.__get__(thing))
