"""Find out which globals a function's code uses, and refuse code that depends on the outside world.

The clock, Python's and NumPy's random numbers and files can differ from call to call, and the seed
does not determine them.
"""

from __future__ import annotations

import builtins
import dis
import functools
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: Functions and classes of these packages keep no state but what their objects visibly hold.
KNOWN = {
    *("torch", "torchvision", "numpy", "scipy", "course_utils", "builtins", "math", "cmath"),
    *("operator", "functools", "itertools", "collections", "typing", "abc", "contextlib", "copy"),
    *("enum", "dataclasses", "numbers", "statistics", "fractions", "string", "re"),
}
#: Results of these differ from call to call, or they reach outside the program.
_OUTSIDE = {
    *("time", "datetime", "random", "_random", "secrets", "os", "posix", "nt", "uuid", "socket"),
    *("sys", "subprocess", "threading", "_thread", "multiprocessing", "io", "_io", "pathlib", "gc"),
    *("tempfile", "logging", "inspect", "weakref", "ctypes", "asyncio", "contextvars", "pickle"),
    *("numpy.random", "torch.random", "tqdm", "matplotlib", "IPython", "torch.hub"),
    *("torch.profiler", "torch.distributed", "torch.multiprocessing", "torchvision.io"),
    *("torch.backends", "torch.serialization"),
}
_BUILTINS = {"open", "input", "print", "id", "globals", "locals", "exec", "eval", "__import__"}
_USUAL = set(dir(builtins)) | {"display", "get_ipython"}
_BUILTINS |= {"compile", "breakpoint", "help"}
#: Functions of PyTorch that set or read the global state of its random numbers, or hide code.
_TORCH = {"seed", "manual_seed", "initial_seed", "set_rng_state", "get_rng_state", "compile"}
#: Functions that change how PyTorch works from then on.
_TORCH |= {"set_default_dtype", "set_default_device", "set_num_threads", "set_flush_denormal"}
_TORCH |= {"use_deterministic_algorithms", "set_float32_matmul_precision", "set_printoptions"}
#: NumPy's, of the same kinds.
_NUMPY = {"seterr", "geterr", "seterrcall", "geterrcall", "errstate", "setbufsize", "getbufsize"}
_NUMPY |= {"set_printoptions", "get_printoptions", "printoptions"}
_BEYOND = {"builtins": _BUILTINS, "torch": _TORCH, "numpy": _NUMPY}
#: Functions that read or write files.
_FILES = {
    "torch": {"load", "save", "from_file"},
    "numpy": {"load", "save", "savez", "loadtxt", "savetxt", "genfromtxt", "fromfile", "memmap"},
}


class CannotTellError(Exception):
    """It cannot be known what state a run keeps; the message says why."""


def package(module: str | None) -> str:
    """The first part of a module's name."""
    return (module or "").partition(".")[0]


@functools.lru_cache(maxsize=4096)
def is_installed(name: str) -> bool:
    """Whether a package is part of Python or installed, and so not the learner's own."""
    module = sys.modules.get(name)
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    place = next((Path(p) for p in places if p is not None), None)
    if name in KNOWN or place is None:
        return name in KNOWN or name in sys.builtin_module_names
    kinds = ("stdlib", "purelib", "platlib")
    return any(place.is_relative_to(sysconfig.get_path(kind)) for kind in kinds)


def refuse_outside(module: str | None, name: str = "") -> None:
    """Raise `CannotTellError` for a module, or something in one, that reaches outside."""
    whole = ".".join(part for part in (module, name) if part)
    parts = whole.split(".")
    if parts[0] in _OUTSIDE or ".".join(parts[:2]) in _OUTSIDE:
        raise CannotTellError(f"it uses {whole}, which the seed does not control")
    if name in _BEYOND.get(module or "", ()):
        raise CannotTellError(f"it calls {name}, which reaches beyond its tensors")
    if name in _FILES.get(module or "", ()):
        raise CannotTellError(f"it uses files ({whole}), which may hold something else next time")


def refuse_unknown(module: str | None, name: str) -> None:
    """Raise `CannotTellError` for a compiled function that may keep a state."""
    if package(module).removeprefix("_") not in {*KNOWN, ""}:
        raise CannotTellError(f"it calls {module}.{name}, and what that remembers cannot be seen")


def globals_used(
    code: types.CodeType, names: Mapping[str, Any], cells: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The global objects that `code` uses, by name; for a module, the attributes that it uses.

    Raises:
        CannotTellError: it depends on the outside world.
    """
    for chain in _chains(code):
        name, *attributes = chain
        if name.startswith("import "):
            whole = name.removeprefix("import ")
            for attribute in ("", *code.co_names):
                refuse_outside(whole, attribute)
            if package(whole) not in KNOWN:
                raise CannotTellError(f"it imports {whole} while it trains")
            kept = vars(sys.modules[whole]) if whole in sys.modules else {}
            for attribute in code.co_names:
                if attribute in kept and not isinstance(kept[attribute], types.ModuleType):
                    yield f"{whole}.{attribute}", kept[attribute]
            continue
        if name not in names and name not in cells:
            if hasattr(builtins, name):
                refuse_outside("builtins", name)
                if name not in _USUAL:  # something of a learner's own
                    yield name, getattr(builtins, name)
            continue
        thing = cells[name] if name in cells else names[name]
        while isinstance(thing, types.ModuleType):
            refuse_outside(thing.__name__, attributes[0] if attributes else "")
            if not attributes or not hasattr(thing, attributes[0]):
                break
            name = attributes.pop(0)
            thing = getattr(thing, name)
        if name not in cells:
            yield name, thing
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from globals_used(constant, names, cells)


def names_used(code: types.CodeType) -> set[str]:
    """The names in `code` that are not local: of global variables, and of variables in cells."""
    parts = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {chain[0] for chain in _chains(code)}.union(*map(names_used, parts))


@functools.lru_cache(maxsize=4096)
def _chains(code: types.CodeType) -> tuple[tuple[str, ...], ...]:
    """The names in `code` that are not local, each followed by the attributes that are read from it
    directly, as in ``a.b.c``; imports inside the code are "import NAME"."""
    chains: list[list[str]] = []
    grows = False
    for instruction in dis.get_instructions(code):
        what, name = instruction.opname, str(instruction.argval)
        if what in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "STORE_GLOBAL"):
            chains.append([name])
            grows = True
        elif what == "IMPORT_NAME":
            chains.append([f"import {name}"])
            grows = False
        elif what in ("LOAD_ATTR", "LOAD_METHOD") and grows:
            chains[-1].append(name)
        elif what not in ("PUSH_NULL", "PRECALL", "CACHE", "COPY"):  # COPY: `counter.n += 1`
            grows = False
    return tuple(dict.fromkeys(map(tuple, chains)))
