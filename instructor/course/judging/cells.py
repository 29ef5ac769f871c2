"""Find out what a cell does, from its text alone."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Sequence

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SAFE = (*DEFINITIONS, ast.Import, ast.ImportFrom)


def body(source: str) -> list[ast.stmt] | None:
    """The statements of a cell; None if it is not valid Python."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def defines(source: str, name: str) -> bool:
    """Whether a cell assigns or defines this name."""
    return name in _defined(source)


@functools.lru_cache(maxsize=4096)  # each cell is looked at for every task
def _defined(source: str) -> frozenset[str]:
    names: set[str] = set()
    for node in body(source) or ():
        if isinstance(node, DEFINITIONS):
            names.add(node.name)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


def definitions(cells: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The cells reduced to imports, definitions and assignments of plain values."""
    kept = []
    for name, source in cells:
        nodes = [n for n in body(source) or () if isinstance(n, SAFE) or _is_plain(n)]
        if nodes:
            # A sum of thousands of terms can be parsed, but is too deep to be written again.
            with contextlib.suppress(RecursionError):
                kept.append((name, ast.unparse(ast.Module(nodes, []))))
    return kept


def _is_plain(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
