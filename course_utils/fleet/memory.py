"""Look at the Python objects that a run's code can reach: the state it keeps besides its weights.

A fleet runs one recording for many members and many steps. This is right only if every step runs
the same operations, which follows from two conditions. First, a step changes nothing that its own
code can reach (a counter in a closure, a list, a class attribute, a random generator), so the next
step starts from the same state. Second, it does not depend on the outside world, so the same state
leads to the same operations.

`look_at` walks from a run's objects to all that they reach, and returns what it saw, path by path.
Two looks can be compared: before and after a step, to find what changed; at two members, to find
where they differ.
"""

from __future__ import annotations

import contextlib
import gc
import types
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.fleet.code import (
    KNOWN,
    CannotTellError,
    globals_used,
    package,
    refuse_outside,
    refuse_unknown,
)
from course_utils.fleet.content import Look
from course_utils.fleet.kinds import BUILTIN, CACHED, CALLED, DATA
from course_utils.fleet.walk import VALUES, Walk


def look_at(
    roots: Mapping[str, Any], state: Mapping[str, Tensor], known: Iterable[object] = ()
) -> Look:
    """Everything that the named `roots` reach.

    The tensors `state` (a model's weights and buffers, by name) are recorded by name only, whatever
    numbers they hold. Objects in `known` are not looked into.

    Raises:
        CannotTellError: an object's state cannot be known, or the code depends on the outside
            world.
    """
    walk = _OfARun(state, known)
    try:
        walk.visit_all(roots.items(), "{1}")
    except CannotTellError:
        raise
    except RecursionError:
        raise CannotTellError("its functions reach too many objects to look at") from None
    except Exception as error:  # an object may raise anything when its attributes are read
        raise CannotTellError(
            f"it holds something that cannot be looked at ({type(error).__name__})"
        ) from error
    return walk.look


def reachable(roots: Mapping[str, Any], known: Iterable[object] = ()) -> list[Any]:
    """The objects that the named `roots` reach, as far as that can be seen."""
    walk = _OfARun({}, known)
    for root in roots.items():
        with contextlib.suppress(Exception):  # as in `look_at`
            walk.visit_all([root], "{1}")
    return walk.look.reached


class _OfARun(Walk):
    """A walk that also looks into code, classes, modules and objects."""

    # --- code -----------------------------------------------------------------------------------

    def function(self, path: str, function: types.FunctionType) -> object:
        code, cells = function.__code__, {}
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # a cell that is not filled yet
                cells[name] = cell.cell_contents
        if isinstance(own := cells.get("__class__"), type):  # for `super()`; makes no object
            self._kind(own)
        self.visit_all(((n, cell) for n, cell in cells.items() if n != "__class__"), "{1}")
        self.visit_all(enumerate(function.__defaults__ or ()), "{}'s default {}", path)
        self.visit_all((function.__kwdefaults__ or {}).items(), "{}'s default {}", path)
        # Not by `__module__`, which `functools.wraps` sets to that of another function.
        if package(function.__globals__.get("__name__")) not in KNOWN:
            self.visit_all(globals_used(code, function.__globals__, cells), "{1}")
        return code

    def python_module(self, path: str, module: types.ModuleType) -> object:
        refuse_outside(module.__name__)
        home = package(module.__name__)
        if home not in KNOWN:
            self.look.mutable.add(id(module))
        for name, thing in list(vars(module).items()):
            elsewhere = isinstance(thing, types.ModuleType) and package(thing.__name__) != home
            if not (name.startswith("__") or elsewhere) and (
                home not in KNOWN or isinstance(thing, DATA)
            ):
                self.visit(f"{module.__name__}.{name}", thing)
        return module.__name__

    def builtin(self, path: str, function: Any) -> object:
        owner, module = getattr(function, "__self__", None), getattr(function, "__module__", None)
        name = getattr(function, "__name__", str(function))
        refuse_outside(module, name)
        refuse_unknown(module, name)
        if isinstance(owner, type):
            refuse_outside(owner.__module__, owner.__name__)
        elif owner is not None and not isinstance(owner, types.ModuleType):
            self.visit(f"{path}.__self__", owner)
        return module, name, id(function)

    def called(self, path: str, thing: Any) -> object:
        parts = ("__self__", "__func__", "func", "args", "keywords", "fget", "__wrapped__")
        self.visit_all(((p, getattr(thing, p)) for p in parts if hasattr(thing, p)), "{}.{}", path)
        if not isinstance(thing, CACHED):
            return None
        kept = sorted(_kept_by(thing), key=id)  # hits change the order
        self.visit_all(enumerate(kept), "what {} keeps[{}]", path)
        return thing.cache_info().currsize

    def cls(self, path: str, cls: type) -> object:
        """A class that a step can reach, and so make an object of."""
        self._kind(cls)
        for base in cls.__mro__:
            if package(base.__module__) not in KNOWN:
                makes = ((n, vars(base)[n]) for n in ("__new__", "__init__") if n in vars(base))
                self.visit_all(makes, "{}.{}", base.__name__)
        return cls

    # --- objects --------------------------------------------------------------------------------

    def module(self, path: str, module: nn.Module) -> object:
        if isinstance(module, torch.jit.ScriptModule):
            raise CannotTellError(_COMPILED)
        self.look.mutable.add(id(module))
        for name, value in vars(module).items():
            if name in ("_parameters", "_buffers"):
                # A weight of the model is recorded by name; one of another module as a tensor.
                named = ((key, self._state.get(id(t), t)) for key, t in value.items())
                self.visit_all(named, "{}.{}", path)
            elif name == "_modules":
                self.visit_all(value.items(), "{}.{}", path)
            elif name in _OF_EVERY_MODULE and isinstance(value, dict):  # hooks, by running numbers
                self.visit_all(enumerate(value.values()), "{}." + name + "[{}]", path)
            else:
                self.visit(f"{type(module).__name__}.{name}", value)
        return None

    def instance(self, path: str, thing: Any) -> object:
        kind = type(thing)
        if isinstance(thing, torch.jit.ScriptFunction):
            raise CannotTellError(_COMPILED)
        if isinstance(thing, torch.optim.Optimizer):
            raise CannotTellError("it looks at its optimizer, which changes in each step")
        if kind.__module__.startswith("torch._ops"):
            return str(thing)
        if isinstance(thing, weakref.ref):
            self.visit(f"{path}()", thing())
            return None
        refuse_outside(kind.__module__, kind.__name__)
        refuse_outside(getattr(thing, "__module__", None), getattr(thing, "__name__", ""))
        if not all(map(_is_of_python, kind.__mro__)):
            raise CannotTellError(
                f"its functions hold a {kind.__name__}, and what that remembers cannot be seen"
            )
        self.look.mutable.add(id(thing))
        return None

    def _name(self, path: str, thing: Any) -> str:
        is_function = isinstance(thing, types.FunctionType)
        return thing.__name__ if is_function else super()._name(path, thing)

    looks = [  # noqa: RUF012  # never changed
        (Tensor, Walk.tensor),
        (nn.Module, module),
        (types.FunctionType, function),
        (CALLED, called),
        (BUILTIN, builtin),
        (types.ModuleType, python_module),
        (type, cls),
        *VALUES,
        (object, instance),
    ]


def _kept_by(cached: Any) -> list[Any]:
    """The arguments and results that a function made by `functools.lru_cache` keeps."""
    makes_it = {id(t) for t in (type(cached), vars(cached), cached.__wrapped__)}

    def is_own(thing: Any) -> bool:
        if isinstance(thing, dict):  # of the links, where the number of results is limited
            return any(type(link).__name__ == _LINK for link in thing.values())
        return type(thing) is object or getattr(thing, "__name__", "") in (_LINK, "CacheInfo")

    return [t for t in gc.get_referents(cached) if not (id(t) in makes_it or is_own(t))]


#: The class in which such a function keeps each of a limited number of results.
_LINK = "_lru_list_elem"


def _is_of_python(cls: type) -> bool:
    """Whether objects of a class hold nothing but attributes, as those of classes written in Python
    do, and those of compiled classes (an iterator, say) do not."""
    if cls in (object, types.SimpleNamespace):
        return True
    heap, immutable = 1 << 9, 1 << 8  # flags of CPython's type objects
    if not cls.__flags__ & heap or cls.__flags__ & immutable:
        return False
    # A compiled class may have these flags too, but its objects are larger than Python would need.
    own, pointer = vars(cls), tuple.__itemsize__
    slots = sum(isinstance(value, types.MemberDescriptorType) for value in own.values())
    kept = slots + ("__dict__" in own) + ("__weakref__" in own)
    base = cls.__base__
    return base is not None and cls.__basicsize__ - base.__basicsize__ <= kept * pointer


_COMPILED = "it is compiled, and nobody can look inside"
_OF_EVERY_MODULE = vars(nn.Module()).keys()
