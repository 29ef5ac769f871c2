"""A lesson's notebook as the cells of a page."""

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nbformat import NotebookNode
from PIL import Image

from website import markup
from website.execute import Executed

VIEW = "application/vnd.jupyter.widget-view+json"
ASKS = re.compile(r"^(\w+) = predict\(", re.MULTILINE)
REVEALS = re.compile(r"\b(\w+)\.reveal\(")
QUESTION = re.compile(r"<p><strong>(.*?)</strong></p>", re.DOTALL)


@dataclass
class Page:
    """What a page is made of; `files` are what it needs beside it, by their names."""

    name: str  # such as 02_l1_l2
    title: str = ""
    question: str = ""  # that the lesson begins with
    cells: list[str] = field(default_factory=list)
    sections: list[dict[str, str]] = field(default_factory=list)  # for the search
    files: dict[str, bytes] = field(default_factory=dict)
    panels: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    questions: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def lesson_page(name: str, lesson: Executed) -> Page:
    """The page of a lesson."""
    page = Page(name)
    asked: dict[str, str] = {}  # the variable of a question -> the cell that asks it
    for cell in lesson.notebook.cells:
        if cell.cell_type == "markdown":
            _add_text(page, cell)
        elif cell.cell_type == "code":
            for variable in ASKS.findall(cell.source):
                asked[variable] = cell.id
            _add_code(page, cell, lesson, asked)
    return page


def _add_text(page: Page, cell: NotebookNode) -> None:
    html = markup.text(cell.source)
    for anchor, words in markup.headings(html):
        page.title = page.title or words
        page.sections.append({"anchor": anchor, "title": words, "text": ""})
    if not page.question and (found := QUESTION.search(html)):
        page.question = markup.plain(found[1])
    if page.sections:
        page.sections[-1]["text"] += " " + markup.plain(html)
    page.cells.append(f'<section class="text" id="cell-{escape(cell.id)}">{html}</section>')


def _add_code(page: Page, cell: NotebookNode, lesson: Executed, asked: Mapping[str, str]) -> None:
    parts = [_output(page, cell, number, lesson) for number in range(len(cell.outputs))]
    shown = "".join(parts)
    revealed = [asked[name] for name in REVEALS.findall(cell.source) if name in asked]
    if revealed and shown:
        shown = (
            f'<details class="answer" data-of="{escape(revealed[0])}"><summary>'
            f"Show what was measured</summary>{shown}</details>"
        )
    page.cells.append(
        f'<section class="code" id="cell-{escape(cell.id)}">{markup.code(cell.source)}'
        f'<div class="outputs">{shown}</div></section>'
    )


def _output(page: Page, cell: NotebookNode, number: int, lesson: Executed) -> str:
    """One output of a cell as HTML; what it needs is kept in `page`."""
    output = cell.outputs[number]
    if output.output_type == "stream":
        return markup.printed(output.text)
    if output.output_type == "error":
        return markup.printed("\n".join(output.traceback))
    widget = output.data.get(VIEW, {}).get("model_id")
    if widget in lesson.questions:
        page.questions[cell.id] = lesson.questions[widget]
        return f'<div class="question" data-question="{escape(cell.id)}">{_html(output)}</div>'
    html = _picture(page, cell, number) or _html(output)
    if widget in lesson.panels:
        page.panels[cell.id] = lesson.panels[widget]
        return f'<div class="panel" data-panel="{escape(page.name)}/{escape(cell.id)}">{html}</div>'
    return html


def _picture(page: Page, cell: NotebookNode, number: int) -> str:
    output = cell.outputs[number]
    if "image/png" not in output.data:
        return ""
    name = f"{page.name}-{cell.id}-{number}.png"
    png = page.files[name] = base64.b64decode(output.data["image/png"])
    said = output.metadata.get("image/png", {}).get("alt") or output.data.get("text/plain", "")
    width, height = Image.open(io.BytesIO(png)).size  # so that nothing moves when it is loaded
    return (
        f'<div class="wide" tabindex="0"><img loading="lazy" src="files/{escape(name)}" '
        f'width="{width}" height="{height}" style="--width: {width}px" alt="{escape(said)}"></div>'
    )


def _html(output: NotebookNode) -> str:
    """What is no picture: tables and questions as they are, all else as text."""
    if "text/html" in output.data:
        html = markup.reachable(str(output.data["text/html"]))
        return f'<div class="wide" tabindex="0">{html}</div>' if "<table" in html else html
    return markup.printed(output.data.get("text/plain", ""))
