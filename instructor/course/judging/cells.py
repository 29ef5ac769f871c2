"""Find out what a cell does, from its text alone."""

from __future__ import annotations

import ast
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
    for node in body(source) or ():
        if isinstance(node, DEFINITIONS) and node.name == name:
            return True
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return True
    return False


def definitions(cells: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The cells reduced to imports, definitions and assignments of plain values."""
    kept = []
    for name, source in cells:
        nodes = [n for n in body(source) or () if isinstance(n, SAFE) or _is_plain(n)]
        if nodes:
            kept.append((name, ast.unparse(ast.Module(nodes, []))))
    return kept


def _is_plain(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
