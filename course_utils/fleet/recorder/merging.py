"""The recorder's engine: members that do the same but for numbers, as one flat list of operations.

Each function that may be different runs once alone, on one member's tensors and real draws, while
its operations are recorded. Where the recordings differ in numbers only (dropout's p, a penalty's
λ, an angle), those numbers become inputs of one function; `vmap` runs it for all members at once,
and recording that freezes it, gradients included, into a flat list of batched operations. Neither
autograd nor `vmap` nor the learner's Python code is left in the training loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functionalize

from course_utils.fleet.engine import (
    BY_MEMBER,
    BY_SEED,
    BY_VALUE,
    CannotBatchError,
    Dims,
    Merge,
    Merged,
    TensorFn,
    over_members,
    with_gradients,
)
from course_utils.fleet.pytorch import aten, decompositions
from course_utils.fleet.recorder.comparing import (
    DifferingNumber,
    exact,
    numbers_that_differ,
    uses_constants,
)
from course_utils.fleet.recorder.graph_optimization import optimize_graph
from course_utils.fleet.recorder.recording import (
    Decompositions,
    Recording,
    changes_in_place,
    record,
)
from course_utils.fleet.recorder.simplifying import simplify
from course_utils.fleet.recorder.tracing import lifted, refuse_own_gradients, trace

#: A product with so few columns takes half the time if it is transposed.
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


#: Operations that are faster as others: log-softmax over as few as ten classes, and a variance over
#: samples, which PyTorch processes one by one and so at a tenth of the speed.
_FASTER: Decompositions = {
    **decompositions([aten._log_softmax, aten._log_softmax_backward_data]),
    aten.bmm.default: _product,
    aten.var.correction: _variance,
}


def merge(request: Merge) -> Merged:
    """See `Merge`.

    Raises:
        CannotBatchError: the functions do different things, or cannot be recorded.
    """
    recordings = [
        record(function, inputs)
        for function, inputs in zip(request.functions, request.alone, strict=True)
    ]
    if any(recording.writes_elsewhere for recording in recordings):
        raise CannotBatchError(
            "it writes into a tensor that is no weight and no buffer, perhaps a NumPy array's"
        )
    if request.n_params:
        for function, inputs in zip(request.functions, request.alone, strict=True):
            refuse_own_gradients(function, inputs, request.n_params)
    differing = numbers_that_differ(recordings)
    placed = [_placed(number, request) for number in differing]
    numbers = [number.to(request.example[0].device) for number, _ in placed]
    dims = [*request.dims, *(d for _, d in placed)]
    constants = uses_constants(recordings[0])
    key = _key(request, recordings[0], differing, numbers, dims)
    frozen = _kept.get(key)
    if frozen is None:
        of_one = lifted(recordings[0], differing)
        if request.n_params:
            of_one = with_gradients(of_one, request.n_params)
        example = [*request.example, *numbers]
        frozen = _frozen_as_can_be(of_one, example, dims, request.shape, constants)
        if key is not None:
            _kept[key] = frozen
        while len(_kept) > MOST_KEPT:
            del _kept[next(iter(_kept))]
    strides = [t.stride() for t in request.example]  # a trace depends on them
    return Merged(
        lambda *inputs: frozen(*map(_laid_out, inputs, strides), *numbers),
        changes_in_place=changes_in_place(recordings[0]),
        uses_constants=constants,
    )


def _placed(number: DifferingNumber, request: Merge) -> tuple[Tensor, Dims]:
    """The values of a number for all members, in as few copies as they share it."""
    of_members = torch.stack(number.options)[list(request.which)].unflatten(0, request.shape)
    if torch.equal(of_members, of_members[:, :1].expand_as(of_members)):
        return of_members[:, 0].clone(), BY_VALUE
    if torch.equal(of_members, of_members[:1].expand_as(of_members)):
        return of_members[0].clone(), BY_SEED
    return of_members, BY_MEMBER


def _laid_out(t: Tensor, stride: tuple[int, ...]) -> Tensor:
    if t.stride() == stride:
        return t
    return torch.empty_strided(t.shape, stride, dtype=t.dtype, device=t.device).copy_(t)


#: Traces by the functions that they are of; the oldest are dropped first.
_kept: dict[object, TensorFn] = {}
MOST_KEPT = 64


def _key(
    request: Merge,
    recording: Recording,
    differing: Sequence[DifferingNumber],
    numbers: Sequence[Tensor],
    dims: Sequence[Dims],
) -> object:
    """Everything that a trace depends on; None if that cannot be determined."""
    operations = exact(recording, differing)
    if request.code is None or operations is None:
        return None
    places = tuple((d.operation, d.argument, str(d.function)) for d in differing)
    inputs = (*request.example, *numbers)
    layouts = tuple((t.shape, t.stride(), t.dtype, t.device) for t in inputs)
    settings = request.shape, request.n_params, torch.get_default_dtype()
    return request.code, operations, places, layouts, tuple(dims), settings


def _frozen_as_can_be(
    of_one: TensorFn,
    example: Sequence[Tensor],
    dims: Sequence[Dims],
    shape: tuple[int, int],
    constants: bool,
) -> TensorFn:
    try:
        return _frozen(of_one, example, dims, constants)
    except CannotBatchError:
        pass
    try:
        # Members may write into a tensor that all have made alike (`torch.empty(n).bernoulli_(p)`).
        return _frozen(functionalize(of_one), example, dims, constants)
    except CannotBatchError:
        # For example an in-place operation on an input that members share: give each its own copy.
        def spread(inputs: Sequence[Tensor]) -> list[Tensor]:
            return [_spread(t, d, shape) for t, d in zip(inputs, dims, strict=True)]

        separate = _frozen(of_one, spread(example), [BY_MEMBER] * len(dims), constants)
        return lambda *inputs: separate(*spread(inputs))


def _frozen(
    of_one: TensorFn, example: Sequence[Tensor], dims: Sequence[Dims], constants: bool
) -> Any:
    traced = trace(over_members(of_one, dims), example, _FASTER, constants=constants)
    simplify(traced)
    optimize_graph(traced.graph)
    return traced.compiled().forward  # and no hooks of modules around it


def _spread(t: Tensor, dims: Dims, shape: tuple[int, ...]) -> Tensor:
    """A copy of `t` for each member, [values, seeds, ...]."""
    for dim in (1, 0):
        if dims[dim] is None:
            inner = 1 if dim == 1 and dims[0] == 0 else 0
            t = t.unsqueeze(inner).expand(*t.shape[:inner], shape[dim], *t.shape[inner:])
    return t if dims == BY_MEMBER else t.clone()
