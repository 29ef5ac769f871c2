"""Write CSV tables for a spreadsheet program, so that no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def spreadsheet(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The text of a CSV file. None becomes an empty cell, never a 0."""
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(columns)
    table.writerows([field(value) for value in row] for row in rows)
    return buffer.getvalue()


def field(value: Any) -> Any:
    """`value`, quoted if a spreadsheet would take it for a formula, as text beginning with `=`."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")):
        return f"'{value}"
    return value
