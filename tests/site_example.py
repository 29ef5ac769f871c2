"""A small lesson for the tests of the site: a panel of each kind, a figure, and a question."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from course_utils.live import Panel, explore, stream, sweep
from course_utils.live.sweep import At
from course_utils.plots import Part
from tests.widget_page import picture
from website.ahead import drawn
from website.execute import Executed
from website.page import VIEW, Page, lesson_page

QUESTION = {"question": "What comes next?", "options": ["a rise", "a fall"]}


class Number(Part):
    """Writes the number that is its state."""

    def draw(self, ax: Any, state: Any) -> None:
        self.words = self.moves(ax.text(0.5, 0.5, ""))

    def update(self, state: Any) -> None:
        self.words.set_text(self.say(state))

    def say(self, state: Any) -> str:
        return f"shows {state.value * state.result if isinstance(state, At) else state}"


def count_up(live: Any) -> Iterator[int]:
    """A training whose state is its number of steps."""
    n = 0
    while True:
        yield n
        n += 1


def panels() -> dict[str, Panel]:
    """A panel of each kind."""
    return {
        "sweep": sweep(
            lambda factor, other: iter([factor]), [Number()], name="p", values=[1, 2, 3],
            controls={"factor": list(range(10, 25)), "other": [0, 1]}, title="A sweep",
        ),
        "explore": explore(
            lambda a: a, [Number()], controls={"a": [1, 2, 3]}, title="Computed anew"
        ),
        "stream": stream(
            count_up, [Number()], controls={"lam": [1, 2]}, first=5, steps_per_second=1e6,
            title="A training",
        ),
    }  # fmt: skip


def example_pages(folder: Path) -> tuple[list[Page], list[Path]]:
    """The lesson as a page, and its notebook."""
    cells = [nbformat.v4.new_markdown_cell("# One\n\n**Why?**"), _cell("ask", QUESTION_CELL)]
    opened = panels()
    cells += [_cell(name, f"{name}()", shows=name) for name in opened]
    figure = _cell("figure", "show(figure)")
    data = {"image/png": picture(255, width=900), "text/plain": "a white figure"}
    figure.outputs = [nbformat.v4.new_output("display_data", data=data)]
    cells.append(figure)
    tell = _cell("tell", "guess.reveal(measured)")
    tell.outputs = [nbformat.v4.new_output("stream", text="Measured: a rise\n")]
    cells += [tell, nbformat.v4.new_markdown_cell("## A zebra\n\nIt is striped.")]
    lesson = Executed(
        nbformat.v4.new_notebook(cells=cells),
        {name: drawn(panel) for name, panel in opened.items()},
        {"ask": QUESTION},
    )
    for panel in opened.values():
        panel.close()
    path = folder / "one.ipynb"
    nbformat.write(lesson.notebook, path)
    return [lesson_page("one", lesson)], [path]


QUESTION_CELL = f"guess = predict({QUESTION['question']!r}, {QUESTION['options']!r})"


def _cell(name: str, source: str, *, shows: str = "") -> Any:
    cell = nbformat.v4.new_code_cell(source)
    cell.id = name
    if shows or "predict(" in source:
        data = {VIEW: {"model_id": shows or name}, "text/plain": "a widget"}
        cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    return cell
