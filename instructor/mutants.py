"""Make mutants of a model answer: small mechanical changes that its checks should notice.

One change at a time, as in mutation testing (DeMillo, Lipton, Sayward 1978): a comparison flipped,
a term dropped, an operator exchanged, a constant or an axis changed, a call or a statement left
out.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
METHODS = {"mean": "sum", "sum": "mean", "min": "max", "max": "min"}
METHODS |= {"argmin": "argmax", "argmax": "argmin", "any": "all", "all": "any"}
METHODS |= {"train": "eval", "eval": "train"}

MODULES = {"torch", "F", "nn", "np", "math", "random", "copy"}  # not values with methods


@dataclass(frozen=True)
class Mutant:
    """A changed answer; `change` is "old -> new", `source` the whole changed text."""

    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a model answer, once each. Strings are not changed."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    seen = {original}
    for place, node in enumerate(ast.walk(tree)):
        for number, new in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[place]
            after = list(_changes(target))[number]
            _replace(changed, target, after)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text not in seen:
                seen.add(text)
                yield Mutant(f"{_shortened(node)} -> {_shortened(new)}", text)


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    """The nodes that may replace a node, one for each mutant; `ast.Pass` for a statement."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [op()], node.comparators)
    elif isinstance(node, ast.BinOp):
        if type(node.op) in OPERATORS:
            yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        yield node.left
        yield node.right
    elif isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield ast.BoolOp(other, node.values)
        yield from node.values
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(True), node.body, node.orelse)
        yield ast.If(ast.Constant(False), node.body, node.orelse)
    elif isinstance(node, ast.Assign | ast.AugAssign) or _is_call(node):
        yield ast.Pass()


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)


def _other_calls(call: ast.Call) -> Iterator[ast.AST]:
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in METHODS:
            renamed = ast.Attribute(call.func.value, METHODS[call.func.attr], ast.Load())
            yield ast.Call(renamed, call.args, call.keywords)
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id in MODULES):
            yield call.func.value  # x.abs() becomes x
    for i in range(len(call.keywords)):
        yield ast.Call(call.func, call.args, call.keywords[:i] + call.keywords[i + 1 :])
    if len(call.args) > 1:
        for i in range(len(call.args)):
            yield ast.Call(call.func, call.args[:i] + call.args[i + 1 :], call.keywords)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list):
                for i, item in enumerate(value):
                    if item is old:
                        value[i] = new
                        return


def _shortened(node: ast.AST | None) -> str:
    """The source of a node, in at most 60 characters."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    if isinstance(node, ast.Pass):
        return "nothing"
    text = ast.unparse(node) if node is not None else ""
    return text if len(text) <= 60 else text[:57] + "..."
