"""Walk from a run's objects to all that they reach, and record the contents of values.

The module `memory` adds code, classes and objects of the learner's own classes.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import random
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, MemberDescriptorType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds
from torch import Tensor, nn

from course_utils.fleet.code import (
    KNOWN,
    CannotTellError,
    is_installed,
    package,
    refuse_outside,
)
from course_utils.fleet.content import Look, address, content, digest, memory_range
from course_utils.fleet.kinds import DATA, GENERATOR, NOT_IN_A_STEP, NUMBERS, PLAIN

_MOST_OBJECTS = 20_000
#: Classes from outside that need no look themselves, because it is known what their objects hold.
_SEEN_WHOLE = {*GENERATOR, weakref.ReferenceType}


class Walk:
    """Visits objects, each once, and records a token for each path that leads to one."""

    #: For each kind of object, the function that looks at it; the first kind that fits counts.
    looks: list[tuple[Any, Callable[[Any, str, Any], object]]]

    def __init__(self, state: Mapping[str, Tensor], known: Iterable[object]) -> None:
        """`state`: the model's weights and buffers by name, which may hold any numbers; `known`:
        objects that are not looked into."""
        self.look = Look()
        self._known = set(map(id, known))
        self._state = {id(t): name for name, t in state.items()}
        self._addresses = {address(t) for t in state.values()}
        self._ranges = [memory_range(t) for t in state.values()]
        self._seen: dict[int, str] = {}
        self._kinds: set[int] = set()
        self._repeated: Counter[str] = Counter()

    def visit(self, path: str, thing: Any) -> None:
        """Look at `thing`, and at all that it reaches.

        Raises:
            CannotTellError: an object's state cannot be known, or the code depends on the outside
                world.
        """
        tokens = self.look.tokens
        if path in tokens:  # two closures may use the same name
            self._repeated[path] += 1
            path = f"{path} ({self._repeated[path] + 1})"
        kind = type(thing)
        if kind in PLAIN:
            tokens[path] = thing
        elif kind in NUMBERS:
            tokens[path] = kind, repr(thing)  # NaN is itself; True is not 1, nor 0.0 the same as 0
        elif id(thing) in self._state:
            self.look.kept_weights = self.look.kept_weights or path
            tokens[path] = "state", self._state[id(thing)]
        elif id(thing) in self._known:
            tokens[path] = "known"
        elif id(thing) in self._seen:
            tokens[path] = "same as", self._seen[id(thing)]
        elif len(self._seen) > _MOST_OBJECTS or len(tokens) > 2 * _MOST_OBJECTS:
            raise CannotTellError("its functions reach too many objects to look at")
        else:
            self._seen[id(thing)] = path
            self.look.reached.append(thing)
            tokens[path] = "being looked at"
            look = next(look for kinds, look in self.looks if isinstance(thing, kinds))
            tokens[path] = kind, look(self, path, thing)
            if not isinstance(thing, nn.Module | type | ModuleType):
                self._attributes(self._name(path, thing), thing)
            if kind not in _SEEN_WHOLE:
                self._kind(kind)

    def visit_all(self, items: Iterable[tuple[Any, Any]], form: str, path: str = "") -> None:
        """Visit each of the named `items`; `form` makes their paths from `path` and the name."""
        for name, item in list(items):
            self.visit(form.format(path, name), item)

    # --- every object ---------------------------------------------------------------------------

    def _name(self, path: str, thing: Any) -> str:
        """The first part of the paths to the attributes of `thing`."""
        kind = type(thing)
        return path if package(kind.__module__) in KNOWN else kind.__name__

    def _attributes(self, path: str, thing: Any) -> None:
        self.visit_all(getattr(thing, "__dict__", {}).items(), "{}.{}", path)
        for cls in type(thing).__mro__:
            if "__slots__" not in vars(cls):
                continue
            for name, slot in vars(cls).items():  # a private one has the class in its name
                if isinstance(slot, MemberDescriptorType):
                    with contextlib.suppress(AttributeError):  # nothing is in it yet
                        self.visit(f"{path}.{name}", slot.__get__(thing))

    def _kind(self, cls: type) -> None:
        """Look at the class of an object: its methods, and the data stored in it."""
        if id(cls) in self._kinds:
            return
        refuse_outside(cls.__module__, cls.__name__)
        metaclass: type = type(cls)
        for base in (*cls.__mro__, *metaclass.__mro__):
            if id(base) in self._kinds:
                continue
            self._kinds.add(id(base))
            if package(base.__module__) not in KNOWN:
                self.look.mutable.add(id(base))
                self.look.reached.append(base)
                own = ((n, v) for n, v in vars(base).items() if n not in NOT_IN_A_STEP)
                self.visit_all(own, "{}.{}", base.__name__)
            elif base.__module__ != "builtins":  # a learner may have stored a count in it
                names = _data_names(base, len(vars(base)))
                if names:
                    self.look.reached.append(base)
                self.visit_all(((n, vars(base)[n]) for n in names), "{}.{}", base.__name__)

    # --- values ---------------------------------------------------------------------------------

    def tensor(self, path: str, t: Tensor) -> object:
        if nn.parameter.is_lazy(t):
            raise CannotTellError("it has lazy layers, which get their weights in the first call")
        if t.is_inference():
            raise CannotTellError(
                "it uses a tensor made in `torch.inference_mode()`, and whether that is written to "
                "cannot be seen"
            )
        self.look.mutable.add(id(t))
        self.look.writings[path] = id(t), t._version
        self.look.addresses.add(place := address(t))
        if place in self._addresses:
            self.look.kept_weights = self.look.kept_weights or path
        # Tensors computed from weights require a gradient in training, but not during scoring.
        wants_gradient = t.is_leaf and t.requires_grad
        return t.shape, t.stride(), t.dtype, t.device, wants_gradient, digest(t)

    def array(self, path: str, a: Any) -> object:
        self.look.mutable.add(id(a))
        first, after = byte_bounds(a)
        if any(first < of_state.stop and of_state.start < after for of_state in self._ranges):
            self.look.kept_weights = self.look.kept_weights or path
        if a.dtype.hasobject:
            self.visit(f"{path}.tolist()", a.tolist())
        return a.shape, str(a.dtype), None if a.dtype.hasobject else hash(a.tobytes())

    def scalar(self, path: str, number: Any) -> object:
        return repr(number)

    def sequence(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(items), "{}[{}]", path)
        return len(items)

    def fixed_sequence(self, path: str, items: Any) -> object:
        self.visit_all(enumerate(items), "{}[{}]", path)
        return len(items)

    def set_of(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(sorted(items, key=repr)), "{}[{}]", path)
        return len(items)

    def mapping(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(items.keys()), "{}'s key {}", path)
        self.visit(f"{path}'s default_factory", getattr(items, "default_factory", None))
        keys = (repr(key) if isinstance(key, str | int) else i for i, key in enumerate(items))
        self.visit_all(zip(keys, items.values(), strict=True), "{}[{}]", path)
        return len(items)

    def generator(self, path: str, source: Any) -> object:
        self.look.mutable.add(id(source))
        if isinstance(source, random.SystemRandom):
            raise CannotTellError("it draws from the system's random numbers")
        if isinstance(source, random.Random):
            return source.getstate()
        if isinstance(source, torch.Generator):
            return content(source.get_state())
        bits = getattr(source, "bit_generator", source)
        state = bits.state if hasattr(bits, "state") else source.get_state(legacy=False)
        return content(state)


@functools.lru_cache(maxsize=4096)
def _data_names(cls: type, size: int) -> list[str]:
    """The names of a library class's data attributes; `size`, its number of attributes, makes the
    cache notice new ones."""

    def is_data(value: Any) -> bool:
        if isinstance(value, tuple):
            return all(map(is_data, value))
        of_learner = not is_installed(package(type(value).__module__))
        return value is None or isinstance(value, (*DATA, SimpleNamespace)) or of_learner

    return [n for n, v in vars(cls).items() if is_data(v) and n not in NOT_IN_A_STEP]


VALUES: list[tuple[Any, Callable[[Any, str, Any], object]]] = [
    (enum.Enum, Walk.scalar),
    (np.ndarray, Walk.array),
    (GENERATOR, Walk.generator),
    ((list, deque), Walk.sequence),
    (tuple, Walk.fixed_sequence),
    ((set, frozenset), Walk.set_of),
    ((dict, MappingProxyType), Walk.mapping),
    ((np.generic, np.dtype, int, float, str, bytes, torch.finfo, torch.iinfo), Walk.scalar),
]
