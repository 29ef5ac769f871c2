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
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from course_utils.fleet.recording import (
    CannotBatchError,
    Operation,
    numbers_that_differ,
    record,
    repeats,
)

aten = torch.ops.aten

#: Over as few as ten classes these are several times faster as their parts.
_FASTER_APART = get_decompositions([aten._log_softmax, aten._log_softmax_backward_data])

#: Takes one member's tensors, each as an argument of its own, and returns a tuple of tensors. It
#: may change its arguments in place (running statistics).
MemberFn = Callable[..., tuple[Tensor, ...]]


def batch(
    functions: Sequence[MemberFn],
    members_per_function: int,
    alone: Sequence[Sequence[Tensor]],
    example: Sequence[Tensor],
    in_dims: Sequence[int | None],
    *,
    twin: MemberFn | None = None,
    n_params: int = 0,
) -> MemberFn:
    """Merge functions that differ only in numbers into one over a leading member dimension.

    Args:
        functions: one for each value.
        members_per_function: how many consecutive members each function stands for.
        alone: for each function, inputs of one member to run it on; they may be changed.
        example: batched inputs, which may be changed; the result takes inputs of these shapes.
        in_dims: as in `torch.vmap`: 0 for inputs that differ by member, None for shared ones.
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
    numbers = [
        torch.stack(n.by_value).to(example[0].device).repeat_interleave(members_per_function, dim=0)
        for n in differing
    ]
    per_member: Callable[..., Any] = functions[0]
    if differing:
        per_member = _lifted(_trace(functions[0], alone[0]), recordings[0], differing)
    if n_params:
        value = per_member
        per_member = grad(lambda *inputs: value(*inputs)[0], argnums=tuple(range(n_params)))
    batched = vmap(per_member, in_dims=(*in_dims, *[0] * len(numbers)))
    frozen = _trace(batched, [*example, *numbers], _FASTER_APART)
    _simplify(frozen)
    return lambda *inputs: frozen(*inputs, *numbers)


def _trace(
    function: MemberFn, example: Sequence[Tensor], decompositions: Any = None
) -> GraphModule:
    # One fake mode for the whole trace, where make_fx would make one for each tensor in it.
    context = TracingContext(FakeTensorMode(allow_fallback_kernels=True))
    try:
        with tracing(context):
            return make_fx(function, decomposition_table=decompositions)(*example)
    except Exception as error:
        raise CannotBatchError(f"its operations cannot be traced: {error}") from error


def _lifted(
    graph: GraphModule, recording: Sequence[Operation], differing: Sequence[Any]
) -> Callable[..., Any]:
    """`graph` with the numbers in which values differ as further inputs."""
    calls = [
        n
        for n in graph.graph.nodes
        if n.op == "call_function"
        and isinstance(n.target, torch._ops.OpOverload)
        and n.target is not aten.detach.default
    ]
    if [n.target for n in calls] != [operation.function for operation in recording]:
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


def _simplify(module: GraphModule) -> None:
    """Drop operations that change nothing, of which `vmap` leaves many behind, and let others
    overwrite an input that nothing else reads: memory is what small networks wait for."""
    for node in list(module.graph.nodes):
        if node.op == "call_function" and (source := _unchanged_source(node)) is not None:
            node.replace_all_uses_with(source)
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    overwriting: set[Node] = set()
    for node in module.graph.nodes:
        if node.target in _IN_PLACE and (source := _overwritable(node, overwriting)) is not None:
            node.args = (source, *(a for a in node.args if a is not source))
            node.target = _IN_PLACE[node.target]
            overwriting.add(node)
    module.recompile()


def _unchanged_source(node: Node) -> Node | None:
    source = node.args[0] if node.args else None
    if not isinstance(source, Node) or not isinstance(source.meta.get("val"), Tensor):
        return None
    if node.target in (aten.view.default, aten._unsafe_view.default, aten.expand.default):
        return source if source.meta["val"].shape == node.meta["val"].shape else None
    if node.target is aten.mul.Scalar:
        return source if node.args[1] == 1 else None
    if node.target is aten.transpose.int and source.target is aten.transpose.int:
        inner = source.args[0]
        return inner if isinstance(inner, Node) and source.args[1:] == node.args[1:] else None
    return None


_IN_PLACE = {
    aten.add.Tensor: aten.add_.Tensor,
    aten.mul.Tensor: aten.mul_.Tensor,
    aten.sub.Tensor: aten.sub_.Tensor,
    aten.clamp.default: aten.clamp_.default,
    aten.relu.default: aten.relu_.default,
    aten.exp.default: aten.exp_.default,
}
_COMMUTES = (aten.add.Tensor, aten.mul.Tensor)
#: Operations whose result is memory of its own, never a view of something older.
_FRESH = {*_IN_PLACE, aten.bmm.default, aten._to_copy.default}


def _overwritable(node: Node, overwriting: set[Node]) -> Node | None:
    """An argument of `node` with the result's shape and type, in memory that no one else reads.

    In-place operations that the learner wrote may change a buffer; only our own do not.
    """
    if node.kwargs:
        return None
    result = node.meta["val"]
    for source in node.args[: 2 if node.target in _COMMUTES else 1]:
        if not isinstance(source, Node):
            continue
        if source.target not in _FRESH and source not in overwriting:
            continue
        if len(source.users) > 1 or node.args.count(source) > 1:
            continue
        value = source.meta["val"]
        if (value.shape, value.dtype) == (result.shape, result.dtype):
            return source
    return None
