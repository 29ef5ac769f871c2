"""The cells that are needed make what the whole notebook makes."""

import random
from typing import Any

import pytest

from tests.needed_cells import needed_cells

NAMES = "abcdef"


def ran(sources: list[str]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for source in sources:
        exec(source, names)
    return names


@pytest.mark.parametrize(
    ("sources", "wanted", "needed"),
    [
        (["a = 1", "b = 2", "c = a"], "c", [0, 2]),
        (["a = 1", "a = 2", "c = a"], "c", [1, 2]),
        (["a = 1", "a = a + 1", "c = a"], "c", [0, 1, 2]),
        (["a = []", "a.append(1)", "b = len(a)", "a.append(2)"], "b", [0, 1, 2]),
        (["a = {}", "a['x'] = 1"], "a", [0, 1]),
        (["a = 1", "a += 1", "b = 0"], "a", [0, 1]),
        (["def f():\n    return a", "a = 1", "b = f()", "c = 1"], "b", [0, 1, 2]),
        (["x = 1", "f = lambda x: x"], "f", [1]),
        (["x = 1", "a = [x for x in range(3)]"], "a", [1]),
        (["x = [1]", "a = [x for x in x]"], "a", [0, 1]),
        (["x = 1", "for x in range(3):\n    a = x"], "a", [1]),
        (["x = 1", "class C:\n    def f(self):\n        return x"], "C", [0, 1]),
        (["import math", "math.tau", "a = math.pi"], "a", [0, 2]),
        (["a = 1", "b = 1\nc = b + a"], "c", [0, 1]),
        (["b = 5", "b = 1\nc = b"], "c", [1]),
        (["k = 2", "def f(x=k):\n    return x"], "f", [0, 1]),
    ],
)
def test_a_name_needs_its_makers_and_what_they_rest_on(
    sources: list[str], wanted: str, needed: list[int]
) -> None:
    assert needed_cells(sources, [wanted]) == needed


def test_cells_may_be_asked_for_by_their_place() -> None:
    assert needed_cells(["a = 1", "b = 2", "print(b)"], [], [2]) == [1, 2]


def statement(draws: random.Random) -> str:
    a, b, c = draws.choices(NAMES, k=3)
    return draws.choice(
        [
            f"{a} = [{draws.randrange(9)}]",
            f"{a} = {b} + {c}",
            f"{a} += {b}",
            f"{a}.append(sum({b}))",
            f"{a}[0] = {b}[0] + 1",
            f"{a} = [{b} + 1 for {b} in {c}]",
            f"{a} = (lambda {b}: {b} + {c})({a})",
            f"f{a} = lambda: {b} + {c}",
            f"{a} = f{b}()",
            f"for {a} in [list({b})]:\n    {c} = {a} + [1]",
            f"def f{a}({b}=tuple({c})):\n    {c} = list({b})\n    return {c} + {a}",
        ]
    )


def notebook(draws: random.Random) -> list[str]:
    """Cells that run without an error."""
    first = "\n".join(f"{n} = [{i}]\nf{n} = lambda: [{i}]" for i, n in enumerate(NAMES))
    cells = [first]
    while len(cells) < 12:
        cell = "\n".join(statement(draws) for _ in range(draws.choice((1, 2))))
        try:
            names = ran([*cells, cell])
        except (RecursionError, TypeError):
            continue
        if all(len(names[n]) < 50 for n in NAMES):
            cells.append(cell)
    return cells


@pytest.mark.parametrize("seed", range(60))
def test_what_they_make_is_what_the_whole_notebook_makes(seed: int) -> None:
    cells = notebook(random.Random(seed))
    whole = ran(cells)
    for name in NAMES:
        needed = needed_cells(cells, [name])
        assert ran([cells[i] for i in needed])[name] == whole[name], (name, needed, cells)
