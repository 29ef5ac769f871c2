"""Kinds of Python objects, by the way in which a `Walk` finds out what they hold."""

from __future__ import annotations

import collections
import functools
import random
import types
from typing import Any

import numpy as np
import torch

#: Objects that consist of their value alone, and compare by it.
PLAIN = {
    *(type(None), str, bytes, type(...), type(NotImplemented), range, types.CodeType),
    *(torch.dtype, torch.device, torch.layout, torch.memory_format),
}
NUMBERS = {bool, int, float, complex, slice}
#: What a learner may keep in a class or a module of a library.
DATA = (
    bool,
    int,
    float,
    complex,
    str,
    list,
    dict,
    set,
    collections.deque,
    np.ndarray,
    torch.Tensor,
)

#: Attributes of a class that play no part in a step, or that every class has.
NOT_IN_A_STEP = {
    *("__init__", "__new__", "__repr__", "__str__", "extra_repr", "__doc__", "__dict__"),
    *("__weakref__", "__module__", "__annotations__", "__annotate__", "__annotate_func__"),
    *("__slots__", "__abstractmethods__", "_abc_impl", "__parameters__", "__dataclass_fields__"),
    *("__orig_bases__", "__annotations_cache__", "__static_attributes__", "__firstlineno__"),
}

#: Functions that keep their results, of `functools.lru_cache`.
CACHED: Any = type(functools.cache(abs))
#: Objects that hold functions.
CALLED: tuple[type, ...] = (
    *(types.MethodType, functools.partial, property, classmethod, staticmethod),
    *(CACHED, functools.cached_property),
)
#: Functions of compiled code.
BUILTIN: tuple[type, ...] = (
    *(types.BuiltinFunctionType, types.MethodWrapperType, types.MethodDescriptorType, np.ufunc),
    *(types.WrapperDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType),
    *(types.ClassMethodDescriptorType, type(np.mean)),
)
#: Generators of random numbers.
GENERATOR: tuple[type, ...] = (
    *(random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator),
    torch.Generator,
)
