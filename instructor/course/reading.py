"""Read the cells of a notebook's file, even a damaged one, without trusting anything in it."""

from __future__ import annotations

import json
from typing import Any

from instructor.course.scripts import script_cells

SCRIPT = "a Python file instead of a notebook; its cells were read"  # a note
FROM_SCRIPT = "made_of_a_script"  # in the notebook's metadata
MOST_BYTES = 20 << 20
MOST_PARTS = 1_000_000  # of its JSON: brackets, which cost more memory than they take on disk
MOST_CELLS = 2_000
LONGEST = 200_000  # characters of one cell
MOST_CODE = 1_000_000  # characters of all code cells; parsing takes seconds per million


class Unreadable(ValueError):
    """Nothing can be marked; the message is for the student and says what to do."""


def decoded(data: bytes) -> tuple[str, list[str]]:
    """The text of a file, and notes about what was repaired.

    Raises:
        Unreadable: It is empty or too large.
    """
    if len(data) > MOST_BYTES or data.count(b"[") + data.count(b"{") > MOST_PARTS:
        raise Unreadable(
            f"the file has {len(data) / 2**20:.1f} MB, which is more than is read; clear all "
            "outputs, save, and hand it in again"
        )
    if not data.strip():
        raise Unreadable("the file is empty; hand it in again")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ["saved as UTF-16; read as that"]
    if data[1:2] == b"\0" or data[:1] == b"\0":
        kind = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return data.decode(kind, errors="replace"), ["saved as UTF-16; read as that"]
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", errors="replace"), ["saved with a mark in front; read on"]
    try:
        return data.decode(), []
    except UnicodeDecodeError:
        # What an editor of Windows would have written.
        return data.decode("cp1252", errors="replace"), ["not saved as UTF-8; read as Windows text"]


def cells_of(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The cells of a notebook, or of a Python script with `# %%` between them, and notes.

    Raises:
        Unreadable: The text is neither.
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        if "def " in text[:LONGEST] and text.lstrip()[:1] not in ("{", "["):
            return script_cells(text), [SCRIPT]
        raise Unreadable(
            "the file is no complete notebook; open it in Jupyter, save it, and hand it in again"
        ) from None
    notes = []
    if isinstance(notebook, dict) and notebook.get("nbformat") != 4:
        notes.append(
            f"a notebook of format {str(notebook.get('nbformat'))[:20]}; its cells were read"
        )
    if came_from_script(notebook):
        notes.append(SCRIPT)
    found = _cells(notebook)
    if not found:
        raise Unreadable("the notebook has no cells; was another file handed in?")
    if len(found) > MOST_CELLS:
        raise Unreadable(
            f"the notebook has {len(found)} cells, and at most {MOST_CELLS} are read; delete what "
            "is not needed, and hand it in again"
        )
    code = sum(len(source_of(cell)) for cell in found if cell.get("cell_type") == "code")
    if code > MOST_CODE:
        raise Unreadable(
            f"the code cells have {code} characters, and at most {MOST_CODE} are read; delete what "
            "is not needed, and hand it in again"
        )
    return found, notes


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, without IPython's magic lines, which are not Python."""
    source = cell.get("source", cell.get("input", ""))
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    text = text[:LONGEST].replace("\r\n", "\n").replace("\0", "")
    if cell.get("cell_type") != "code":
        return text
    if text.lstrip().startswith("%%"):
        return ""
    lines = text.splitlines(keepends=True)
    return "".join("\n" if line.startswith(("%", "!", "?")) else line for line in lines)


def came_from_script(notebook: Any) -> bool:
    """Whether `course collect` made this notebook from a .py file."""
    about = notebook.get("metadata") if isinstance(notebook, dict) else None
    return isinstance(about, dict) and about.get(FROM_SCRIPT) is True


def _cells(notebook: Any) -> list[dict[str, Any]]:
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    sheets = notebook.get("worksheets") if isinstance(notebook, dict) else None
    if found is None and isinstance(sheets, list):
        within = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        found = [cell for cells in within if isinstance(cells, list) for cell in cells]
    if not isinstance(found, list):
        raise Unreadable("the file is no notebook; hand in the .ipynb file of the exercise")
    return [cell for cell in found if isinstance(cell, dict)]
