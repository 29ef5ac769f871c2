"""One function for each value of a hyperparameter, turned into one function of all members.

Each value's function runs once alone, with plain Python numbers, while its tensor operations are
recorded. Where the recordings differ in numbers only (dropout's p, a penalty's λ, an angle), those
numbers become inputs of one function; `vmap` runs it for all members at once, and a trace freezes
the result, gradients included, into a flat list of batched operations. Neither autograd nor `vmap`
is left in the training loop, which makes it twice as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch._guards import TracingContext, tracing
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import grad, vmap
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from course_utils.fleet.recording import (
    CannotBatchError,
    Operation,
    numbers_that_differ,
    record,
    repeats,
)
from course_utils.fleet.simplify import simplify

aten = torch.ops.aten

#: Over as few as ten classes these are several times faster as their parts.
_FASTER_APART = get_decompositions([aten._log_softmax, aten._log_softmax_backward_data])

#: Takes one member's tensors, each as an argument of its own, and returns a tuple of tensors. It
#: may change its arguments in place (running statistics).
MemberFn = Callable[..., tuple[Tensor, ...]]


#: How an input differs: by value and seed (a leading [values, seeds]), by seed alone ([seeds]), not
#: at all. What values share is computed once a seed.
Dims = tuple[int | None, int | None]
BY_MEMBER: Dims = (0, 0)
BY_SEED: Dims = (None, 0)
SHARED: Dims = (None, None)
_BY_VALUE: Dims = (0, None)


def batch(
    functions: Sequence[MemberFn],
    alone: Sequence[Sequence[Tensor]],
    example: Sequence[Tensor],
    dims: Sequence[Dims],
    *,
    twin: MemberFn | None = None,
    n_params: int = 0,
) -> MemberFn:
    """Merge functions that differ only in numbers into one of all members, [values, seeds, ...].

    Args:
        functions: one for each value.
        alone: for each function, inputs of one member to run it on; they may be changed.
        example: batched inputs, which may be changed; the result takes inputs of these shapes.
        dims: how each input differs.
        twin: the first function as another seed has it, to be compared with.
        n_params: if above 0, return not the function's outputs, but the gradients of its first
            output with respect to its first `n_params` inputs.

    Raises:
        CannotBatchError: the functions do different things, or cannot be traced.
    """
    recordings = [record(f, inputs) for f, inputs in zip(functions, alone, strict=True)]
    again = (record(f, inputs) for f, inputs in zip(functions, alone, strict=True))
    if not all(repeats(a, b) for a, b in zip(recordings, again, strict=True)):
        raise CannotBatchError("it does not do the same in every call")
    if twin is not None and not repeats(recordings[0], record(twin, alone[0])):
        raise CannotBatchError(
            "its seeds differ in tensors or numbers that are no weights or buffers of the model "
            "(`register_buffer` makes a tensor one)"
        )
    differing = numbers_that_differ(recordings)
    numbers = [torch.stack(n.by_value).to(example[0].device) for n in differing]
    of_one: Callable[..., Any] = functions[0]
    if differing:
        of_one = _lifted(_trace(functions[0], alone[0]), recordings[0], differing)
    if n_params:
        value = of_one
        of_one = grad(lambda *inputs: value(*inputs)[0], argnums=tuple(range(n_params)))
    dims = [*dims, *[_BY_VALUE] * len(numbers)]
    try:
        frozen = _frozen(of_one, [*example, *numbers], dims)
        return lambda *inputs: frozen(*inputs, *numbers)
    except CannotBatchError:
        # An operation in place, say, on what members share: give each its own.
        shape = example[0].shape[:2]
        spread = [_spread(t, d, shape) for t, d in zip([*example, *numbers], dims, strict=True)]
        separate = _frozen(of_one, spread, [BY_MEMBER] * len(dims))
        return lambda *inputs: separate(
            *(_spread(t, d, shape) for t, d in zip([*inputs, *numbers], dims, strict=True))
        )


def _frozen(of_one: Callable[..., Any], example: Sequence[Tensor], dims: Sequence[Dims]) -> Any:
    over_values, over_seeds = zip(*dims, strict=True)
    of_all = vmap(vmap(of_one, in_dims=over_seeds), in_dims=over_values)
    graph = _trace(of_all, example, _FASTER_APART)
    simplify(graph)
    return graph


def _spread(t: Tensor, dims: Dims, shape: tuple[int, ...]) -> Tensor:
    """A copy of `t` for each member, [values, seeds, ...]."""
    for dim in (1, 0):
        if dims[dim] is None:
            inner = 1 if dim == 1 and dims[0] == 0 else 0
            t = t.unsqueeze(inner).expand(*t.shape[:inner], shape[dim], *t.shape[inner:])
    return t if dims == BY_MEMBER else t.clone()


def _trace(
    function: MemberFn, example: Sequence[Tensor], decompositions: Any = None
) -> GraphModule:
    # One fake mode for the whole trace, where make_fx would make one for each tensor in it.
    context = TracingContext(FakeTensorMode(allow_fallback_kernels=True))
    try:
        with tracing(context):
            return make_fx(function, decomposition_table=decompositions)(*example)
    except Exception as error:
        raise CannotBatchError(
            "it cannot be traced, most often because Python looks at the numbers in a tensor "
            "(`if x.sum() > 0`, `.item()`)"
        ) from error


def _lifted(
    graph: GraphModule, recording: Sequence[Operation], differing: Sequence[Any]
) -> Callable[..., Any]:
    """`graph` with the numbers in which values differ as further inputs."""
    calls = []
    for node in graph.graph.nodes:
        if node.target is aten.alias.default:
            node.target = aten.detach.default  # what it was before the trace; it stops gradients
        elif isinstance(node.target, torch._ops.OpOverload):
            calls.append(node)
    if [node.target for node in calls] != [operation.function for operation in recording]:
        raise CannotBatchError("its trace differs from its recording")
    last_input = [n for n in graph.graph.nodes if n.op == "placeholder"][-1]
    for i, number in enumerate(differing):
        with graph.graph.inserting_after(last_input):
            last_input = graph.graph.placeholder(f"number_{i}")
        node = calls[number.operation]
        node.update_arg(number.argument, last_input)
        node.target = number.function
    graph.recompile()
    # The method, not the module: tracing through a module would record it as one.
    return graph.forward
