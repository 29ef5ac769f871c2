"""Every result that a lesson's text quotes is one that the lesson prints; see quoted_numbers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from course_utils.panels.dropout.sweeping import PS
from course_utils.panels.penalties.sweeping import LAMBDAS
from tests.notebook_shape import NOTEBOOKS, text
from tests.quoted_numbers import unprinted

#: What reads like a result and is none, or is one that is printed nowhere: by lesson, with its
#: reason.
ELSEWHERE: dict[str, dict[str, str]] = {
    "07": {"99.7": "the level of an interval, in percent: 1 - 0.05 / 15"},
    "08": {
        "98": "arithmetic, in percent: (1 - 0.001 * 0.1) ** 200",
    },
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_lesson_quotes_what_it_has_printed(path: Path) -> None:
    known = ELSEWHERE.get(path.stem[:2], {})
    found = list(unprinted(json.loads(path.read_text(encoding="utf-8"))))
    missing = [f"{number} in {cell}" for cell, number in found if number not in known]
    assert not missing, "quoted, but printed nowhere in the lesson: " + ", ".join(missing)
    unused = sorted(known.keys() - {number for _, number in found})
    assert not unused, f"no exceptions any more: {', '.join(unused)}"


@pytest.mark.parametrize(
    ("number", "said", "values"),
    [("02", "at {} strengths", LAMBDAS), ("03", "at {} values of p", PS)],
)
def test_a_lesson_says_how_many_values_its_slider_has(
    number: str, said: str, values: Sequence[float]
) -> None:
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(number))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    word = ("six", "seven", "eight", "nine", "ten")[len(values) - 6]
    assert any(said.format(word) in text(cell["source"]) for cell in cells)


def lesson(said: str, printed: str, code: str = "p = 0.3") -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": printed}
    return {
        "cells": [
            {"cell_type": "code", "id": "measure", "source": code, "outputs": [output]},
            {"cell_type": "markdown", "id": "read", "source": said},
        ]
    }


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("It gains +1.2 ± 1.6.", "accuracy goes up: +1.2 ± 1.6 points, 8 paired seeds"),
        ("It loses 1.2 ± 1.6 points.", "accuracy goes down: -1.2 ± 1.6 points"),
        ("That is 93.1 ± 1.9.", "93.1% ± 1.9"),
        ("Nearly 93%, from epoch 261 on.", "93.1% ± 1.9, epoch 261 of 320"),
        ("A share of 0.93, or 93.1%.", "share 0.931"),
        ("After 1,600 steps it is 0.25.", "1,600 steps: 0.2478"),
        ("At p = 0.3, see [the paper](https://arxiv.org/abs/1.2) and `x * 7.5`.", ""),
    ],
)
def test_a_result_may_be_rounded_and_a_setting_is_none(said: str, printed: str) -> None:
    assert list(unprinted(lesson(said, printed))) == []


@pytest.mark.parametrize(
    ("said", "printed", "found"),
    [
        ("It gains +1.2 ± 1.6.", "+1.3 ± 1.6 points, +1.2 ± 1.7 points", "1.2 ± 1.6"),
        ("That is 93.4%.", "93.1%", "93.4"),
        ("The loss is 0.124.", "0.13", "0.124"),
        ("It gains 7 points.", "8 points", "7"),
        ("It turns at epoch 12.", "epoch 13", "12"),
    ],
)
def test_a_number_that_moved_is_found(said: str, printed: str, found: str) -> None:
    assert list(unprinted(lesson(said, printed))) == [("read", found)]
