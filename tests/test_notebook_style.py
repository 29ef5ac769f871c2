"""The shape of a lesson: short cells, executed in order, readable without running it."""

import json
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_has_tests_that_drive_its_panels(path: Path) -> None:
    tests = Path(__file__).with_name(f"test_lesson_{path.stem[:2]}.py")
    assert "every_control_moves_the_picture(lesson)" in tests.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_keeps_its_shape(path: Path) -> None:
    content = path.read_bytes()
    assert problems(json.loads(content), len(content)) == []


# The checker itself: a lesson that passes, then one mistake at a time.


def markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def code(name: str, count: int) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": count,
        "source": f"x = {count}\nprint(x)",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": f"{count}\n"}],
    }


def good_lesson() -> Notebook:
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "iVBORw0KGgo/home/x/tmp/AAAA", "text/plain": "two curves"},
        "metadata": {"image/png": {"alt": "Validation loss turns at epoch 12."}},
    }
    cells = [
        markdown("title", "# Overfitting\n\nWhy does a lower training loss stop helping?"),
        *(code(f"step-{count}", count) for count in range(1, 21)),
        markdown("sources", "## Sources\n\n[Zhang et al.](https://arxiv.org/abs/1611.03530)"),
    ]
    cells[1]["outputs"].append(picture)
    return {
        "cells": cells,
        "metadata": {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_a_good_lesson_passes() -> None:
    assert problems(good_lesson(), 100_000) == []


def shown(data: dict[str, str]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def printed(name: str, content: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": content}


def error() -> dict[str, Any]:
    return {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "no",
        "traceback": ["ValueError: no"],
    }


MISTAKES: dict[str, tuple[Callable[[Notebook], Any], str]] = {
    "few cells": (lambda n: n["cells"].__delitem__(slice(5, 21)), "4 code cells"),
    "long cells": (
        lambda n: [c.update(source="x = 1\n" * 6) for c in code_cells(n)],
        "median code cell has 6",
    ),
    "one long cell": (lambda n: n["cells"][3].update(source="x = 1\n" * 21), "has 21 lines"),
    "an empty cell": (
        lambda n: (
            n["cells"][-1].update(source="## Sources\n")
            or n["cells"].append(markdown("nothing", " \n"))
        ),
        "cell nothing is empty",
    ),
    "no title": (lambda n: n["cells"][0].update(source="Why?"), "begin with a title"),
    "no question": (lambda n: n["cells"][0].update(source="# Overfitting"), "question"),
    "no sources": (lambda n: n["cells"].pop(), "no section 'Sources'"),
    "another kernel": (
        lambda n: n["metadata"]["kernelspec"].update(name="course", display_name="course"),
        "not the plain python3",
    ),
    "widget state": (lambda n: n["metadata"].update(widgets={}), "state of widgets"),
    "same id": (lambda n: n["cells"][3].update(id="step-1"), "several cells"),
    "random id": (lambda n: n["cells"][3].update(id="4fa3c1d2"), "not a readable name"),
    "long random id": (
        lambda n: n["cells"][3].update(id="4fa3c1d2-9f3e-4b52-8a11-3f1f6a9be0cc"),
        "not a readable name",
    ),
    "not executed": (lambda n: n["cells"][3].update(execution_count=None), "top to bottom"),
    "twice": (lambda n: n["cells"][3].update(execution_count=30), "top to bottom"),
    "timing": (lambda n: n["cells"][3]["metadata"].update(execution={}), "times of execution"),
    "path in source": (
        lambda n: n["cells"][3].update(source="x = '/home/ann/data'"),
        "a path of one computer in its source: /home/ann/data",
    ),
    "path in text": (lambda n: n["cells"][0].update(source="# T?\n/Users/ann/x"), "in its source"),
    "path in output": (
        lambda n: n["cells"][3]["outputs"].append(printed("stdout", "saved in /tmp/x.png")),
        "in its output",
    ),
    "Windows path": (
        lambda n: n["cells"][3]["outputs"].append(shown({"text/html": "<b>C:\\Users\\x</b>"})),
        "in its output",
    ),
    "address": (
        lambda n: n["cells"][3]["outputs"].append(shown({"text/plain": "<Axes at 0x7f0012ab34>"})),
        "an object's address",
    ),
    "error": (lambda n: n["cells"][3]["outputs"].append(error()), "error: ValueError"),
    "stderr": (
        lambda n: n["cells"][3]["outputs"].append(printed("stderr", "UserWarning: x")),
        "stderr: 'UserWarning",
    ),
    "widget": (
        lambda n: n["cells"][3]["outputs"].append(
            shown({"application/vnd.jupyter.widget-view+json": "{}"})
        ),
        "holds a widget",
    ),
    "no alt text": (
        lambda n: n["cells"][3]["outputs"].append(shown({"image/png": "iVBO"})),
        "without alt text",
    ),
}


@pytest.mark.parametrize(("spoil", "complaint"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_found(spoil: Callable[[Notebook], Any], complaint: str) -> None:
    notebook = good_lesson()
    spoil(notebook)
    found = problems(notebook, 100_000)
    assert len(found) == 1, found
    assert complaint in found[0]


def test_a_large_file_is_found() -> None:
    assert problems(good_lesson(), 500_001) == ["the file has 500 kB, more than 500"]


def test_an_error_that_the_lesson_wants_passes() -> None:
    notebook = good_lesson()
    notebook["cells"][3]["metadata"]["tags"] = ["raises-exception"]
    notebook["cells"][3]["outputs"].append(error())
    assert problems(notebook, 100_000) == []


def test_addresses_of_the_web_are_no_paths() -> None:
    notebook = good_lesson()
    notebook["cells"][-1]["source"] += "\n<https://example.org/home/x> and example.org/tmp/y"
    assert problems(notebook, 100_000) == []
