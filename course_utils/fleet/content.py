"""Records of the objects that a run can reach, and their contents, in a form to be compared."""

from __future__ import annotations

import random
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.fleet.code import CannotTellError

#: Larger tensors are read in full once, and later compared by their version and a sample.
_CLOSELY = 50_000


@dataclass
class Look:
    """What was seen: for each path, a token that is equal if the objects there are equal."""

    tokens: dict[str, object] = field(default_factory=dict)
    #: For each path that leads to a tensor, which one it is and how often it has been written to.
    writings: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: The objects themselves, held so that their ids are not given to other objects meanwhile.
    reached: list[Any] = field(default_factory=list, repr=False)
    #: Objects (by id) through which others could change what this run remembers.
    mutable: set[int] = field(default_factory=set)
    #: The addresses of the tensors reached that are not the model's own; see `address`.
    addresses: set[int] = field(default_factory=set)
    #: Where weights or buffers of the model are kept beside the model itself, if anywhere.
    kept_weights: str | None = None

    def key(self) -> object:
        """Equal for members whose code reaches equal Python objects."""
        return tuple(self.tokens.items())

    def changes(self, later: Look, read: Collection[str] = ()) -> list[str]:
        """The paths at which `later` differs, in the order in which they were visited.

        A tensor that was written to counts even if its numbers are the old ones, and so does one
        that was replaced and is in `read`, because the next step may leave other numbers. A copy of
        the last weights equals them before the first update, and a multiplier stays 0 until its
        constraint is broken.
        """

        def differs(path: str) -> bool:
            if self.tokens.get(path) != later.tokens.get(path):
                return True
            before, after = self.writings.get(path), later.writings.get(path)
            if before is None or after is None or before == after:
                return False
            return before[0] == after[0] or path in read

        return [path for path in dict.fromkeys((*self.tokens, *later.tokens)) if differs(path)]

    def read_by(self, tensors: Collection[int]) -> set[str]:
        """The paths to those of `tensors` (ids) that were there at this look."""
        return {path for path, (which, _) in self.writings.items() if which in tensors}


class World:
    """The states of Python's and NumPy's global random generators at one moment."""

    def __init__(self, *, python: bool = True, numpy: bool = True) -> None:
        """Store the present states of both generators, or of one of them."""
        self._python = random.getstate() if python else None
        self._legacy = _legacy_state() if numpy else None

    def is_unchanged(self) -> bool:
        """Whether the generators are still in these states."""
        return not (self._python_has_moved() or self._numpy_has_moved())

    def moved(self) -> World:
        """The present states of those generators whose state has changed since."""
        return World(python=self._python_has_moved(), numpy=self._numpy_has_moved())

    def now(self) -> World:
        """The present states of the same generators."""
        return World(python=self._python is not None, numpy=self._legacy is not None)

    def put_back(self) -> None:
        """Restore the states."""
        if self._python is not None:
            random.setstate(self._python)
        if self._legacy is not None:
            np.random.set_state(self._legacy)  # noqa: NPY002

    def _python_has_moved(self) -> bool:
        return self._python is not None and random.getstate() != self._python

    def _numpy_has_moved(self) -> bool:
        if self._legacy is None:
            return False
        (_, now, *rest), (_, before, *rest_before) = _legacy_state(), self._legacy
        return now.tobytes() != before.tobytes() or rest != rest_before


def _legacy_state() -> tuple[Any, ...]:
    state: Any = np.random.get_state()  # noqa: NPY002  # learners use it
    return tuple(state)


def address(t: Tensor) -> int:
    """The start of the memory that holds `t`: equal for tensors that share memory."""
    if nn.parameter.is_lazy(t) or t.layout is not torch.strided or t.device.type == "meta":
        return id(t)
    return t.untyped_storage().data_ptr() or id(t)  # an empty one has no memory


def memory_range(t: Tensor) -> range:
    """All addresses of the memory that holds `t`; empty where it has none on this machine."""
    if t.layout is not torch.strided or t.device.type != "cpu":
        return range(0)
    storage = t.untyped_storage()
    return range(storage.data_ptr(), storage.data_ptr() + storage.nbytes())


def digest(t: Tensor) -> object:
    """A value that is equal for tensors of equal content.

    Raises:
        CannotTellError: it is sparse.
    """
    if t.layout is not torch.strided:
        raise CannotTellError("it uses a sparse tensor that is no weight")
    if t.numel() <= _CLOSELY:
        return hash(content(t))
    sample = t.detach().reshape(-1)[:: t.numel() // 997]
    version = t._version, t.data_ptr(), content(sample)
    known = _digests.get(id(t))
    if known is None or known[0]() is not t or known[1] != version:
        _digests[id(t)] = known = weakref.ref(t), version, hash(content(t))
    return known[2]


_digests: dict[int, tuple[Any, object, int]] = {}


def content(thing: Any) -> object:
    """The content of a tensor, an array, or a mapping of these, in a form to be compared."""
    if isinstance(thing, Tensor):
        # A copy, because a tensor can no longer be resized once NumPy has used its memory.
        copy = thing.detach().resolve_conj().resolve_neg().cpu().reshape(-1).clone()
        return copy.view(torch.uint8).numpy().tobytes() if copy.numel() else b""
    if isinstance(thing, Mapping):
        return tuple((key, content(value)) for key, value in thing.items())
    return thing.tobytes() if isinstance(thing, np.ndarray) else repr(thing)
