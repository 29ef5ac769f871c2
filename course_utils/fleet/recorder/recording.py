"""Record the operations of a function on its tensors, while it runs on real numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_utils.fleet.engine import CannotBatchError, TensorFn
from course_utils.fleet.pytorch import (
    TorchDispatchMode,
    WeakTensorKeyDictionary,
    aten,
    memory_of,
)

#: For an operation, a function of the same arguments that computes it by other operations, or
#: returns NotImplemented.
Decompositions = Mapping[Any, Callable[..., Any]]


class Layout(NamedTuple):
    """The layout of a tensor in memory."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype
    device: torch.device
    is_contiguous: bool

    @classmethod
    def of(cls, t: Tensor) -> Layout:
        place = tuple(t.shape), t.stride(), int(t.storage_offset())
        return cls(*place, t.dtype, t.device, t.is_contiguous())


@dataclass(frozen=True)
class Made:
    """A tensor that was input number -1 - `by`, or the `which`-th result of operation `by`."""

    by: int
    which: int
    shape: tuple[int, ...]
    detached: bool = False


@dataclass
class Operation:
    """A call of an ATen function; its tensor arguments are `Made`, unless they are constants."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    dtype: torch.dtype | None
    #: Whether gradients pass; not inside the function's own `torch.no_grad()`.
    with_gradient: bool
    #: None for a result that is not a tensor.
    results: list[Layout | None]
    #: Whether it returned a tuple or a list.
    several: bool
    #: Whether its only result is a view of its first argument.
    is_view: bool


@dataclass
class Recording:
    """All operations of one call, and the tensors that it returned."""

    operations: list[Operation]
    returned: list[Any]
    inputs: list[Layout]
    #: Whether it writes into a tensor that is neither an input nor a result, nor a view of these.
    writes_elsewhere: bool


def record(
    function: TensorFn, inputs: Sequence[Tensor], decompositions: Decompositions | None = None
) -> Recording:
    """Record `function` on `inputs`, none of which needs a gradient. Raises what `function` raises.

    Raises:
        CannotBatchError: other numbers in the inputs could lead to other operations.
    """
    layouts = [Layout.of(t) for t in inputs]
    with torch.enable_grad(), _Recorder(inputs, decompositions or {}) as recorder:
        outputs = function(*inputs)
    returned = [recorder.name(t) for t in outputs]
    return Recording(recorder.operations, returned, layouts, recorder.writes_elsewhere)


class _Recorder(TorchDispatchMode):
    def __init__(self, inputs: Iterable[Tensor], decompositions: Decompositions) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.writes_elsewhere = False
        #: Constants by their memory, held so that it is not given to other tensors.
        self._elsewhere: dict[int, Tensor] = {}
        self._decompositions = decompositions
        # Weak references, so that a recording takes no more memory than the call itself.
        self._known: Any = WeakTensorKeyDictionary()
        for i, t in enumerate(inputs):
            self._known[t] = Made(-1 - i, 0, tuple(t.shape))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in self._decompositions:
            with self:
                result = self._decompositions[func](*args, **kwargs)
            if result is not NotImplemented:
                return result
        if func is aten.detach.default:  # the same tensor under another name
            result = func(*args)
            if isinstance(named := self.name(args[0]), Made):
                self._known[result] = Made(named.by, named.which, named.shape, detached=True)
            return result
        _refuse(func, args)
        borrowed = False
        if func is aten.lift_fresh.default:  # or in-place operations on it would be done twice
            func, borrowed = aten.lift_fresh_copy.default, _is_borrowed(args[0])
        first = args[0] if args else None
        operation = Operation(
            func,
            tuple(map(self._named, args)),
            {key: self._named(value) for key, value in kwargs.items()},
            first.dtype if isinstance(first, Tensor) else None,
            with_gradient=torch.is_grad_enabled(),
            results=[],
            several=False,
            is_view=False,
        )
        result = func(*args, **kwargs)
        operation.several = isinstance(result, tuple | list)
        if isinstance(first, Tensor) and isinstance(result, Tensor) and result is not first:
            operation.is_view = memory_of(result) == memory_of(first)
        for which, made in enumerate(results_of(result)):
            tensor = isinstance(made, Tensor)
            if tensor and made.is_complex():
                raise CannotBatchError("it computes with complex numbers")
            operation.results.append(Layout.of(made) if tensor else None)
            if borrowed:
                self._elsewhere[memory_of(made)] = made
            if tensor and made not in self._known:  # it is, where this was done in place
                self._known[made] = Made(len(self.operations), which, tuple(made.shape))
        self.operations.append(operation)
        written = (t for t in changed_by(func, args, kwargs) if isinstance(t, Tensor))
        self.writes_elsewhere |= any(memory_of(t) in self._elsewhere for t in written)
        return result

    def name(self, tensor: Tensor) -> Made | Tensor:
        """The input or result that `tensor` is; `tensor` itself if it is a constant."""
        known: Made | None = self._known.get(tensor)
        if known is not None:
            return known
        if tensor.requires_grad:
            raise CannotBatchError(
                "it uses weights kept from elsewhere, not those of the model that it is given"
            )
        self._elsewhere[memory_of(tensor)] = tensor
        return tensor

    def _named(self, argument: Any) -> Any:
        """An argument of an operation with its tensors named, of which some are in lists."""
        if isinstance(argument, Tensor):
            return self.name(argument)
        if type(argument) in (list, tuple):
            return type(argument)(map(self._named, argument))
        return argument


def _is_borrowed(t: Tensor) -> bool:
    """Whether the memory of a new tensor is somebody else's, such as that of a NumPy array."""
    return t.layout is torch.strided and not t.untyped_storage().resizable()


def results_of(result: Any) -> Sequence[Any]:
    """The results of an operation, as a sequence."""
    return result if isinstance(result, tuple | list) else (result,)


_MASKS = (torch.bool, torch.uint8)


def _refuse(func: Any, args: Sequence[Any]) -> None:
    if torch.Tag.nondeterministic_seeded in func.tags:
        raise CannotBatchError(
            "it draws random numbers of a kind that cannot be drawn for several runs at once"
        )
    if torch.Tag.data_dependent_output in func.tags:
        raise CannotBatchError(
            "its Python code looks at the numbers in a tensor, as `if x.sum() > 0` and `.item()` do"
        )
    shapes = torch.Tag.dynamic_output_shape in func.tags
    if func is aten.index.Tensor:
        shapes = any(isinstance(i, Tensor) and i.dtype in _MASKS for i in args[1])
    if shapes:
        raise CannotBatchError(
            "the numbers in a tensor decide the shape of another, as in `x[x > 0]`"
        )


#: These update the running statistics in these arguments in training (argument 5), which their
#: schema does not declare.
_BATCH_NORMS = (aten.native_batch_norm.default, aten.cudnn_batch_norm.default)
_RUNNING, _TRAINS = (3, 4), 5


def changed_by(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments of an ATen call that it changes in place."""
    if function in _BATCH_NORMS:
        return [args[i] for i in _RUNNING] if args[_TRAINS] else []
    return [
        args[i] if i < len(args) else kwargs[name]
        for i, name in _written(function)
        if i < len(args) or name in kwargs
    ]


@cache
def _written(function: Any) -> list[tuple[int, str]]:
    """Place and name of each argument that an ATen function changes in place by its schema, which
    takes longer to ask than a small operation to compute."""
    return [
        (i, argument.name)
        for i, argument in enumerate(function._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]


def changes_in_place(recording: Recording) -> bool:
    """Whether anything was changed in place."""
    return any(changed_by(o.function, o.args, o.kwargs) for o in recording.operations)
