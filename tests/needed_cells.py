"""Which cells of a notebook must run for some of its names to be what all its cells make of them.

A lesson's test reads a few functions and classes, and opens panels; the trainings in between take
minutes and are executed once, where nbval runs the notebook. The cells are read and not run, so two
names for one object (`a = b`, then `a.append(1)`) are not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_FUNCTIONS = ast.FunctionDef | ast.Lambda
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Cell(ast.NodeVisitor):
    """What one cell does with the names of its notebook."""

    def __init__(self, source: str) -> None:
        #: Given a value.
        self.bound: set[str] = set()
        #: The object behind them may have changed: `x[0] = 1`, `x.append(1)`.
        self.changed: set[str] = set()
        #: Read from earlier cells as this one runs.
        self.read: set[str] = set()
        #: Read when a function of this cell is called, maybe from a later cell.
        self.read_later: set[str] = set()
        self.imported: set[str] = set()
        self.visit(ast.parse(source))

    @property
    def made(self) -> set[str]:
        """Names that are other ones after the cell than before it."""
        return self.bound | self.changed

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.read.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._in_order(node.value, *node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        name = _root(node.target)
        self.read |= {name} - self.bound
        self.changed.add(name)
        self._in_order(node.value)

    def visit_For(self, node: ast.For) -> None:
        self._in_order(node.iter, node.target, *node.body, *node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._in_order(*node.decorator_list, *_defaults(node))
        self.bound.add(node.name)
        self.read_later |= _free(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._in_order(*_defaults(node))
        self.read_later |= _free(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._in_order(*node.bases, *node.decorator_list)
        self.bound.add(node.name)
        for statement in node.body:
            self.read_later |= _free(statement)

    def _visit_comprehension(self, node: _COMPREHENSIONS) -> None:
        self.read |= _free(node) - self.bound

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    def visit_alias(self, node: ast.alias) -> None:
        name = (node.asname or node.name).split(".")[0]
        self.bound.add(name)
        self.imported.add(name)

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self.changed.add(_root(node.value.func))

    def _visit_part(self, node: ast.Attribute | ast.Subscript) -> None:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            self.changed.add(_root(node))

    visit_Attribute = visit_Subscript = _visit_part

    def _in_order(self, *nodes: ast.AST) -> None:
        for node in nodes:
            self.visit(node)


def _root(node: ast.AST) -> str:
    """`x` of `x.a[0].b`; empty where it is no name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _defaults(node: _FUNCTIONS) -> list[ast.expr]:
    """The default values of a function's arguments, read where it is defined."""
    return [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]


def _free(node: ast.AST) -> set[str]:
    """The names that a function, a comprehension or a statement of a class reads from outside."""
    inner = [n for child in ast.iter_child_nodes(node) for n in _own_scope(child)]
    # What a comprehension goes through first, and defaults, are read outside.
    outside = [node.generators[0].iter] if isinstance(node, _COMPREHENSIONS) else []
    if isinstance(node, _FUNCTIONS):
        outside = _defaults(node)
    names = [n for n in inner if isinstance(n, ast.Name)]
    bound = {n.id for n in names if not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in inner if isinstance(n, ast.arg)}
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    scopes = (n for n in inner if isinstance(n, _FUNCTIONS | _COMPREHENSIONS))
    read = read.union(*(_free(scope) for scope in scopes)) - bound
    return read.union(*(_free(ast.Expr(part)) for part in outside))


def _own_scope(node: ast.AST) -> list[ast.AST]:
    """A node and all in it, but not what is inside of functions and comprehensions."""
    if isinstance(node, _FUNCTIONS | _COMPREHENSIONS):
        return [node]
    return [node, *(n for child in ast.iter_child_nodes(node) for n in _own_scope(child))]


def needed_cells(
    sources: Sequence[str], wanted: Iterable[str], also: Iterable[int] = ()
) -> list[int]:
    """Places, in order, of the cells that make the names `wanted` or stand in `also`, and of all
    cells that these rest on."""
    cells = [Cell(source) for source in sources]
    imported = set[str]().union(*(cell.imported for cell in cells))
    for cell in cells:
        cell.changed -= imported  # `torch.manual_seed(0)` makes no other `torch`

    def makers(names: Iterable[str], before: int) -> set[int]:
        """For each name, the last cell `before` that binds it, and those that change it since."""
        found = set[int]()
        for name in names:
            for i in reversed(range(before)):
                if name in cells[i].made:
                    found.add(i)
                if name in cells[i].bound and name not in cells[i].read:
                    break
        return found

    found: set[int] = set()
    waiting = makers(wanted, len(cells)) | set(also)
    while waiting:
        i = waiting.pop()
        found.add(i)
        rests_on = makers(cells[i].read | cells[i].read_later, i)
        # Later cells may bind anew what a function of this one reads, and call it then.
        after = range(i + 1, len(cells))
        rests_on |= {j for j in after if not cells[j].made.isdisjoint(cells[i].read_later)}
        waiting |= rests_on - found
    return sorted(found)
