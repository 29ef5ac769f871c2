"""Write values for the other side: data in full, and known objects and functions as keys."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, MappingView
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from instructor.course.judging.known import LONGEST, Known, Mail, Opaque, is_watched
from instructor.course.judging.numbers import TORCH, array_out, tensor_out

MOST_ITEMS = 10_000  # of an iterator, which may have no end
PYTHONS = ("builtins", "itertools")  # whose iterators do nothing but to go on


class Writing(Known):
    """Writes values for the other side."""

    def out(self, value: Any, mail: Mail) -> Any:
        """A value as JSON; its numbers are added to the mail's arrays."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        known = self.key(value)
        if known is not None:
            mail.keys[known] = None
            self.mention(value, mail)
            return ["known", known]
        for kinds, write in self._writers():
            if isinstance(value, kinds):
                written = write(value, mail)
                if written is not None:
                    return written
        return ["opaque", type(value).__qualname__, _repr(value)]

    def _writers(self) -> Iterator[tuple[Any, Callable[[Any, Mail], Any]]]:
        yield Opaque, lambda v, _: ["opaque", v.kind, repr(v)]
        yield torch.Size, lambda v, _: ["size", list(v)]
        yield tuple, lambda v, mail: ["tuple", [self.out(part, mail) for part in v]]
        yield (set, frozenset), lambda v, mail: ["set", [self.out(part, mail) for part in v]]
        yield (slice, range), lambda v, _: [type(v).__name__, [v.start, v.stop, v.step]]
        yield np.generic, self._scalar_out
        yield torch.dtype, lambda v, _: ["dtype", str(v).removeprefix("torch.")]
        yield torch.device, lambda v, _: ["device", "cpu"]
        yield list, lambda v, mail: ["list", self._new(v, mail), self.items(v, mail)]
        yield dict, lambda v, mail: ["dict", self._new(v, mail), self.items(v, mail)]
        yield Tensor, self._tensor_out
        yield np.ndarray, self._array_out
        yield torch.Generator, self._generator_out
        yield np.random.Generator, self._numpy_generator_out
        yield nn.Module, self._module_out
        yield torch.optim.Optimizer, self._optimizer_out
        yield (type, types.FunctionType, types.MethodType), self._callable_out
        yield MappingView, lambda v, mail: ["tuple", [self.out(part, mail) for part in v]]
        yield Iterator, self._iterator_out
        yield object, self._other_out

    def _new(self, value: Any, mail: Mail) -> str:
        key = self.add(value)
        mail.keys[key] = None
        return key

    def items(self, value: Any, mail: Mail) -> list[Any]:
        """The contents of a list or a dict, as JSON."""
        if isinstance(value, dict):
            return [[self.out(k, mail), self.out(v, mail)] for k, v in value.items()]
        return [self.out(part, mail) for part in value]

    def _iterator_out(self, value: Iterator[Any], mail: Mail) -> Any:
        """What is left of a generator, a `filter` and the like, as if it were asked for here."""
        if type(value).__module__ not in PYTHONS:
            return None
        parts = list(islice(value, MOST_ITEMS + 1))
        if len(parts) > MOST_ITEMS:
            return None
        return ["iterator", self._new(value, mail), self.items(parts, mail)]

    def _scalar_out(self, value: np.generic, mail: Mail) -> Any:
        written = array_out(value, mail.arrays)
        return written and ["scalar", written]

    def _array_out(self, value: np.ndarray, mail: Mail) -> Any:
        written = array_out(value, mail.arrays)
        if written is None:
            return None
        return ["array", self._new(value, mail), written]

    def _tensor_out(self, value: Tensor, mail: Mail) -> Any:
        if value.layout is not torch.strided or value.dtype not in TORCH.values():
            return None
        kind = "tensor"
        needs: list[str] | None = None
        if isinstance(value, nn.Parameter):
            kind = "parameter"
        elif value.requires_grad and not value.is_leaf:
            needs = self.needs(value)
        about = [value.requires_grad, needs]
        written = [kind, self._new(value, mail), tensor_out(value, mail.arrays), about]
        if value.is_leaf and value.grad is not None:
            return [*written, tensor_out(value.grad, mail.arrays)]
        return [*written, None]

    def _generator_out(self, value: torch.Generator, mail: Mail) -> Any:
        return ["generator", self._new(value, mail), tensor_out(value.get_state(), mail.arrays)]

    def _numpy_generator_out(self, value: np.random.Generator, mail: Mail) -> Any:
        state = value.bit_generator.state
        if state["bit_generator"] != "PCG64":
            return None
        return ["numpy generator", self._new(value, mail), state]

    def _module_out(self, value: nn.Module, mail: Mail) -> Any:
        home = type(value).__module__
        named = home.startswith("torch.nn.modules.") or home == "course_utils.models"
        about = {
            "class": [home, type(value).__qualname__] if named else None,
            "training": value.training,
            "remote": is_watched(value) or not named,
            "parameters": [[k, self.out(p, mail)] for k, p in value._parameters.items()],
            "buffers": [[k, self.out(b, mail)] for k, b in value._buffers.items()],
            "hidden": sorted(value._non_persistent_buffers_set),
            "children": [[k, self.out(m, mail)] for k, m in value._modules.items()],
            "attributes": [
                [k, self.out(v, mail)]
                for k, v in vars(value).items()
                if not k.startswith("_") and k not in ("training", "forward")
            ],
        }
        return ["module", self._new(value, mail), about]

    def _optimizer_out(self, value: torch.optim.Optimizer, mail: Mail) -> Any:
        groups = [
            [
                [k, [self.out(p, mail) for p in v] if k == "params" else self.out(v, mail)]
                for k, v in group.items()
            ]
            for group in value.param_groups
        ]
        return ["optimizer", self._new(value, mail), type(value).__qualname__, groups]

    def _callable_out(self, value: Any, mail: Mail) -> Any:
        mro: list[list[str]] = []
        if isinstance(value, type):
            mro = [[kind.__module__, kind.__qualname__] for kind in value.__mro__]
        return ["callable", self._new(value, mail), mro]

    def _other_out(self, value: Any, mail: Mail) -> Any:
        home = type(value).__module__
        if home.startswith("course_utils.") and hasattr(value, "__dict__"):
            key = self._new(value, mail)
            fields = [[k, self.out(v, mail)] for k, v in vars(value).items()]
            return ["object", key, [home, type(value).__qualname__], fields]
        return self._callable_out(value, mail) if callable(value) else None


def _repr(value: Any) -> str:
    try:
        return repr(value)[:LONGEST]
    except Exception as error:
        return f"a {type(value).__name__}, whose repr raises {type(error).__name__}"
