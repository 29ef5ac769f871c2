"""Blanks of the lessons: whose lines go on, what is said of it, and that the course's own fit."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from course_utils import checks
from course_utils.blanks import ____, fill, solutions, yours_or_ours
from tests.notebook_shape import NOTEBOOKS, code_cells, text

WRONG = "✗ dropout: this does not hold"


def unfilled(x: Any, p: Any, training: Any) -> Any:
    return x * ____ if training else x


def filled(x: Any, p: Any, training: Any) -> Any:
    return torch.where(torch.rand_like(x) >= p, x / (1 - p), 0.0) if training else x


def undivided(x: Any, p: Any, training: Any) -> Any:
    return x * (torch.rand_like(x) >= p) if training else x


def broken(x: Any, p: Any, training: Any) -> Any:
    return x + torch.ones(3)


def misspelled(x: Any, p: Any, training: Any) -> Any:
    return tensor + 1  # noqa: F821


def hidden(x: Any, p: Any, training: Any) -> Any:
    return [value * ____ for value in (lambda: [x])()]


def named(answer: Any, name: str = "dropout") -> Any:
    """The answer as a learner writes it, under the name that the lesson gives it."""
    answer.__name__ = name
    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (unfilled, "○ dropout: there are blanks (____) left. Until yours is complete"),
        (hidden, "○ dropout: there are blanks (____) left"),
        (undivided, WRONG),
        (broken, "`return x + torch.ones(3)`"),
        (misspelled, "misspelled"),
    ],
)
def test_until_the_learners_lines_hold_the_courses_are_used_and_that_is_said(
    answer: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert yours_or_ours(named(answer), checks.dropout) is solutions.dropout
    out = capsys.readouterr().out
    assert said in out
    assert "the course's own" in out
    assert "✓" not in out


def test_lines_that_hold_are_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert yours_or_ours(named(filled), checks.dropout) is filled
    assert capsys.readouterr().out == "✓ dropout: 11 properties hold\n"


def test_blanks_in_a_class_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    class BatchNorm1d(solutions.RunningStatistics):
        def forward(self, x: Any) -> Any:
            return ____

    assert yours_or_ours(BatchNorm1d, checks.batch_norm) is solutions.BatchNorm1d
    assert "there are blanks" in capsys.readouterr().out


def test_the_courses_lines_are_not_praised_as_the_learners(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The cell of the check is run again, and the one with the learner's lines is not."""
    assert yours_or_ours(solutions.dropout, checks.dropout) is solutions.dropout
    out = capsys.readouterr().out
    assert "this is the course's own" in out
    assert "✓" not in out


@pytest.mark.parametrize("name", ["droput", "evaluate", "torch"])
def test_a_renamed_function_is_told(name: str) -> None:
    with pytest.raises(ValueError, match=f"no lines of the course for '{name}'"):
        yours_or_ours(named(lambda x: x, name), checks.dropout)


def test_an_interruption_is_not_taken_for_a_mistake() -> None:
    def dropout(x: Any, p: Any, training: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        yours_or_ours(dropout, checks.dropout)


def test_the_solution_is_one_click_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(fill, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(fill, "display", lambda bundle, raw: shown.append(bundle))
    yours_or_ours(named(unfilled), checks.dropout)
    (bundle,) = shown
    assert bundle["text/html"].startswith("<details><summary>Show solution</summary>")
    assert "return x * keep / (1 - p)" in bundle["text/html"]
    assert "&gt;= p" in bundle["text/html"]
    assert "keep" not in bundle["text/plain"]
    yours_or_ours(named(filled), checks.dropout)
    assert len(shown) == 1, "nobody needs it any more"


def test_a_blank_says_what_it_is() -> None:
    assert "to be filled" in repr(____)
    with pytest.raises(TypeError):
        ____ + 1


# The lessons.

CALL = re.compile(r"^(\w+) = yours_or_ours\(\1, (\w+(?:\.\w+)?)\)$", flags=re.MULTILINE)
DEFINED = "(?:def|class) {}\\b.*?(?=\n\n\n|\\Z)"


def sources(path: Path) -> list[str]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [text(cell["source"]) for cell in code_cells(notebook)]


def to_fill(path: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each function or class of a lesson that has blanks."""
    for source in sources(path):
        for name, _ in CALL.findall(source):
            found = [re.search(DEFINED.format(name), s, flags=re.DOTALL) for s in sources(path)]
            (definition,) = [match[0] for match in found if match]
            yield name, definition


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_what_is_to_be_filled_is_the_solution_with_blanks(path: Path) -> None:
    """Line for line: where the lesson has no blank, it has the solution's line."""
    names = dict(to_fill(path))
    assert names, "a lesson leaves something to write"
    for name, definition in names.items():
        given = definition.splitlines()
        ours = fill.inspect.getsource(getattr(solutions, name)).rstrip().splitlines()
        assert len(given) == len(ours), name
        blanks = [line for line in given if "____" in line]
        assert blanks, name
        for line, its in zip(given, ours, strict=True):
            code = re.escape(line.split("  #")[0]).replace("____", ".+")
            assert line == its or ("____" in line and re.fullmatch(code, its)), f"{line}\n{its}"
    written = [source for source in sources(path) if re.search(r"____(?!, yours)", source)]
    assert sum("____" in d for d in names.values()) == len(written), "each blank has a check"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_solution_passes_the_lessons_own_check(path: Path) -> None:
    for source in sources(path):
        for name, check in CALL.findall(source):
            of_lesson = getattr(checks, check.removeprefix("checks."))
            of_lesson(getattr(solutions, name))


def test_what_is_given_beside_a_blank_is_the_lessons() -> None:
    """The class of lesson 04 stands on two others, which the lesson gives whole."""
    path = next(path for path in NOTEBOOKS if path.stem.startswith("04"))
    whole = "\n".join(sources(path))
    for given in (solutions.normalize, solutions.RunningStatistics):
        assert fill.inspect.getsource(given).rstrip() in whole
