"""Read the values that the other side wrote; `Things` is one side's complete table of objects."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch import nn

from instructor.course.judging.known import DEEPEST, LONGEST, Mail, Opaque
from instructor.course.judging.numbers import TORCH, array_in, tensor_in
from instructor.course.judging.wire import MALFORMED, Broken
from instructor.course.judging.writing import Writing

LONGEST_RANGE = 1_000_000  # it is a few bytes here, and a list of all its numbers in a check


class Things(Writing):
    """The objects that both sides know; writes values for the other side, and reads its values."""

    def read(self, written: Any, mail: Mail, depth: int = 0) -> Any:
        """The value that the other side's `out` wrote.

        Raises:
            Broken: `out` does not write such a value.
        """
        if written is None or isinstance(written, bool | int | float | str):
            return written
        if depth > DEEPEST:
            raise Broken(f"a value more than {DEEPEST} deep")
        try:
            kind, *rest = written
            return getattr(self, f"_read_{kind.replace(' ', '_')}")(*rest, mail, depth + 1)
        except MALFORMED as error:
            raise Broken(f"a value that nobody writes: {error}") from error

    def _all(self, parts: Any, mail: Mail, depth: int) -> list[Any]:
        return [self.read(part, mail, depth) for part in parts]

    def _take(self, thing: Any, key: Any, mail: Mail) -> Any:
        if not isinstance(key, str) or key in self.by_key or key.startswith(self.side):
            raise Broken(f"{key!r} is no key for something new")
        self.add(thing, key)
        mail.keys[key] = None
        return thing

    def _read_known(self, key: Any, mail: Mail, depth: int) -> Any:
        value = self.get(key)
        mail.keys[key] = None
        self.mention(value, mail)
        return value

    def _read_opaque(self, kind: str, text: str, mail: Mail, depth: int) -> Any:
        return Opaque(str(kind), str(text)[:LONGEST])

    def _read_size(self, parts: Any, mail: Mail, depth: int) -> Any:
        return torch.Size(parts)

    def _read_tuple(self, parts: Any, mail: Mail, depth: int) -> Any:
        return tuple(self._all(parts, mail, depth))

    def _read_set(self, parts: Any, mail: Mail, depth: int) -> Any:
        return set(self._all(parts, mail, depth))

    def _read_slice(self, parts: Any, mail: Mail, depth: int) -> Any:
        return slice(*parts)

    def _read_range(self, parts: Any, mail: Mail, depth: int) -> Any:
        made = range(*parts)
        if len(made) > LONGEST_RANGE:
            raise Broken(f"a range of {len(made)} numbers; at most {LONGEST_RANGE} may cross")
        return made

    def _read_scalar(self, written: Any, mail: Mail, depth: int) -> Any:
        return array_in(written, mail.arrays)[()]

    def _read_dtype(self, name: str, mail: Mail, depth: int) -> Any:
        return TORCH[name]

    def _read_device(self, name: str, mail: Mail, depth: int) -> Any:
        return torch.device("cpu")

    def _read_list(self, key: Any, parts: Any, mail: Mail, depth: int) -> Any:
        made: list[Any] = self._take([], key, mail)
        made += self._all(parts, mail, depth)
        return made

    def _read_iterator(self, key: Any, parts: Any, mail: Mail, depth: int) -> Any:
        return self._take(iter(self._all(parts, mail, depth)), key, mail)

    def _read_dict(self, key: Any, parts: Any, mail: Mail, depth: int) -> Any:
        made: dict[Any, Any] = self._take({}, key, mail)
        for name, value in parts:
            made[self.read(name, mail, depth)] = self.read(value, mail, depth)
        return made

    def _read_array(self, key: Any, written: Any, mail: Mail, depth: int) -> Any:
        return self._take(array_in(written, mail.arrays), key, mail)

    def _read_tensor(
        self, key: Any, written: Any, about: Any, slope: Any, mail: Mail, depth: int
    ) -> Any:
        value = tensor_in(written, mail.arrays)
        required, needs = about
        if needs is not None:
            return self._take(self.output(key, value, needs), key, mail)
        value.requires_grad_(bool(required))
        if slope is not None:
            value.grad = tensor_in(slope, mail.arrays)
        return self._take(value, key, mail)

    def _read_parameter(
        self, key: Any, written: Any, about: Any, slope: Any, mail: Mail, depth: int
    ) -> Any:
        value = nn.Parameter(tensor_in(written, mail.arrays), bool(about[0]))
        if slope is not None:
            value.grad = tensor_in(slope, mail.arrays)
        return self._take(value, key, mail)

    def _read_generator(self, key: Any, written: Any, mail: Mail, depth: int) -> Any:
        made = torch.Generator()
        made.set_state(tensor_in(written, mail.arrays))
        return self._take(made, key, mail)

    def _read_numpy_generator(self, key: Any, state: Any, mail: Mail, depth: int) -> Any:
        made = np.random.Generator(np.random.PCG64())
        made.bit_generator.state = state
        return self._take(made, key, mail)

    def _read_module(self, key: Any, about: Any, mail: Mail, depth: int) -> Any:
        kind: type[nn.Module] = nn.Module
        if self.rebuilt and about["class"]:
            kind = _named(*about["class"])
        made = kind.__new__(kind)
        nn.Module.__init__(made)
        made.training = bool(about["training"])
        for name, written in about["attributes"]:
            if not hasattr(nn.Module, name):
                setattr(made, _name(name), self.read(written, mail, depth))
        for name, written in about["parameters"]:
            value = self.read(written, mail, depth)
            made.register_parameter(name, value)
        for name, written in about["buffers"]:
            made.register_buffer(name, self.read(written, mail, depth), name not in about["hidden"])
        for name, written in about["children"]:
            made.add_module(name, self.read(written, mail, depth))
        self._take(made, key, mail)
        if about["remote"] or kind is nn.Module:
            made.forward = self.remote(made, key)
        return made

    def _read_optimizer(self, key: Any, kind: str, groups: Any, mail: Mail, depth: int) -> Any:
        if not self.rebuilt:
            return Opaque(str(kind), f"an optimizer, {kind}")
        read = [
            {
                name: self._all(v, mail, depth) if name == "params" else self.read(v, mail, depth)
                for name, v in group
            }
            for group in groups
        ]
        made = getattr(torch.optim, kind)([{"params": g["params"]} for g in read], lr=0.0)
        for group, options in zip(made.param_groups, read, strict=True):
            group.update(options)
        made.step = self.step(key)
        return self._take(made, key, mail)

    def _read_callable(self, key: Any, mro: Any, mail: Mail, depth: int) -> Any:
        return self._take(self.stand_in(key, mro), key, mail)

    def _read_object(self, key: Any, kind: Any, fields: Any, mail: Mail, depth: int) -> Any:
        found = _named(*kind)
        made = self._take(object.__new__(found), key, mail)
        for name, written in fields:
            vars(made)[_name(name)] = self.read(written, mail, depth)
        return made


def _named(home: Any, name: Any) -> Any:
    """A class of the course or of PyTorch's layers whose module is already imported."""
    if not str(home).startswith(("course_utils.", "torch.nn.modules.")):
        raise Broken(f"{home}.{name} is no class that may cross")
    found: Any = sys.modules.get(home)
    for part in str(name).split("."):
        found = getattr(found, part, None)
    # A module has names of other modules in it, and through them everything can be reached.
    own = (getattr(found, "__module__", None), getattr(found, "__qualname__", None)) == (home, name)
    if not isinstance(found, type) or not own or issubclass(found, BaseException):
        raise Broken(f"{home}.{name} is no class that may cross")
    return found


def _name(text: Any) -> str:
    if not isinstance(text, str) or text.startswith("__"):
        raise Broken(f"{text!r} is no attribute's name")
    return text
