"""Honest submissions to exercise 03 that something has happened to: each gets what it earns."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from instructor.content import ROOT

NAME = "03_dropout"
Notebook = dict[str, Any]


def solution() -> Notebook:
    path = ROOT / "solutions" / NAME / f"{NAME}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def cell(book: Notebook, name: str) -> dict[str, Any]:
    (found,) = (c for c in book["cells"] if c["metadata"]["nbgrader"]["grade_id"] == name)
    return found


def code(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": []}


def _dumped(change: Callable[[Notebook], None]) -> Callable[[], bytes]:
    def made() -> bytes:
        book = copy.deepcopy(solution())
        change(book)
        return json.dumps(book).encode()

    return made


def _stripped(book: Notebook, *, ids: bool = True) -> None:
    for one in book["cells"]:
        one["metadata"] = {}
        if ids:
            one.pop("id", None)


def _each(change: Callable[[dict[str, Any]], Any]) -> Callable[[Notebook], None]:
    return lambda book: [change(one) for one in book["cells"]] and None


def _split(book: Notebook, *, marked: bool, at: int) -> None:
    own = cell(book, "dropout")
    lines = "".join(own["source"]).splitlines(keepends=True)
    rest = copy.deepcopy(own) if marked else code("")
    own["source"], rest["source"], rest["id"] = "".join(lines[:at]), "".join(lines[at:]), "rest"
    book["cells"].insert(book["cells"].index(own) + 1, rest)


def _scratch(book: Notebook, stub: str) -> None:
    own = cell(book, "dropout")
    book["cells"].append(code(own["source"]))
    own["source"] = stub


def _pasted(book: Notebook) -> None:
    own = cell(book, "dropout")
    book["cells"].remove(own)
    book["cells"].insert(0, code(own["source"]))


def _old(book: Notebook) -> None:
    cells = book.pop("cells")
    for one in cells:
        if one["cell_type"] == "code":
            one["input"] = one.pop("source")
    book.update(nbformat=3, worksheets=[{"cells": cells}])


def _without_checks(book: Notebook) -> None:
    marks = [(one, one["metadata"]["nbgrader"]) for one in book["cells"]]
    book["cells"] = [one for one, mark in marks if mark["solution"] or not mark["grade"]]


def _patched(name: str, **values: Any) -> Callable[[Notebook], None]:
    return lambda book: cell(book, name).update(values)


def _added(*sources: str, first: bool = False) -> Callable[[Notebook], None]:
    def change(book: Notebook) -> None:
        new = [code(source) for source in sources]
        book["cells"] = [*new, *book["cells"]] if first else [*book["cells"], *new]

    return change


def _marks(**values: Any) -> Callable[[Notebook], None]:
    return _each(lambda one: one["metadata"]["nbgrader"].update(values))


STUB = 'def dropout(x, p, training):\n    """Dropout."""\n    raise NotImplementedError("no")\n'

#: Each keeps all its marks.
DAMAGED: dict[str, Callable[[], bytes]] = {
    "a byte order mark": lambda: b"\xef\xbb\xbf" + json.dumps(solution()).encode(),
    "UTF-16": lambda: json.dumps(solution()).encode("utf-16"),
    "UTF-16 without a mark": lambda: json.dumps(solution()).encode("utf-16-le"),
    "Windows line ends": lambda: json.dumps(solution(), indent=1).replace("\n", "\r\n").encode(),
    "lines end in \\r\\n": _dumped(
        _each(lambda c: c.update(source="".join(c["source"]).replace("\n", "\r\n")))
    ),
    "a byte that is no UTF-8": lambda: json.dumps(solution()).encode()[:-1] + b', "by": "Zo\xeb"}',
    "no metadata of cells": _dumped(lambda book: _stripped(book, ids=False)),
    "no metadata and no ids, as from Colab": _dumped(_stripped),
    "no metadata at all": _dumped(lambda book: book.update(metadata={})),
    "metadata that is a list": _dumped(_each(lambda c: c.update(metadata=[]))),
    "nbgrader's mark is a text": _dumped(_each(lambda c: c["metadata"].update(nbgrader="x"))),
    "an old version of nbgrader's marks": _dumped(_marks(schema_version=1)),
    "a newer version of nbgrader's marks": _dumped(_marks(schema_version=99)),
    "nbformat 3": _dumped(_old),
    "nbformat 5": _dumped(lambda book: book.update(nbformat=5)),
    "nbformat is a text": _dumped(lambda book: book.update(nbformat="four")),
    "no nbformat": _dumped(lambda book: book.pop("nbformat") and None),
    "an unknown kernel": _dumped(
        lambda book: book["metadata"].update(kernelspec={"name": "julia-1.9", "language": "julia"})
    ),
    "a kernel that is a number": _dumped(lambda book: book["metadata"].update(kernelspec=3)),
    "checks deleted": _dumped(_without_checks),
    "a check turned to Markdown": _dumped(_patched("dropout-visible", cell_type="markdown")),
    "checks edited": _dumped(_patched("dropout-visible", source="assert True")),
    "points changed": _dumped(_marks(points=1000)),
    "all said to be checks": _dumped(_marks(grade=True, solution=False, locked=True)),
    "all said to be answers": _dumped(_marks(grade=False, solution=True, locked=False)),
    "an answer there twice": _dumped(
        lambda book: book["cells"].append(copy.deepcopy(cell(book, "dropout")))
    ),
    "every cell there twice": _dumped(
        lambda book: book.update(cells=[c for c in book["cells"] for _ in range(2)])
    ),
    "cells in reverse": _dumped(lambda book: book["cells"].reverse()),
    "an answer moved to the end": _dumped(
        lambda book: book["cells"].append(
            book["cells"].pop(book["cells"].index(cell(book, "dropout")))
        )
    ),
    "an answer turned to Markdown": _dumped(_patched("dropout", cell_type="markdown")),
    "an answer turned to raw text": _dumped(_patched("dropout", cell_type="raw")),
    "an answer in a scratch cell": _dumped(lambda book: _scratch(book, STUB)),
    "an answer in a scratch cell, its own empty": _dumped(lambda book: _scratch(book, "")),
    "an answer in a scratch cell, its own deleted": _dumped(_pasted),
    "an answer split after its head, both marked": _dumped(
        lambda book: _split(book, marked=True, at=1)
    ),
    "an answer split after its head": _dumped(lambda book: _split(book, marked=False, at=1)),
    "an answer split before its end": _dumped(lambda book: _split(book, marked=False, at=3)),
    "lines of IPython": _dumped(
        lambda book: cell(book, "dropout").update(
            source="%matplotlib inline\n!ls\n" + "".join(cell(book, "dropout")["source"])
        )
    ),
    "a cell for the shell": _dumped(_added("%%bash\nrm -r everything")),
    "a cell that is no Python": _dumped(_added("def f(:", "x ==", first=True)),
    "a cell that raises": _dumped(_added("1 / 0", first=True)),
    "a cell that ends the kernel": _dumped(_added("import sys\nsys.exit(3)", first=True)),
    "a cell that is a number": _dumped(lambda book: book["cells"].append(3)),
    "a source that is a number": _dumped(_added(3)),  # type: ignore[arg-type]
    "a source of numbers": _dumped(_added([1, 2])),  # type: ignore[arg-type]
    "a zero byte": _dumped(_added("x = 1\0")),
    "half a surrogate": _dumped(_added("x = '\ud800'")),
    "outputs that claim success": _dumped(
        _each(lambda c: c.update(outputs=[{"output_type": "stream", "text": "all marks"}]))
    ),
    "outputs that are no list": _dumped(_each(lambda c: c.update(outputs="none"))),
    "attachments of a megabyte": _dumped(
        _each(lambda c: c.update(attachments={"a.png": {"image/png": "A" * 50_000}}))
    ),
    "a Python file": lambda: b"# %%\n".join(
        "".join(c["source"]).encode() + b"\n"
        for c in solution()["cells"]
        if c["cell_type"] == "code"
    ),
}


#: No mark and a reason: what the reason says.
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "half a notebook": (json.dumps(solution()).encode()[:2000], "no complete notebook"),
    "a list": (b"[1, 2]", "no notebook"),
    "a number": (b"3", "no notebook"),
    "null": (b"null", "no notebook"),
    "no cells": (b'{"cells": []}', "no cells"),
    "cells that are a text": (b'{"cells": "all"}', "no notebook"),
    "worksheets without cells": (b'{"worksheets": [{"cells": 3}, 4]}', "no cells"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "no complete notebook"),
    "a page": (b"<html>Not found</html>", "no complete notebook"),
    "deep brackets": (b"[" * 100_000, "no complete notebook"),
    "very many brackets": (b"[]," * 2_000_000, "clear all outputs"),
    "larger than anything": (b" " * (21 << 20), "clear all outputs"),
    "a number of a million digits": (b'{"cells": [' + b"1" * 1_000_000 + b"]}", "no "),
    "very many cells": (b'{"cells": [' + b"{}," * 3_000 + b"{}]}", "at most"),
    "a megabyte of code": (json.dumps({"cells": [code("1\n" * 99_999)] * 6}).encode(), "at most"),
    "another exercise": (
        json.dumps({"nbformat": 4, "cells": [code("def other():\n    return 1")]}).encode(),
        "another one",
    ),
}
