"""From a learner's Python to a flat list of tensor operations, gradients as they meant them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from course_utils.fleet.recording import CannotBatchError, DifferingNumber, Operation

aten = torch.ops.aten

#: Takes one member's tensors, each as an argument of its own, and returns a tuple of tensors. It
#: may change its arguments in place (running statistics).
MemberFn = Callable[..., tuple[Tensor, ...]]


def trace(function: MemberFn, example: Sequence[Tensor], decompositions: Any = None) -> GraphModule:
    """The tensor operations of `function`, as one flat list; raises `CannotBatchError`."""
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


def lifted(
    graph: GraphModule, recording: Sequence[Operation], differing: Sequence[DifferingNumber]
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
    for node, operation in zip(calls, recording, strict=True):
        if not operation.with_gradient:
            _stop_gradient(graph.graph, node)
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


def _stop_gradient(graph: Graph, node: Node) -> None:
    """Detach what `node` returns: a trace forgets that it ran within `torch.no_grad()`."""
    target: Any = node.target
    if target._schema.is_mutable:
        return  # it changes a buffer, and its result is that buffer
    several = [user for user in node.users if user.target is operator.getitem]
    for result in several or [node]:
        with graph.inserting_after(result):
            stopped = graph.call_function(aten.detach.default, (result,))
        for user in [user for user in result.users if user is not stopped]:
            user.replace_input_with(result, stopped)


def refuse_own_gradients(function: MemberFn, inputs: Sequence[Tensor], n_params: int) -> None:
    """Refuse a `torch.autograd.Function`: no recording tells what its backward pass does."""
    leaves = [t.detach().requires_grad_().clone() for t in inputs[:n_params]]
    with torch.enable_grad():
        value = function(*leaves, *(t.clone() for t in inputs[n_params:]))[0]
    waiting, seen = [value.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            raise CannotBatchError(
                f"it has a gradient of its own ({node.name().removesuffix('Backward')})"
            )
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
