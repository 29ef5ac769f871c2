"""The table of objects that both sides know by the same key.

An object that can be changed in place is sent once, under a key; later only its key is sent, with
the changes in it.
"""

from __future__ import annotations

import builtins
import dataclasses
import math
from collections.abc import Callable, Iterable
from sys import getrefcount
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from instructor.course.judging.wire import Broken

DEEPEST = 40
LONGEST = 300  # characters of the repr that stands for a value which may not cross
ERRORS = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
}


class Opaque:
    """Stands for a value that may not be sent; it equals only itself.

    Its class has the name of the value's class, because messages name that.
    """

    def __new__(cls, kind: str, text: str) -> Opaque:
        return object.__new__(type(kind[:LONGEST], (Opaque,), {}))

    def __init__(self, kind: str, text: str) -> None:
        self.kind, self._text = kind, text

    def __repr__(self) -> str:
        return self._text


@dataclasses.dataclass
class Mail:
    """A message being written or read: its arrays, and the keys that it mentions."""

    arrays: list[bytes]
    keys: dict[str, None] = dataclasses.field(default_factory=dict)


class Known:
    """The objects that both sides know by the same key.

    Args:
        side: The first letter of the keys that are given here.
        stand_in: Makes the stand-in for a callable of the other side: stand_in(key, about).
        remote: Makes the forward of a module of the other side: remote(module, key).
        rebuilt: Whether modules of PyTorch and of the course are made from their own classes here,
            as students need them; else each is a plain module whose forward is the other side's.
        output: Makes a result that needs a gradient: output(key, value, keys of what it needs).
    """

    def __init__(
        self,
        side: str,
        *,
        stand_in: Callable[[str, Any], Any],
        remote: Callable[[nn.Module, str], Callable[..., Any]],
        rebuilt: bool,
        output: Callable[[str, Tensor, list[str]], Tensor],
        needs: Callable[[Tensor], list[str]],
        step: Callable[[str], Callable[..., Any]],
    ) -> None:
        self.side, self.rebuilt = side, rebuilt
        self.stand_in, self.remote, self.output = stand_in, remote, output
        self.needs, self.step = needs, step
        self.by_key: dict[str, Any] = {}
        self._keys: dict[int, str] = {}

    def key(self, thing: Any) -> str | None:
        """The key of a known object."""
        return self._keys.get(id(thing))

    def add(self, thing: Any, key: str | None = None) -> str:
        """Give an object a key, or record the one that the other side has given."""
        key = key or f"{self.side}{len(self.by_key)}"
        self.by_key[key], self._keys[id(thing)] = thing, key
        return key

    def get(self, key: Any) -> Any:
        """The object with that key.

        Raises:
            Broken: There is none.
        """
        if not isinstance(key, str) or key not in self.by_key:
            raise Broken(f"there is nothing under the key {key!r}")
        return self.by_key[key]

    def unheld(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` whose lists, dicts and arrays nothing but this table refers to.

        They cannot change on this side until the other side mentions them again.
        """
        return [key for key in keys if _references(self.by_key, key) <= _TABLE_ONLY]

    def watch(self, module: nn.Module, watched: bool) -> None:
        """Passes of a module whose passes somebody watches on the other side are made there."""
        key = self.key(module) or ""
        if not self.rebuilt or key.startswith(self.side) or type(module) is nn.Module:
            return
        module.__dict__.pop("forward", None)
        if watched:
            module.forward = self.remote(module, key)

    def mention(self, value: Any, mail: Mail) -> None:
        """Mention the parts of a known object together with it."""
        parts: list[Any] = []
        if isinstance(value, nn.Module):
            parts = [*value.modules(), *value.parameters(), *value.buffers()]
        elif isinstance(value, torch.optim.Optimizer):
            parts = [p for group in value.param_groups for p in group["params"]]
        elif isinstance(value, list | dict):
            parts = [*(value.values() if isinstance(value, dict) else value)]
        elif dataclasses.is_dataclass(value):
            parts = list(vars(value).values())
        for part in parts:
            key = self.key(part)
            if key is not None and key not in mail.keys:
                mail.keys[key] = None
                self.mention(part, mail)


def _references(table: dict[str, Any], key: str) -> float:
    """The number of references to an object; infinity for a tensor, whose memory views share."""
    # Without a name for the object, which would be one more reference.
    return getrefcount(table[key]) if type(table[key]) in _OWN_MEMORY else math.inf


_OWN_MEMORY = (list, dict, np.ndarray)
_TABLE_ONLY = _references({"": []}, "")


def is_watched(module: nn.Module) -> bool:
    """Whether somebody looks on at each of its passes, or has given it another."""
    hooks = module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module)
    return bool(hooks or module._backward_hooks)
