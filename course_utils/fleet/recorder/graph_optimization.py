"""Rewrite a traced graph so that it computes the same with less memory and fewer, cheaper calls."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from course_utils.fleet.pytorch import aten
from course_utils.fleet.recorder.simplifying import VIEWS, drop_unread


def optimize_graph(graph: Graph) -> None:
    """Fuse operations, overwrite inputs that nothing else reads (small networks wait mostly for
    memory), and call PyTorch in the most direct way. The graph must not be rewritten afterwards."""
    for node in list(graph.nodes):
        if node.target is aten.add.Tensor:
            _add_in_product(graph, node)
        elif node.target in _COMPARISONS:
            _compare_to_numbers(graph, node)
    _overwrite(graph)
    _merge_views(graph)
    drop_unread(graph)
    for node in graph.nodes:
        node.target = _DIRECT.get(node.target, node.target)


def _add_in_product(graph: Graph, node: Node) -> None:
    """Fuse a batched matrix product with the bias that is added to it, one row for each batch."""
    pair: Any = node.args
    for bias, product in (pair, pair[::-1]):
        if not isinstance(bias, Node) or not isinstance(product, Node) or node.kwargs:
            continue
        bmm: Any = product.args[0] if product.target in VIEWS else product
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


#: Operations that make a mask, and the functions that can write it as 0.0 and 1.0.
_COMPARISONS = {
    getattr(getattr(aten, name), overload): getattr(torch, name)
    for name in ("ge", "gt", "le", "lt", "eq", "ne")
    for overload in ("Tensor", "Scalar")
}
_PRODUCTS = (aten.mul.Tensor, aten.mul_.Tensor)


def _compare_to_numbers(graph: Graph, node: Node) -> None:
    """Make masks that are only factors of products as numbers from the start: a product converts a
    bool mask first, which takes several times as long as the product."""
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
_COMMUTES = (aten.add.Tensor, aten.mul.Tensor)
#: Operations whose result always has its own memory, and is never a view.
_FRESH = {
    *_IN_PLACE,
    aten.bmm.default,
    aten.baddbmm.default,
    aten.clone.default,
    aten._to_copy.default,
}


def _overwrite(graph: Graph) -> None:
    """Make operations write their result into an argument that nothing else reads."""
    overwriting: set[Node] = set()
    for node in graph.nodes:
        if node.target in _IN_PLACE and (source := _overwritable(node, overwriting)) is not None:
            if node.target is aten.threshold_backward.default:
                node.kwargs = {"grad_input": source}
            else:
                node.args = (source, *(a for a in node.args if a is not source))
            node.target = _IN_PLACE[node.target]
            overwriting.add(node)


def _overwritable(node: Node, overwriting: set[Node]) -> Node | None:
    """An argument of `node` with the result's layout and type, in memory that nothing else reads.

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
        while memory.target in VIEWS and len(memory.users) == 1:
            memory = memory.args[0]
        if len(memory.users) == 1 and (memory.target in _FRESH or memory in overwriting):
            return source
    return None


def _merge_views(graph: Graph) -> None:
    """Replace each view of a view by one view of the memory itself, and make each view only once,
    because small fleets wait for calls and not for arithmetic."""
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
            continue  # a part of a tensor that is split, with its own offset
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


#: The same kernels by their Python functions, which skips the general parsing of arguments. That
#: saves a third of the time of a view, and in small networks most operations are views.
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
