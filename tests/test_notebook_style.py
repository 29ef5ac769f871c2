"""Every lesson keeps its shape, and the checker finds each mistake."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebook_shape import KERNELSPEC, NOTEBOOKS, Notebook, code_cells, problems, text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_has_tests_that_drive_its_panels(path: Path) -> None:
    tests = Path(__file__).with_name(f"test_lesson_{path.stem[:2]}.py")
    assert "every_control_moves_the_picture(lesson)" in tests.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_keeps_its_shape(path: Path) -> None:
    content = path.read_bytes()
    assert problems(json.loads(content), len(content)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_prediction_is_judged_by_what_is_measured(path: Path) -> None:
    """The reveal is given the answer, which is no text and no number that could be read off."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    asked = [text(cell["source"]).count("= predict(") for cell in code_cells(notebook)]
    revealing = [cell for cell in code_cells(notebook) if ".reveal(" in text(cell["source"])]
    assert len(revealing) == sum(asked) > 0
    for cell in revealing:
        calls = [
            node
            for node in ast.walk(ast.parse(text(cell["source"])))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "reveal"
        ]
        for call in calls:
            answers = [keyword.value for keyword in call.keywords if keyword.arg == "answer"]
            assert answers, f"{cell['id']}: reveal(..., answer=...) says whether the guess is right"
            assert not isinstance(answers[0], ast.Constant), cell["id"]
        printed = "".join(text(output.get("text", "")) for output in cell["outputs"])
        assert "The answer:  " in printed, cell["id"]
        assert "guess" not in printed, f"{cell['id']}: nobody guesses in a committed lesson"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_links_to_its_exercise(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    link = f"(../exercises/{path.stem}/{path.stem}.ipynb)"
    assert any(link in text(cell["source"]) for cell in cells[-4:])
    assert (path.parent / link.strip("()")).is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_says_what_to_run_where_the_course_is_not_installed(path: Path) -> None:
    title = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert "run `%pip install git+ADDRESS`" in text(title["source"])


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
