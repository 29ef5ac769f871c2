"""Compare the recordings of several members, and find the numbers in which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_utils.fleet.engine import CannotBatchError
from course_utils.fleet.pytorch import aten, tree_flatten
from course_utils.fleet.recorder.recording import Operation, Recording

#: Operations that take a number, and the counterpart that takes a tensor in its place.
_WITH_TENSOR = {
    getattr(aten, name).Scalar: getattr(aten, name).Tensor
    for name in ("add", "sub", "mul", "div", "ge", "gt", "le", "lt", "eq", "ne")
} | {
    aten.pow.Tensor_Scalar: aten.pow.Tensor_Tensor,
    aten.clamp_min.default: aten.clamp_min.Tensor,
    aten.clamp_max.default: aten.clamp_max.Tensor,
}
_WITH_TENSOR |= {function: function for function in list(_WITH_TENSOR.values())}


@dataclass
class DifferingNumber:
    """An argument in which recordings differ."""

    operation: int
    argument: int
    #: The function to call when the number is given as a tensor.
    function: Any
    #: Its value in each recording.
    options: list[Tensor]


def structure(recording: Recording) -> tuple[object, ...]:
    """A value that is equal for recordings that differ only in numbers that can become inputs."""
    return tuple(map(_structure, recording.operations))


def _structure(operation: Operation) -> object:
    masks = (_mask(operation.function, a) for a in operation.args)
    return _head(operation), tuple(masks), tuple(sorted(map(str, operation.kwargs.items())))


def _head(operation: Operation) -> object:
    return str(operation.function), operation.with_gradient


def _mask(function: Any, argument: Any) -> object:
    if isinstance(argument, Tensor):
        return "constant", tuple(argument.shape), argument.dtype
    return "number" if _is_number(argument) and function in _WITH_TENSOR else str(argument)


def exact(recording: Recording, differing: Sequence[DifferingNumber]) -> tuple[object, ...] | None:
    """Equal for recordings that are the same but for the values of the numbers `differing`; None
    where constant tensors are used, of which a text does not tell enough."""
    but: dict[int, set[int]] = {}
    for number in differing:
        but.setdefault(number.operation, set()).add(number.argument)
    texts = (_exact(operation, but.get(i, ())) for i, operation in enumerate(recording.operations))
    whole = (*texts, None if _any_constant(recording.returned) else str(recording.returned))
    return None if None in whole else whole


def _exact(operation: Operation, but: Iterable[int]) -> object:
    """All of it in a text, without the arguments `but`; None where it uses constant tensors."""
    args = [None if i in but else a for i, a in enumerate(operation.args)]
    if _any_constant([*args, *operation.kwargs.values()]):
        return None
    return _head(operation), str(args), str(sorted(operation.kwargs.items()))


def uses_constants(recording: Recording) -> bool:
    """Whether a recording uses tensors that are neither inputs nor results."""
    used = ((*operation.args, *operation.kwargs.values()) for operation in recording.operations)
    return any(map(_any_constant, used)) or _any_constant(recording.returned)


def _any_constant(argument: Any) -> bool:
    if type(argument) in (list, tuple):
        return any(map(_any_constant, argument))
    return isinstance(argument, Tensor)


def numbers_that_differ(recordings: Sequence[Recording]) -> list[DifferingNumber]:
    """The arguments to turn into inputs; raises `CannotBatchError` if recordings differ in more."""
    first = recordings[0]
    different = CannotBatchError("its values or seeds lead to different operations")
    if any(structure(r) != structure(first) for r in recordings):
        raise different
    if not all(same(r.returned, first.returned) for r in recordings):
        raise different
    found = []
    for i, operation in enumerate(first.operations):
        if not all(same(r.operations[i].kwargs, operation.kwargs) for r in recordings):
            raise different
        for position in range(len(operation.args)):
            options = [r.operations[i].args[position] for r in recordings]
            if all(same(o, options[0]) for o in options):
                continue
            if isinstance(options[0], Tensor):
                found.append(DifferingNumber(i, position, operation.function, options))
            elif not _is_number(options[0]):
                raise different
            else:
                dtype = _dtype_for(operation.dtype, options)
                tensors = [torch.tensor(o, dtype=dtype) for o in options]
                function = _WITH_TENSOR[operation.function]
                found.append(DifferingNumber(i, position, function, tensors))
    return found


def same(a: Any, b: Any) -> bool:
    """Equality that compares the contents of tensors, and in which NaN equals itself."""
    (left, left_spec), (right, right_spec) = tree_flatten(a), tree_flatten(b)
    if left_spec != right_spec:
        return False
    for x, y in zip(left, right, strict=True):
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            if x.dtype != y.dtype or not torch.equal(x, y):
                return False
        elif x is not y and not (x == y or (x != x and y != y)):
            return False
    return True


def _is_number(argument: Any) -> bool:
    return isinstance(argument, int | float) and not isinstance(argument, bool)


def _dtype_for(operand: torch.dtype | None, options: Sequence[float]) -> torch.dtype:
    """A dtype for lifted numbers that, like a Python number, does not change the result's dtype."""
    default = torch.get_default_dtype()
    if operand is None:
        return default
    fits = operand.is_floating_point or all(isinstance(o, int) for o in options)
    return operand if fits else default
