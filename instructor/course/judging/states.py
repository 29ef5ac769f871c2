"""Find, write and apply the changes in objects that both sides know."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from instructor.course.judging.known import Mail, is_watched
from instructor.course.judging.numbers import array_in, array_out, tensor_in, tensor_out
from instructor.course.judging.things import Things
from instructor.course.judging.wire import MALFORMED, Broken


def state(thing: Any) -> Any:
    """A copy of everything in an object that can change; None if nothing can."""
    if isinstance(thing, Tensor):
        slope = thing.grad if thing.is_leaf else None
        return thing.detach().clone(), thing.requires_grad, _copy(slope)
    if isinstance(thing, np.ndarray | list | dict):
        return thing.copy()
    if isinstance(thing, nn.Module):
        tensors = [*thing._parameters.items(), *thing._buffers.items()]
        # By identity: a tensor that takes another's place is to take it on the other side too.
        return (
            thing.training,
            is_watched(thing),
            *(part for n, t in tensors for part in (n, id(t))),
        )
    if isinstance(thing, torch.Generator):
        return thing.get_state()
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    return None


def news(thing: Any, before: Any) -> tuple[Any, bool]:
    """The state of an object, and whether it is another than `before`.

    A tensor that is as it was is not copied.
    """
    if type(thing) in (Tensor, nn.Parameter) and _is_still(thing, *before):
        return before, False
    now = state(thing)
    return now, not same(now, before)


def _is_still(thing: Tensor, numbers: Tensor, required: bool, slope: Tensor | None) -> bool:
    now = thing.grad if thing.is_leaf else None
    if now is None or slope is None:
        return now is slope and thing.requires_grad == required and _tensors_equal(thing, numbers)
    return thing.requires_grad == required and _tensors_equal(thing, numbers) and same(now, slope)


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal; NaN equals itself, and lists are equal if their parts are."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return _tensors_equal(a, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same_part, a, b))
    if isinstance(a, dict):
        return [*map(id, a)] == [*map(id, b)] and all(map(_same_part, a.values(), b.values()))
    return bool(a == b)


def _same_part(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, Tensor | dict) and same(a, b)) or _equal(a, b)


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, bool | int | float | str) and a == b


def _tensors_equal(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and _bits_equal(a, b)


def _bits_equal(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a, b) or (
        a.is_floating_point()
        and torch.equal(a.nan_to_num(), b.nan_to_num())
        and torch.equal(a.isnan(), b.isnan())
    )


def _copy(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach().clone()


def change_out(thing: Any, things: Things, mail: Mail) -> Any:
    """The present state of an object, to be applied on the other side."""
    if isinstance(thing, Tensor):
        slope = thing.grad if thing.is_leaf else None
        written = None if slope is None else tensor_out(slope, mail.arrays)
        return [tensor_out(thing, mail.arrays), thing.requires_grad, written]
    if isinstance(thing, np.ndarray):
        return array_out(thing, mail.arrays)
    if isinstance(thing, list | dict):
        return things.items(thing, mail)
    if isinstance(thing, torch.Generator):
        return tensor_out(thing.get_state(), mail.arrays)
    if isinstance(thing, nn.Module):
        parameters = [[name, things.out(t, mail)] for name, t in thing._parameters.items()]
        buffers = [[name, things.out(t, mail)] for name, t in thing._buffers.items()]
        return [thing.training, is_watched(thing), parameters, buffers]
    return state(thing)


def change_in(thing: Any, written: Any, things: Things, mail: Mail) -> None:
    """Apply the other side's state of an object.

    Raises:
        Broken: The object cannot have that state.
    """
    try:
        _change(thing, written, things, mail)
    except MALFORMED as error:
        raise Broken(f"a change that cannot be made: {error}") from error


def _change(thing: Any, written: Any, things: Things, mail: Mail) -> None:
    if isinstance(thing, Tensor):
        numbers, required, slope = written
        _set(thing, tensor_in(numbers, mail.arrays))
        if not thing.is_leaf:
            return
        thing.requires_grad_(bool(required))
        if slope is None:
            thing.grad = None
        elif thing.grad is None:
            thing.grad = tensor_in(slope, mail.arrays)
        else:
            _set(thing.grad, tensor_in(slope, mail.arrays))
    elif isinstance(thing, np.ndarray):
        thing[...] = array_in(written, mail.arrays)
    elif isinstance(thing, list):
        thing[:] = [things.read(part, mail) for part in written]
    elif isinstance(thing, dict):
        pairs = [(things.read(k, mail), things.read(v, mail)) for k, v in written]
        thing.clear()
        thing.update(pairs)
    elif isinstance(thing, nn.Module):
        training, watched, parameters, buffers = written
        for name, value in parameters:
            thing.register_parameter(name, things.read(value, mail))
        for name, value in buffers:
            kept = name not in thing._non_persistent_buffers_set
            thing.register_buffer(name, things.read(value, mail), kept)
        thing.training = bool(training)
        things.watch(thing, bool(watched))
    elif isinstance(thing, torch.Generator):
        thing.set_state(tensor_in(written, mail.arrays))
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = written
    else:
        raise Broken(f"a {type(thing).__name__} does not change")


def _set(thing: Tensor, value: Tensor) -> None:
    """Copy numbers without a trace in the graph, which must not see a change on this side."""
    if thing.shape == value.shape and thing.dtype == value.dtype:
        thing.data.copy_(value)
    else:
        thing.data = value
