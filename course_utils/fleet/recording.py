"""What a function does to its tensors, operation by operation, and where two recordings differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten

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


class CannotBatchError(Exception):
    """These members cannot be run as one; the message says why."""


@dataclass(frozen=True)
class _Made:
    """A tensor that was an input, or that an earlier operation returned as its `which`-th."""

    by: int
    which: int
    shape: tuple[int, ...]
    detached: bool = False


@dataclass
class Operation:
    """A call of an ATen function; the tensors it was given stand as `_Made`, unless constant."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    dtype: torch.dtype | None
    #: Whether gradients pass; they do not within the function's own `torch.no_grad()`.
    with_gradient: bool

    def structure(self) -> object:
        """Equal for operations that differ at most in numbers that can become inputs."""
        masks = (self._mask(a) for a in self.args)
        return self._head(), tuple(masks), tuple(sorted(map(str, self.kwargs.items())))

    def exact(self, but: Iterable[int]) -> object:
        """All of it in a text, without the arguments `but`; None where it uses constant tensors."""
        args = [None if i in but else a for i, a in enumerate(self.args)]
        if any(isinstance(a, Tensor) for a in tree_flatten((args, self.kwargs))[0]):
            return None
        return self._head(), str(args), str(sorted(self.kwargs.items()))

    def _head(self) -> object:
        return str(self.function), self.with_gradient

    def _mask(self, argument: Any) -> object:
        if isinstance(argument, Tensor):
            return "constant", tuple(argument.shape), argument.dtype
        return "number" if _is_number(argument) and self.function in _WITH_TENSOR else str(argument)


@dataclass
class DifferingNumber:
    """An argument in which the values' recordings differ, and what it is for each value."""

    operation: int
    argument: int
    #: The function to call when the number is given as a tensor.
    function: Any
    by_value: list[Tensor]


class _Recorder(TorchDispatchMode):
    def __init__(self, inputs: Iterable[Tensor]) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        # Kept, because the identity of a tensor that is gone may be used again.
        self._known = {id(t): (t, _Made(-1 - i, 0, tuple(t.shape))) for i, t in enumerate(inputs)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is aten.detach.default:  # the same tensor; traces leave some of them out
            result = func(*args)
            if isinstance(named := self._name(args[0]), _Made):
                self._known[id(result)] = result, replace(named, detached=True)
            return result
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise CannotBatchError(f"{func} draws random numbers that no seed controls")
        first = args[0] if args else None
        operation = Operation(
            func,
            tuple(tree_map(self._name, a) for a in args),
            {k: tree_map(self._name, v) for k, v in kwargs.items()},
            first.dtype if isinstance(first, Tensor) else None,
            torch.is_grad_enabled(),
        )
        result = func(*args, **kwargs)
        for which, made in enumerate(tree_flatten(result)[0]):
            if isinstance(made, Tensor) and id(made) not in self._known:
                name = _Made(len(self.operations), which, tuple(made.shape))
                self._known[id(made)] = made, name
        self.operations.append(operation)
        return result

    def _name(self, argument: Any) -> Any:
        if not isinstance(argument, Tensor):
            return argument
        if id(argument) in self._known:
            return self._known[id(argument)][1]
        if argument.requires_grad:
            raise CannotBatchError(
                "it uses weights kept from elsewhere, not those of the model that it is given"
            )
        return argument


def record(function: Callable[..., Any], inputs: Sequence[Tensor]) -> list[Operation]:
    """The operations that `function` runs on `inputs`, none of which needs a gradient; raises what
    it raises."""
    with torch.enable_grad(), _Recorder(inputs) as recorder:
        function(*inputs)
    return recorder.operations


def structure(operations: Sequence[Operation]) -> tuple[object, ...]:
    """Equal for recordings that differ at most in numbers that can become inputs."""
    return tuple(operation.structure() for operation in operations)


def exact(
    operations: Sequence[Operation], differing: Sequence[DifferingNumber]
) -> tuple[object, ...] | None:
    """Equal for recordings that are the same but for the values of the numbers `differing`; None
    where constant tensors are used, of which a text does not tell enough."""
    but: dict[int, set[int]] = {}
    for number in differing:
        but.setdefault(number.operation, set()).add(number.argument)
    texts = tuple(operation.exact(but.get(i, ())) for i, operation in enumerate(operations))
    return None if None in texts else texts


def numbers_that_differ(recordings: Sequence[Sequence[Operation]]) -> list[DifferingNumber]:
    """The arguments to turn into inputs; raises `CannotBatchError` if that is not enough."""
    first = recordings[0]
    different = CannotBatchError("its values lead to different operations")
    if any(structure(r) != structure(first) for r in recordings):
        raise different
    found = []
    for i, operation in enumerate(first):
        if not all(same(r[i].kwargs, operation.kwargs) for r in recordings):
            raise different
        for position in range(len(operation.args)):
            options = [r[i].args[position] for r in recordings]
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


def repeats(a: Sequence[Operation], b: Sequence[Operation]) -> bool:
    """Whether two recordings are the same, numbers and constant tensors included."""
    return structure(a) == structure(b) and not numbers_that_differ([a, b])


def same(a: Any, b: Any) -> bool:
    """Equality that looks into tensors, and takes NaN for equal to itself."""
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
    """A dtype for lifted numbers that, like a Python number, leaves the result's dtype alone."""
    default = torch.get_default_dtype()
    if operand is None:
        return default
    fits = operand.is_floating_point or all(isinstance(o, int) for o in options)
    return operand if fits else default
