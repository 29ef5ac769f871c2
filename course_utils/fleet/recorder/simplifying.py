"""Make a traced graph smaller without changing what it computes."""

from __future__ import annotations

import operator
from typing import Any

from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.node import map_aggregate

from course_utils.fleet.pytorch import OpOverload, aten, tree_flatten
from course_utils.fleet.recorder.recording import changed_by
from course_utils.fleet.recorder.tracing import Traced

#: Another shape of the same memory.
VIEWS = (aten.view.default, aten._unsafe_view.default)


def simplify(traced: Traced) -> None:
    """Drop operations that change nothing or are repeated; `vmap` leaves many of them behind."""
    graph = traced.graph
    changed = _changed(graph)
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        if (source := _unchanged_source(node, changed)) is not None:
            node.replace_all_uses_with(source)
            graph.erase_node(node)
        elif node.target is aten.ones_like.default and node.meta["layout"].is_contiguous:
            # The start of the gradients, for which only the loss's shape is needed, not its value.
            made = node.meta["layout"]
            node.target, node.args = aten.full.default, (made.shape, 1)
            node.kwargs = {"dtype": made.dtype, "device": made.device}
    _merge_equal(graph, changed)
    _compute_constants(traced, changed)
    drop_unread(graph)


def drop_unread(graph: Graph) -> None:
    """Drop operations whose result nothing reads, unless they change something in place."""
    graph.eliminate_dead_code(lambda node: node.is_impure() or bool(_written(node)))


def _changed(graph: Graph) -> set[Node]:
    """The nodes whose memory the learner's own operations change in place, such as buffers."""
    written = tree_flatten([_written(node) for node in graph.nodes])[0]
    return {_memory(node) for node in written if isinstance(node, Node)}


def _written(node: Node) -> list[Any]:
    """The arguments of the learner's own operation that it changes in place."""
    if not isinstance(node.target, OpOverload):
        return []
    return changed_by(node.target, node.args, node.kwargs)


def _meets_change(node: Node, changed: set[Node]) -> bool:
    """Whether the result of `node` depends on when it runs, or may be changed later."""
    return not changed.isdisjoint(map(_memory, (node, *node.all_input_nodes)))


def _memory(node: Node) -> Node:
    """The node whose memory `node` may be a view of."""
    while node.meta.get("is_view") or node.target is operator.getitem or "layout" not in node.meta:
        if not node.args or not isinstance(node.args[0], Node):
            break
        node = node.args[0]
    return node


def _unchanged_source(node: Node, changed: set[Node]) -> Node | None:
    """The node that `node` equals, if it is only another name for it or computes x * 1 or x + 0."""
    source: Any = node.args[0] if node.args else None
    if not isinstance(source, Node) or "layout" not in source.meta:
        return None
    if node.target in (*VIEWS, aten.expand.default):
        shape = node.meta["layout"].shape
        if source.meta["layout"].shape == shape:
            return source
        before: Any = source.args[0] if source.target in VIEWS else None
        return before if isinstance(before, Node) and before.meta["layout"].shape == shape else None
    if node.target is aten.transpose.int and source.target is aten.transpose.int:
        inner = source.args[0]
        return inner if isinstance(inner, Node) and source.args[1:] == node.args[1:] else None
    if _meets_change(node, changed):
        return None  # a copy that was made before the original changed
    if node.kwargs or source.meta["layout"]._replace(offset=0) != node.meta.get("layout"):
        return None
    other = node.args[1] if len(node.args) > 1 else None
    neutral = _NEUTRAL.get(node.target)
    same = other == neutral or (isinstance(other, Node) and _memory(other).target is neutral)
    return source if neutral is not None and same else None


#: Operations, and the second argument that makes them return the first.
_NEUTRAL: dict[Any, Any] = {
    aten.mul.Scalar: 1,
    aten.mul.Tensor: aten.ones.default,
    aten.add.Tensor: aten.zeros.default,
}


def _merge_equal(graph: Graph, changed: set[Node]) -> None:
    """Merge calls with the same arguments into one, unless something changes in place."""
    first: dict[tuple[object, ...], Node] = {}
    for node in list(graph.nodes):
        if not isinstance(node.target, OpOverload) or _meets_change(node, changed):
            continue
        known = first.setdefault((node.target, str(node.args), str(node.kwargs)), node)
        if known is not node:
            node.replace_all_uses_with(known)
            graph.erase_node(node)


def _compute_constants(traced: Traced, changed: set[Node]) -> None:
    """Compute once, and keep, what depends on no input, such as the start of the gradients."""
    graph = traced.graph
    known: dict[Any, Tensor] = {}
    for node in list(graph.nodes):
        inputs = node.all_input_nodes
        if node.op != "call_function" or "layout" not in node.meta or _memory(node) in changed:
            continue
        if node.target in _FACTORIES or (inputs and all(n in known for n in inputs)):
            arguments: Any = (node.args, node.kwargs)
            args, kwargs = map_aggregate(arguments, lambda a: known.get(a, a))
            known[node] = node.target(*args, **kwargs)
    for number, (node, value) in enumerate(known.items()):
        if all(user in known for user in node.users):
            continue
        traced.constants[name := f"computed_{number}"] = value
        with graph.inserting_before(node):
            constant = graph.get_attr(name)
        constant.meta["layout"] = node.meta["layout"]
        node.replace_all_uses_with(constant)


_FACTORIES = (aten.ones.default, aten.zeros.default, aten.full.default)
