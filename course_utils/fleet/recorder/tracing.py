"""Turn a recording into a function of more inputs, and that into a flat list of operations."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.fx.node import map_aggregate

from course_utils.fleet.engine import CannotBatchError, TensorFn
from course_utils.fleet.pytorch import is_own_gradient, without_performance_warnings
from course_utils.fleet.recorder.comparing import DifferingNumber, uses_constants
from course_utils.fleet.recorder.recording import (
    Decompositions,
    Layout,
    Made,
    Recording,
    record,
    results_of,
)


def lifted(recording: Recording, differing: Sequence[DifferingNumber]) -> TensorFn:
    """The recording as a function (*inputs, *numbers), `numbers` in place of those `differing`.

    Gradients pass and stop where they did in the recorded function."""
    n_inputs = len(recording.inputs)
    numbers_of: dict[int, list[tuple[int, DifferingNumber]]] = {}
    for i, number in enumerate(differing, n_inputs):
        numbers_of.setdefault(number.operation, []).append((i, number))

    def replayed(*tensors: Tensor) -> tuple[Tensor, ...]:
        made: dict[tuple[int, int], Any] = {(-1 - i, 0): t for i, t in enumerate(tensors)}

        def find(argument: Any) -> Any:
            if not isinstance(argument, Made):
                return argument
            tensor = made[argument.by, argument.which]
            return tensor.detach() if argument.detached else tensor

        for i, operation in enumerate(recording.operations):
            function, args = operation.function, list(map_aggregate(operation.args, find))
            for place, number in numbers_of.get(i, ()):
                function, args[number.argument] = number.function, tensors[place]
            with nullcontext() if operation.with_gradient else torch.no_grad():
                result = function(*args, **map_aggregate(operation.kwargs, find))
            made |= {(i, which): t for which, t in enumerate(results_of(result))}
        return tuple(map(find, recording.returned))

    return replayed


class Traced(NamedTuple):
    """A list of operations, which may still be rewritten, and the constants in it by name."""

    graph: Graph
    constants: dict[str, Tensor]

    def compiled(self) -> GraphModule:
        """The function that runs it. Writing and compiling its Python takes as long as rewriting
        it, so it is done once, at the end."""
        return GraphModule(self.constants, self.graph)


def trace(
    function: TensorFn,
    example: Sequence[Tensor],
    decompositions: Decompositions | None = None,
    *,
    constants: bool = True,
) -> Traced:
    """The operations of `function`, as one flat list to be run without gradients; raises
    `CannotBatchError`. Nodes that are tensors have their `Layout` in ``node.meta["layout"]``, and
    ``node.meta["is_view"]`` tells those that are views of their first argument.

    Without `constants` it may use no tensor but its inputs and what it makes of them.
    """
    try:
        with without_performance_warnings():
            recording = record(function, example, decompositions)
        if not constants and uses_constants(recording):
            raise CannotBatchError("for all members at once it uses tensors that one does not use")
        return _graph(recording)
    except CannotBatchError:
        raise
    except Exception as error:
        raise CannotBatchError("PyTorch cannot run it for several members at once") from error


def _graph(recording: Recording) -> Traced:
    graph = Graph()
    constants: dict[str, Tensor] = {}
    nodes: dict[tuple[int, int], Node] = {}

    def node_of(argument: Any) -> Any:
        if isinstance(argument, Made):
            return nodes[argument.by, argument.which]
        if not isinstance(argument, Tensor):
            return argument
        name = f"constant_{len(constants)}"
        constants[name] = argument
        node = graph.create_node("get_attr", name)
        node.meta["layout"] = Layout.of(argument)
        return node

    for i, layout in enumerate(recording.inputs):
        nodes[-1 - i, 0] = node = graph.placeholder(f"input_{i}")
        node.meta["layout"] = layout
    for i, operation in enumerate(recording.operations):
        args: Any = map_aggregate(operation.args, node_of)
        kwargs: Any = map_aggregate(operation.kwargs, node_of)
        call = node = graph.call_function(operation.function, args, kwargs)
        call.meta["is_view"] = operation.is_view
        for which, result in enumerate(operation.results):
            if operation.several:
                node = graph.call_function(operator.getitem, (call, which))
            if result is not None:
                node.meta["layout"] = result
            nodes[i, which] = node
    graph.output(tuple(map(node_of, recording.returned)))
    return Traced(graph, constants)


def refuse_own_gradients(function: TensorFn, inputs: Sequence[Tensor], n_params: int) -> None:
    """Refuse a `torch.autograd.Function`, because a recording cannot show its backward pass."""
    leaves = [t.detach().requires_grad_().clone() for t in inputs[:n_params]]
    with torch.enable_grad():
        value = function(*leaves, *(t.clone() for t in inputs[n_params:]))[0]
    waiting: list[Any] = [value.grad_fn]
    seen: set[Any] = set()
    while waiting:
        node = waiting.pop()
        if is_own_gradient(node):
            raise CannotBatchError(
                f"it has a gradient of its own ({node.name().removesuffix('Backward')})"
            )
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
