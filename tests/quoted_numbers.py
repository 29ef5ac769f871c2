"""Whether the numbers that a lesson's text quotes are those that its code has printed.

A text is read by people only, so nothing fails when a result moves and its sentence stays. Looked
at is whatever reads like a result: a mean with its interval, a number with decimals, a percentage,
a number of points, the number of an epoch. It must stand in an output of the lesson, rounded or
not; where it is no interval, it may also be a setting, which stands in the code.
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.notebook_shape import Notebook, text

NUMBER = r"\d[\d,]*(?:\.\d+)?"
INTERVAL = re.compile(rf"({NUMBER})\s*%?\s*±\s*({NUMBER})")
RESULT = re.compile(
    rf"(?<![\w.])(?:(\d[\d,]*\.\d+)(?![\w.]*\d)|({NUMBER})(?= ?%| points?\b)|(?<=epoch )(\d+))"
)
#: Not prose: code, formulas, addresses, sources.
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|arXiv:[\d.]+", re.S)


def unprinted(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """Quoted results that the lesson does not print, each as (id of its cell, the number)."""
    printed = "\n".join(shown(cell) for cell in notebook["cells"])
    code = "\n".join(text(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    intervals = [tuple(map(value, pair)) for pair in INTERVAL.findall(printed)]
    numbers = [value(number) for number in re.findall(NUMBER, f"{printed}\n{code}")]
    numbers += [100 * number for number in numbers]  # a share, said as a percentage
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown" or cell["id"] == "sources":
            continue
        prose = NOT_PROSE.sub(" ", text(cell["source"]))
        for mean, half in INTERVAL.findall(prose):
            if not any(rounds(a, mean) and rounds(b, half) for a, b in intervals):
                yield cell["id"], f"{mean} ± {half}"
        for found in RESULT.finditer(INTERVAL.sub(" ", prose)):
            number = next(filter(None, found.groups()))
            if not any(rounds(x, number) for x in numbers):
                yield cell["id"], number


def shown(cell: dict[str, Any]) -> str:
    """What a cell has printed, and the texts of its pictures and panels."""
    outputs = cell.get("outputs", [])
    parts = [out.get("text", out.get("data", {}).get("text/plain", "")) for out in outputs]
    return "\n".join(map(text, parts))


def value(number: str) -> float:
    """A number as it is written in the lessons: thousands may have commas."""
    return float(number.replace(",", "").rstrip("."))


def rounds(x: float, quoted: str) -> bool:
    """Whether x, rounded to the decimals of `quoted`, is that number."""
    decimals = len(quoted.partition(".")[2])
    return abs(x - value(quoted)) <= 0.5 * 10**-decimals + 1e-9
