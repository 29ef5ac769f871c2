"""What a lesson's notebook must look like: short cells, executed in order, readable names."""

import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))

CODE_CELLS = range(10, 33)  # about 20
MEDIAN_LINES = 5
LONGEST_CELL = 20
LARGEST_FILE = 500_000
LINE_IN_TEXT = 60  # characters of a finding's quotation

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
READABLE_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MACHINE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]+)?|cell-\d+")
PATHS = re.compile(
    r"(?<![\w.:/])/(home|Users|tmp|root|private|mnt|content)/\w"
    r"|\b[A-Za-z]:\\+(?i:users|windows|program|temp|tmp)\b"
)
ADDRESSES = re.compile(r"\bat 0x[0-9a-f]{6,}")
WIDGET_STATE = "application/vnd.jupyter.widget-"
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")

Notebook = dict[str, Any]


def text(value: str | list[str]) -> str:
    """Notebooks hold a text as one string or as its lines."""
    return value if isinstance(value, str) else "".join(value)


def lines(cell: dict[str, Any]) -> int:
    """Lines of a cell that are not blank."""
    return sum(bool(line.strip()) for line in text(cell["source"]).splitlines())


def problems(notebook: Notebook, size: int) -> list[str]:
    """What a lesson's file does not keep to, one sentence each. `size` is in bytes."""
    checks = (shape, sections, identity, execution, outputs)
    found = [problem for check in checks for problem in check(notebook)]
    if size > LARGEST_FILE:
        found.append(f"the file has {size / 1000:.0f} kB, more than {LARGEST_FILE / 1000:.0f}")
    return found


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    return [c for c in notebook["cells"] if c["cell_type"] == "code" and text(c["source"]).strip()]


def shape(notebook: Notebook) -> Iterator[str]:
    """Number and length of the cells."""
    cells = code_cells(notebook)
    if len(cells) not in CODE_CELLS:
        yield f"{len(cells)} code cells, not {CODE_CELLS.start} to {CODE_CELLS.stop - 1}"
    median = statistics.median(map(lines, cells)) if cells else 0
    if median > MEDIAN_LINES:
        yield f"the median code cell has {median:g} lines, more than {MEDIAN_LINES}"
    for cell in cells:
        if lines(cell) > LONGEST_CELL:
            yield f"cell {cell['id']} has {lines(cell)} lines, more than {LONGEST_CELL}"
    for cell in notebook["cells"]:
        if not text(cell["source"]).strip():
            yield f"cell {cell['id']} is empty"


def sections(notebook: Notebook) -> Iterator[str]:
    """A title, then a question, and the sources at the end."""
    cells = notebook["cells"]
    first = text(cells[0]["source"]) if cells and cells[0]["cell_type"] == "markdown" else ""
    if not re.match(r"# \S", first):
        yield "the first cell does not begin with a title (# ...)"
    prose = [text(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    if not any("?" in part for part in prose[:2]):
        yield "neither of the first two texts asks the lesson's question"
    if not any(re.search(r"(?im)^#+ .*\bsources\b", part) for part in prose):
        yield "there is no section 'Sources'"


def identity(notebook: Notebook) -> Iterator[str]:
    """The kernel and the names of the cells."""
    if notebook["metadata"].get("kernelspec") != KERNELSPEC:
        yield "the kernel is not the plain python3: run python3 start.py notebooks"
    if "widgets" in notebook["metadata"]:
        yield "the file holds the state of widgets: run python3 start.py notebooks"
    names = [cell.get("id", "") for cell in notebook["cells"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the id {name!r} is given to several cells"
    for name in names:
        if not READABLE_ID.fullmatch(name) or MACHINE_ID.fullmatch(name):
            yield f"the id {name!r} is not a readable name such as 'plug-in-l2'"


def execution(notebook: Notebook) -> Iterator[str]:
    """Every cell was executed, once, from top to bottom."""
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"not executed from top to bottom, 1 to {len(counts)}: {counts}"
    for cell in code_cells(notebook):
        if "execution" in cell["metadata"]:
            yield f"cell {cell['id']} holds times of execution: run python3 start.py notebooks"


def outputs(notebook: Notebook) -> Iterator[str]:
    """What the outputs hold: nothing of this computer, no errors, pictures with words."""
    for cell in notebook["cells"]:
        yield from texts_of(cell, "source", text(cell["source"]))
    for cell in code_cells(notebook):
        allowed = "raises-exception" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]:
            kind = output["output_type"]
            if kind == "error" and not allowed:
                yield f"cell {cell['id']} ended in an error: {output['ename']}"
            if kind == "error":
                yield from texts_of(cell, "output", "\n".join(output["traceback"]))
            if kind == "stream":
                yield from texts_of(cell, "output", text(output["text"]))
                if output["name"] == "stderr":
                    yield f"cell {cell['id']} wrote to stderr: {text(output['text'])[:60]!r}"
            yield from bundle(cell, output)


def texts_of(cell: dict[str, Any], part: str, content: str) -> Iterator[str]:
    """What must not stand in a text."""
    if found := PATHS.search(content):
        rest = content[found.start() :].splitlines()[0][:LINE_IN_TEXT]
        yield f"cell {cell['id']}: a path of one computer in its {part}: {rest}"
    if part == "output" and ADDRESSES.search(content):
        yield f"cell {cell['id']} shows an object's address: give the object a name or end with ;"


def bundle(cell: dict[str, Any], output: dict[str, Any]) -> Iterator[str]:
    """One displayed object in its several forms."""
    for kind, content in output.get("data", {}).items():
        if kind.startswith(WIDGET_STATE):
            yield f"cell {cell['id']} holds a widget: run python3 start.py notebooks"
        elif kind in IMAGES:
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
            if not alt.strip():
                yield f"cell {cell['id']}: a picture without alt text in its metadata"
        elif isinstance(content, str | list):
            yield from texts_of(cell, "output", text(content))
