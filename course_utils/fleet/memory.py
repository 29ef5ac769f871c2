"""What a run remembers beside its weights: the Python objects that its code can reach.

A fleet runs one recording for many members and many steps. That is right only if a step does the
same each time, and it does where two things hold. It changes nothing that its own code can reach
(a counter in a closure, a list, a class attribute, a generator of random numbers): then the next
step starts from the same state as this one did. And it asks nothing of the world outside: then the
same state leads to the same operations.

`look_at` walks from a run's objects to all that they reach, and returns what it saw, path by path.
Two looks are compared: before and after a step, for what changed; at two members, for where they
differ.
"""

from __future__ import annotations

import collections
import contextlib
import enum
import random
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.fleet.code import KNOWN, CannotTellError, globals_used, package, refuse_outside
from course_utils.fleet.content import Look, content, digest
from course_utils.fleet.kinds import BUILTIN, CALLED, GENERATOR, NOT_IN_A_STEP, NUMBERS, PLAIN

_MOST_OBJECTS = 20_000


def look_at(roots: Mapping[str, Any], state: Iterable[tuple[str, object]]) -> Look:
    """All that the named `roots` reach. The tensors `state` (a model's weights and buffers) stand
    for themselves there, whatever numbers they hold.

    Raises:
        CannotTellError: an object's state cannot be known, or the code asks the world outside.
    """
    walk = _Walk({id(t): name for name, t in state})
    try:
        walk.visit_all(roots.items(), "{1}")
    except RecursionError:
        raise CannotTellError("its functions reach too many objects to look at") from None
    return walk.look


class _Walk:
    def __init__(self, state: dict[int, str]) -> None:
        self.look = Look()
        self._state = state
        self._seen: dict[int, str] = {}
        self._alive: list[Any] = []  # or an id could be given to another object meanwhile

    def visit(self, path: str, thing: Any) -> None:
        tokens = self.look.tokens
        if path in tokens:  # two closures may use the same name
            path = f"{path} ({len(tokens)})"
        kind = type(thing)
        if kind in PLAIN:
            tokens[path] = thing
        elif kind in NUMBERS:
            tokens[path] = kind, repr(thing)  # NaN is itself; True is not 1, nor 0.0 the same as 0
        elif id(thing) in self._state:
            self.look.kept_weights = self.look.kept_weights or path
            tokens[path] = "state", self._state[id(thing)]
        elif id(thing) in self._seen:
            tokens[path] = "same as", self._seen[id(thing)]
        elif len(self._seen) > _MOST_OBJECTS:
            raise CannotTellError("its functions reach too many objects to look at")
        else:
            self._seen[id(thing)] = path
            self._alive.append(thing)
            tokens[path] = "being looked at"
            looks = (look for kinds, look in _LOOKS if isinstance(thing, kinds))
            tokens[path] = next(looks, _Walk._instance)(self, path, thing)

    def visit_all(self, items: Iterable[tuple[Any, Any]], form: str, path: str = "") -> None:
        for name, item in list(items):
            self.visit(form.format(path, name), item)

    # --- values ---------------------------------------------------------------------------------

    def _tensor(self, path: str, t: Tensor) -> object:
        if nn.parameter.is_lazy(t):
            raise CannotTellError("it has lazy layers, which get their weights in the first call")
        self.look.mutable.add(id(t))
        return "tensor", t.shape, t.stride(), t.dtype, t.device, t.requires_grad, digest(t)

    def _array(self, path: str, a: Any) -> object:
        self.look.mutable.add(id(a))
        if a.dtype.hasobject:
            self.visit(f"{path}.tolist()", a.tolist())
        return "array", a.shape, str(a.dtype), None if a.dtype.hasobject else hash(a.tobytes())

    def _scalar(self, path: str, number: Any) -> object:
        return type(number), repr(number)

    def _sequence(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(items), "{}[{}]", path)
        self._attributes(path, items)
        return type(items), len(items)

    def _tuple(self, path: str, items: Any) -> object:
        self.visit_all(enumerate(items), "{}[{}]", path)
        return type(items), len(items)

    def _set(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(sorted(items, key=repr)), "{}[{}]", path)
        return type(items), len(items)

    def _mapping(self, path: str, items: Any) -> object:
        self.look.mutable.add(id(items))
        self.visit_all(enumerate(items.keys()), "{}'s key {}", path)
        keys = (repr(key) if isinstance(key, str | int) else i for i, key in enumerate(items))
        self.visit_all(zip(keys, items.values(), strict=True), "{}[{}]", path)
        self._attributes(path, items)
        return type(items), len(items)

    def _generator(self, path: str, source: Any) -> object:
        self.look.mutable.add(id(source))
        if isinstance(source, random.SystemRandom):
            raise CannotTellError("it draws from the system's random numbers")
        if isinstance(source, random.Random):
            return "random", source.getstate()
        if isinstance(source, torch.Generator):
            return "random", content(source.get_state())
        bits = getattr(source, "bit_generator", source)
        state = bits.state if hasattr(bits, "state") else source.get_state(legacy=False)
        return "random", content(state)

    # --- code -----------------------------------------------------------------------------------

    def _function(self, path: str, function: types.FunctionType) -> object:
        code, cells = function.__code__, {}
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # a cell that is not filled yet
                cells[name] = cell.cell_contents
        self.visit_all(cells.items(), "{1}")
        self.visit_all(enumerate(function.__defaults__ or ()), "{}'s default {}", path)
        self.visit_all((function.__kwdefaults__ or {}).items(), "{}'s default {}", path)
        self._attributes(function.__name__, function)
        if package(function.__module__) not in KNOWN:
            self.visit_all(globals_used(code, function.__globals__, cells), "{1}")
        return "function", code

    def _python_module(self, path: str, module: types.ModuleType) -> object:
        refuse_outside(module.__name__)
        home = package(module.__name__)
        if home not in KNOWN:  # a module of the learner's own, which may keep numbers
            self.look.mutable.add(id(module))
            own = ((n, v) for n, v in vars(module).items() if not n.startswith("__"))
            self.visit_all(
                (i for i in own if not isinstance(i[1], types.ModuleType)), "{}.{}", home
            )
        return module.__name__

    def _builtin(self, path: str, function: Any) -> object:
        owner = getattr(function, "__self__", None)
        name = getattr(function, "__name__", str(function))
        refuse_outside(getattr(function, "__module__", None), name)
        if owner is not None and not isinstance(owner, types.ModuleType | type):
            self.visit(f"{path}.__self__", owner)
        return "builtin", getattr(function, "__module__", None), name, id(function)

    def _called(self, path: str, thing: Any) -> object:
        parts = ("__self__", "__func__", "func", "args", "keywords", "fget", "__wrapped__")
        self.visit_all(((p, getattr(thing, p)) for p in parts if hasattr(thing, p)), "{}.{}", path)
        filled = thing.cache_info().currsize if hasattr(thing, "cache_info") else None
        return type(thing), filled

    def _class(self, path: str, cls: type) -> object:
        refuse_outside(cls.__module__, cls.__name__)
        for base in cls.__mro__:
            if package(base.__module__) not in KNOWN:
                self.look.mutable.add(id(base))
                own = ((n, v) for n, v in vars(base).items() if n not in NOT_IN_A_STEP)
                self.visit_all(own, "{}.{}", base.__name__)
        return "class", cls

    # --- objects --------------------------------------------------------------------------------

    def _module(self, path: str, module: nn.Module) -> object:
        if isinstance(module, torch.jit.ScriptModule):
            raise CannotTellError("it is compiled, and nobody can look inside")
        self.look.mutable.add(id(module))
        kind = type(module)
        for name, value in vars(module).items():
            if name in ("_parameters", "_buffers"):
                named = (
                    (key, None if t is None else self._state.get(id(t))) for key, t in value.items()
                )
                self.visit_all(named, "{}.{}", path)
            elif name == "_modules":
                self.visit_all(value.items(), "{}.{}", path)
            elif name in _OF_EVERY_MODULE and isinstance(value, dict):  # hooks, by running numbers
                self.visit_all(enumerate(value.values()), "{}." + name + "[{}]", path)
            else:
                self.visit(f"{kind.__name__}.{name}", value)
        self.visit(kind.__name__, kind)
        return kind

    def _instance(self, path: str, thing: Any) -> object:
        kind = type(thing)
        if isinstance(thing, torch.optim.Optimizer):
            raise CannotTellError("it looks at its optimizer, which changes in each step")
        if kind.__module__.startswith("torch._ops"):
            return str(thing)
        if isinstance(thing, weakref.ref):
            self.visit(f"{path}()", thing())
            return "weak"
        refuse_outside(kind.__module__, kind.__name__)
        refuse_outside(getattr(thing, "__module__", None), getattr(thing, "__name__", ""))
        if not (hasattr(thing, "__dict__") or hasattr(kind, "__slots__") or kind is object):
            raise CannotTellError(
                f"its functions hold a {kind.__name__}, and what that remembers cannot be seen"
            )
        self.look.mutable.add(id(thing))
        self._attributes(path if package(kind.__module__) in KNOWN else kind.__name__, thing)
        self.visit(kind.__name__, kind)
        return "instance"

    def _attributes(self, path: str, thing: Any) -> None:
        self.visit_all(getattr(thing, "__dict__", {}).items(), "{}.{}", path)
        for cls in type(thing).__mro__:
            slots = cls.__dict__.get("__slots__", ())
            names = (slots,) if isinstance(slots, str) else slots
            found = ((n, getattr(thing, n)) for n in names if hasattr(thing, n))
            self.visit_all((item for item in found if not item[0].startswith("__")), "{}.{}", path)


_OF_EVERY_MODULE = vars(nn.Module()).keys()
_LOOKS: list[tuple[Any, Callable[[_Walk, str, Any], object]]] = [
    (Tensor, _Walk._tensor),
    (nn.Module, _Walk._module),
    (types.FunctionType, _Walk._function),
    (CALLED, _Walk._called),
    (BUILTIN, _Walk._builtin),
    (types.ModuleType, _Walk._python_module),
    (type, _Walk._class),
    (enum.Enum, _Walk._scalar),
    (np.ndarray, _Walk._array),
    (GENERATOR, _Walk._generator),
    ((list, collections.deque), _Walk._sequence),
    (tuple, _Walk._tuple),
    ((set, frozenset), _Walk._set),
    ((dict, types.MappingProxyType), _Walk._mapping),
    ((np.generic, np.dtype, int, float, str, bytes, torch.finfo, torch.iinfo), _Walk._scalar),
]
