"""One function for each value of a hyperparameter, turned into one function of all members.

Each value's function runs once alone, with plain Python numbers, while its tensor operations are
recorded. Where the recordings differ in numbers only (dropout's p, a penalty's λ, an angle), those
numbers become inputs of one function; `vmap` runs it for all members at once, and recording that
freezes it, gradients included, into a flat list of batched operations. Neither autograd nor `vmap`
is left in the training loop, which makes it twice as fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch.func import grad, vmap

from course_utils.fleet.comparing import (
    DifferingNumber,
    exact,
    numbers_that_differ,
    repeats,
    uses_constants,
)
from course_utils.fleet.lower import lower
from course_utils.fleet.recording import (
    CannotBatchError,
    Decompositions,
    Recording,
    TensorFn,
    changes_in_place,
    record,
)
from course_utils.fleet.simplify import simplify
from course_utils.fleet.tracing import lifted, refuse_own_gradients, trace

aten = torch.ops.aten

#: A product of so few columns takes half the time the other way round.
_NARROW = 16


def _product(a: Tensor, b: Tensor) -> Any:
    rows, columns = a.shape[1], b.shape[2]
    return torch.bmm(b.mT, a.mT).mT if columns < _NARROW <= rows else NotImplemented


def _variance(
    x: Tensor,
    dim: Sequence[int] | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
) -> Tensor:
    dims = list(dim or range(x.ndim))
    n = math.prod(x.shape[d] for d in dims)
    squares = (x - x.mean(dims, keepdim=True)).square()
    return squares.sum(dims, keepdim) / max(0, n - (1 if correction is None else correction))


#: What is faster in other operations: log-softmax over as few as ten classes, and a variance over
#: samples, which PyTorch takes one by one and so at a tenth of the speed.
_FASTER: Decompositions = {
    **get_decompositions([aten._log_softmax, aten._log_softmax_backward_data]),
    aten.bmm.default: _product,
    aten.var.correction: _variance,
}

#: How an input differs: by value and seed (a leading [values, seeds]), by seed alone ([seeds]), not
#: at all. What values share is computed once a seed.
Dims = tuple[int | None, int | None]
BY_MEMBER: Dims = (0, 0)
BY_SEED: Dims = (None, 0)
SHARED: Dims = (None, None)
_BY_VALUE: Dims = (0, None)


@dataclass(frozen=True)
class Batched:
    """A function of all members' tensors, and what it does beside returning some."""

    of_all: TensorFn
    #: Whether it changes any tensor in place, such as running statistics.
    changes_in_place: bool
    #: Whether it uses tensors that are no inputs, which their owner may change between two calls.
    uses_constants: bool

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run it."""
        return self.of_all(*inputs)


def batch(
    functions: Sequence[TensorFn],
    alone: Sequence[Sequence[Tensor]],
    example: Sequence[Tensor],
    dims: Sequence[Dims],
    *,
    twin: TensorFn | None = None,
    n_params: int = 0,
    code: object = None,
) -> Batched:
    """Merge functions that differ only in numbers into one of all members, [values, seeds, ...].

    Args:
        functions: one for each value.
        alone: for each function, inputs of one member to run it on; they may be changed.
        example: batched inputs, which may be changed; the result takes inputs of these shapes.
        dims: how each input differs.
        twin: the first function as another seed has it, to be compared with.
        n_params: if above 0, return not the function's outputs, but the gradients of its first
            output with respect to its first `n_params` inputs.
        code: equal for functions that run the same Python code. With it a trace is kept, and used
            again for functions that do the same: most of the time before the first step is saved.

    Raises:
        CannotBatchError: the functions do different things, or cannot be traced.
    """
    recordings = [record(f, inputs) for f, inputs in zip(functions, alone, strict=True)]
    # On other numbers, for nothing that Python reads off them may find its way into the operations.
    again = (record(f, _other(inputs)) for f, inputs in zip(functions, alone, strict=True))
    if not all(repeats(a, b) for a, b in zip(recordings, again, strict=True)):
        raise CannotBatchError("it does not do the same in every call")
    if twin is not None and not repeats(recordings[0], record(twin, alone[0])):
        raise CannotBatchError(
            "its seeds differ in tensors or numbers that are no weights or buffers of the model "
            "(`register_buffer` makes a tensor one)"
        )
    if n_params:
        refuse_own_gradients(functions[0], alone[0], n_params)
    differing = numbers_that_differ(recordings)
    numbers = [torch.stack(n.by_value).to(example[0].device) for n in differing]
    dims = [*dims, *[_BY_VALUE] * len(numbers)]
    constants = uses_constants(recordings[0])
    key = _key(code, recordings[0], differing, [*example, *numbers], dims, n_params)
    frozen = _kept.get(key)
    if frozen is None:
        of_one: Callable[..., Any] = functions[0]
        if differing:
            of_one = lifted(recordings[0], differing)
        if n_params:
            value = of_one
            of_one = grad(lambda *inputs: value(*inputs)[0], argnums=tuple(range(n_params)))
        frozen = _frozen_as_can_be(of_one, [*example, *numbers], dims, constants=constants)
        if key is not None:
            _kept[key] = frozen
        while len(_kept) > MOST_KEPT:
            del _kept[next(iter(_kept))]
    strides = [t.stride() for t in example]  # which a trace relies on
    return Batched(
        lambda *inputs: frozen(*map(_laid_out, inputs, strides), *numbers),
        changes_in_place=changes_in_place(recordings[0]),
        uses_constants=constants,
    )


def _laid_out(t: Tensor, stride: tuple[int, ...]) -> Tensor:
    if t.stride() == stride:
        return t
    return torch.empty_strided(t.shape, stride, dtype=t.dtype, device=t.device).copy_(t)


#: Traces by what they are traces of; the oldest go first.
_kept: dict[object, TensorFn] = {}
MOST_KEPT = 64


def _key(
    code: object,
    recording: Recording,
    differing: Sequence[DifferingNumber],
    example: Sequence[Tensor],
    dims: Sequence[Dims],
    n_params: int,
) -> object:
    """All that a trace depends on, or None where that cannot be told."""
    operations = exact(recording, differing)
    if code is None or operations is None:
        return None
    places = tuple((d.operation, d.argument, str(d.function)) for d in differing)
    inputs = tuple((t.shape, t.stride(), t.dtype, t.device) for t in example)
    return code, operations, places, inputs, tuple(dims), n_params, torch.get_default_dtype()


def _other(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Tensors of the same shapes with other numbers in them."""
    turned = (t.flip(0) if t.dim() else t.clone() for t in inputs)
    return [t * 0.5 if t.is_floating_point() else t for t in turned]


def _frozen_as_can_be(
    of_one: Callable[..., Any], example: Sequence[Tensor], dims: Sequence[Dims], *, constants: bool
) -> TensorFn:
    try:
        return _frozen(of_one, example, dims, constants)
    except CannotBatchError:
        # An operation in place, say, on what members share: give each its own.
        shape = example[0].shape[:2]

        def spread(inputs: Sequence[Tensor]) -> list[Tensor]:
            return [_spread(t, d, shape) for t, d in zip(inputs, dims, strict=True)]

        separate = _frozen(of_one, spread(example), [BY_MEMBER] * len(dims), constants)
        return lambda *inputs: separate(*spread(inputs))


def _frozen(
    of_one: Callable[..., Any], example: Sequence[Tensor], dims: Sequence[Dims], constants: bool
) -> Any:
    over_values, over_seeds = zip(*dims, strict=True)
    of_all = vmap(vmap(of_one, in_dims=over_seeds), in_dims=over_values)
    graph = trace(of_all, example, _FASTER, constants=constants)
    simplify(graph)
    lower(graph)
    return graph


def _spread(t: Tensor, dims: Dims, shape: tuple[int, ...]) -> Tensor:
    """A copy of `t` for each member, [values, seeds, ...]."""
    for dim in (1, 0):
        if dims[dim] is None:
            inner = 1 if dim == 1 and dims[0] == 0 else 0
            t = t.unsqueeze(inner).expand(*t.shape[:inner], shape[dim], *t.shape[inner:])
    return t if dims == BY_MEMBER else t.clone()
