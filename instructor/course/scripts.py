"""Split a Python script, as nbconvert, Jupytext or an editor writes a notebook, into its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

MARKS = ("# %%", "#%%", "# In[")  # a line with which a cell begins
_HEAD = re.compile(r"#!|#.*coding[:=]")


def script_cells(text: str) -> list[dict[str, Any]]:
    """The code cells, and the blocks of comments after a cell's code as Markdown cells.

    All these programs write Markdown as comment lines, with empty lines around. Comments between
    lines of code stay there, because cutting them out could cut a function in two.
    """
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith(MARKS):
            parts.append([])
        parts[-1].append(line)
    return [cell for part in parts for cell in _split(part)]


def _split(lines: list[str]) -> Iterator[dict[str, Any]]:
    code = [i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    end = code[-1] + 1 if code else 0
    while end and end < len(lines) and lines[end].strip():
        end += 1  # a comment right below the code belongs to it
    if code:
        yield {"cell_type": "code", "source": "\n".join(lines[:end])}
    rest = [line for line in lines[end:] if not line.startswith(MARKS) and not _HEAD.match(line)]
    for there, block in groupby(rest, key=lambda line: bool(line.strip())):
        own = list(block)
        if there and own[0].rstrip() != "# ---":  # Jupytext's head
            bare = "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in own)
            if bare.strip():
                yield {"cell_type": "markdown", "source": bare}
