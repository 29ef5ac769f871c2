"""Make a traced graph cheaper without changing what it computes."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.fx.node import map_aggregate
from torch.utils._pytree import tree_flatten

from course_utils.fleet.recording import changed_by

aten = torch.ops.aten


def simplify(module: GraphModule) -> None:
    """Drop what changes nothing or was done before, of which `vmap` leaves much behind; and let
    operations overwrite an input that nothing else reads, for memory is what small networks wait
    for."""
    graph = module.graph
    changed = _changed(graph)
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        if (source := _unchanged_source(node, changed)) is not None:
            node.replace_all_uses_with(source)
            graph.erase_node(node)
        elif node.target is aten.ones_like.default and node.meta["layout"].is_contiguous:
            # Where gradients start. They need the loss's shape, so that it need not be computed.
            made = node.meta["layout"]
            node.target, node.args = aten.full.default, (made.shape, 1)
            node.kwargs = {"dtype": made.dtype, "device": made.device}
    _merge_equal(graph, changed)
    _compute_constants(module, changed)
    graph.eliminate_dead_code(_changes_something)
    for node in list(graph.nodes):
        if node.target is aten.add.Tensor:
            _add_in_product(graph, node)
        elif node.target in _COMPARISONS:
            _compare_to_numbers(graph, node)
    overwriting: set[Node] = set()
    for node in graph.nodes:
        if node.target in _IN_PLACE and (source := _overwritable(node, overwriting)) is not None:
            if node.target is aten.threshold_backward.default:
                node.kwargs = {"grad_input": source}
            else:
                node.args = (source, *(a for a in node.args if a is not source))
            node.target = _IN_PLACE[node.target]
            overwriting.add(node)
    _merge_views(graph)
    graph.eliminate_dead_code(_changes_something)
    for node in graph.nodes:
        node.target = _DIRECT.get(node.target, node.target)
    module.recompile()


_VIEWS = (aten.view.default, aten._unsafe_view.default)


def _changed(graph: Graph) -> set[Node]:
    """Whose memory the learner's own operations change in place, such as running statistics."""
    written = tree_flatten([_written(node) for node in graph.nodes])[0]
    return {_memory(node) for node in written if isinstance(node, Node)}


def _written(node: Node) -> list[Any]:
    """Those arguments of the learner's own operation that it changes in place."""
    if not isinstance(node.target, torch._ops.OpOverload):
        return []
    return changed_by(node.target, node.args, node.kwargs)


def _changes_something(node: Node) -> bool:
    return node.is_impure() or bool(_written(node))


def _meets_change(node: Node, changed: set[Node]) -> bool:
    """Whether what `node` computes depends on when it runs, or on who changes its result."""
    return not changed.isdisjoint(map(_memory, (node, *node.all_input_nodes)))


def _memory(node: Node) -> Node:
    """The node that first held what `node` may be a view of."""
    while node.meta.get("is_view") or node.target is operator.getitem or "layout" not in node.meta:
        if not node.args or not isinstance(node.args[0], Node):
            break
        node = node.args[0]
    return node


def _unchanged_source(node: Node, changed: set[Node]) -> Node | None:
    """What `node` is equal to, where it is another name for it or computes x * 1 or x + 0."""
    source: Any = node.args[0] if node.args else None
    if not isinstance(source, Node) or "layout" not in source.meta:
        return None
    if node.target in (*_VIEWS, aten.expand.default):
        shape = node.meta["layout"].shape
        if source.meta["layout"].shape == shape:
            return source
        before: Any = source.args[0] if source.target in _VIEWS else None
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
    """Two calls with the same arguments have the same result, but for what changes in place."""
    first: dict[tuple[object, ...], Node] = {}
    for node in list(graph.nodes):
        if not isinstance(node.target, torch._ops.OpOverload) or _meets_change(node, changed):
            continue
        known = first.setdefault((node.target, str(node.args), str(node.kwargs)), node)
        if known is not node:
            node.replace_all_uses_with(known)
            graph.erase_node(node)


def _compute_constants(module: GraphModule, changed: set[Node]) -> None:
    """What depends on no input, such as where gradients start, is computed once and kept."""
    graph = module.graph
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
        module.register_buffer(name := f"computed_{number}", value)
        with graph.inserting_before(node):
            constant = graph.get_attr(name)
        constant.meta["layout"] = node.meta["layout"]
        node.replace_all_uses_with(constant)


_FACTORIES = (aten.ones.default, aten.zeros.default, aten.full.default)


def _add_in_product(graph: Graph, node: Node) -> None:
    """Let a batched product start from the bias that is added to it, a row for each batch."""
    pair: Any = node.args
    for bias, product in (pair, pair[::-1]):
        if not isinstance(bias, Node) or not isinstance(product, Node) or node.kwargs:
            continue
        bmm: Any = product.args[0] if product.target in _VIEWS else product
        if bmm.target is not aten.bmm.default or len(bmm.users) > 1 or len(product.users) > 1:
            continue
        n, _, columns = bmm.meta["layout"].shape
        layout = bias.meta["layout"]
        if len(layout.shape) < 2 or layout.shape[-2] != 1 or prod(layout.shape) != n * columns:
            continue
        if layout.dtype != product.meta["layout"].dtype or not layout.is_contiguous:
            continue
        with graph.inserting_before(node):
            rows = graph.call_function(aten.view.default, (bias, [n, 1, columns]))
            total = graph.call_function(aten.baddbmm.default, (rows, *bmm.args))
        place = {"shape": (n, 1, columns), "stride": (columns, columns, 1)}
        rows.meta = {"layout": layout._replace(**place), "is_view": True}
        total.meta["layout"] = bmm.meta["layout"]
        node.meta["is_view"] = True
        node.target, node.args = aten.view.default, (total, list(node.meta["layout"].shape))
        return


#: What makes a mask, and the function that can write it as 0.0 and 1.0.
_COMPARISONS = {
    getattr(getattr(aten, name), overload): getattr(torch, name)
    for name in ("ge", "gt", "le", "lt", "eq", "ne")
    for overload in ("Tensor", "Scalar")
}
_PRODUCTS = (aten.mul.Tensor, aten.mul_.Tensor)


def _compare_to_numbers(graph: Graph, node: Node) -> None:
    """Let a mask that only multiplies be numbers from the start: a product with a mask of bool
    converts it first, which takes several times as long as the product."""
    products = [user.meta["layout"] for user in node.users if user.target in _PRODUCTS]
    dtypes = {layout.dtype for layout in products}
    if len(products) < len(node.users) or len(dtypes) != 1 or not node.meta["layout"].is_contiguous:
        return
    (dtype,) = dtypes
    if not dtype.is_floating_point:
        return
    numbers = node.meta["layout"]._replace(dtype=dtype)
    with graph.inserting_before(node):
        room = graph.call_function(torch.empty, (numbers.shape,))
    room.kwargs = {"dtype": dtype, "device": numbers.device}
    node.target, node.kwargs = _COMPARISONS[node.target], {"out": room}
    node.meta["layout"] = numbers


def _merge_views(graph: Graph) -> None:
    """Make each view of a view one view of the memory itself, and each only once: small fleets wait
    for the calls, not for the arithmetic."""
    root_of: dict[Node, Node] = {}
    first: dict[tuple[object, ...], Node] = {}
    for node in list(graph.nodes):
        if not node.meta.get("is_view") or node.target in _IN_PLACE.values():
            continue
        root = root_of.get(node.args[0], node.args[0])
        layout, whole = node.meta["layout"], root.meta.get("layout")
        if whole is None or layout.dtype != whole.dtype:
            continue
        if layout.offset != whole.offset and root.op != "call_function":
            continue  # parts of one tensor are given in turn, each with an offset of its own
        if layout == whole:
            node.replace_all_uses_with(root)
            continue
        known = first.get((root, layout))
        if known is not None:
            node.replace_all_uses_with(known)
            continue
        offset = () if layout.offset == whole.offset else (layout.offset,)
        node.target = aten.as_strided.default
        node.args, node.kwargs = (root, layout.shape, layout.stride, *offset), {}
        root_of[node] = root
        first[root, layout] = node


_IN_PLACE = {
    aten.add.Tensor: aten.add_.Tensor,
    aten.mul.Tensor: aten.mul_.Tensor,
    aten.sub.Tensor: aten.sub_.Tensor,
    aten.div.Tensor: aten.div_.Tensor,
    aten.clamp.default: aten.clamp_.default,
    aten.relu.default: aten.relu_.default,
    aten.exp.default: aten.exp_.default,
    aten.threshold_backward.default: aten.threshold_backward.grad_input,
}
#: The same kernels called as Python users call them, which skips a general parsing of arguments: a
#: third of the time of a view, and of small networks more than half of the operations are views.
_DIRECT = {
    aten.as_strided.default: torch.as_strided,
    aten.bmm.default: torch.bmm,
    aten.baddbmm.default: torch.baddbmm,
    aten.add.Tensor: torch.add,
    aten.sub.Tensor: torch.sub,
    aten.mul.Tensor: torch.mul,
    aten.div.Tensor: torch.div,
    aten.neg.default: torch.neg,
    aten.exp.default: torch.exp,
    aten.log.default: torch.log,
    aten.relu.default: torch.relu,
    aten.sum.dim_IntList: torch.sum,
    aten.mean.dim: torch.mean,
    aten.amax.default: torch.amax,
    aten.gather.default: torch.gather,
    aten.clone.default: torch.clone,
    aten.ones.default: torch.ones,
    aten.zeros.default: torch.zeros,
    aten.full.default: torch.full,
    aten.add_.Tensor: Tensor.add_,
    aten.sub_.Tensor: Tensor.sub_,
    aten.mul_.Tensor: Tensor.mul_,
    aten.div_.Tensor: Tensor.div_,
    aten.relu_.default: Tensor.relu_,
    aten.exp_.default: Tensor.exp_,
}
_COMMUTES = (aten.add.Tensor, aten.mul.Tensor)
#: Operations whose result is memory of its own, never a view of something older.
_FRESH = {
    *_IN_PLACE,
    aten.bmm.default,
    aten.baddbmm.default,
    aten.clone.default,
    aten._to_copy.default,
}


def _overwritable(node: Node, overwriting: set[Node]) -> Node | None:
    """An argument of `node` with the result's layout and type, in memory that no one else reads.

    In-place operations that the learner wrote may change a buffer; only our own do not.
    """
    if node.kwargs:
        return None
    result = node.meta["layout"]
    for source in node.args[: 2 if node.target in _COMMUTES else 1]:
        if not isinstance(source, Node) or node.args.count(source) > 1:
            continue
        if source.meta["layout"] != result:
            continue
        memory: Any = source
        while memory.target in _VIEWS and len(memory.users) == 1:
            memory = memory.args[0]
        if len(memory.users) == 1 and (memory.target in _FRESH or memory in overwriting):
            return source
    return None
