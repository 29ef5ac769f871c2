"""The check of lesson 07: what each technique of a mix is worth."""

from typing import Any

import numpy as np
import pytest

from course_utils.blanks.solutions import ablation
from course_utils.checks import CheckFailed
from course_utils.checks import ablation as check
from course_utils.checks.ablation import Mistake
from course_utils.evidence import Estimate, paired_difference


def others(mix: Any, name: str) -> dict[str, float]:
    return {other: strength for other, strength in mix.items() if other != name}


def popped(score: Any, mix: Any) -> Any:
    """Another right way."""
    worth = {}
    for name in list(mix):
        rest = dict(mix)
        rest.pop(name)
        worth[name] = paired_difference(np.array(score(dict(mix))), np.array(score(rest)))
    return worth


@pytest.mark.parametrize("right", [ablation, popped])
def test_right_answers_pass(right: Any) -> None:
    assert len(check(right).properties) == 6


def turned_around(score: Any, mix: Any) -> Any:
    return {name: paired_difference(score(others(mix, name)), score(mix)) for name in mix}


def alone(score: Any, mix: Any) -> Any:
    return {name: paired_difference(score({name: mix[name]}), score({})) for name in mix}


def names_only(score: Any, mix: Any) -> Any:
    rest = {name: dict.fromkeys(others(mix, name), 1.0) for name in mix}
    return {name: paired_difference(score(mix), score(rest[name])) for name in mix}


def means(score: Any, mix: Any) -> Any:
    return {name: np.mean(score(mix)) - np.mean(score(others(mix, name))) for name in mix}


def unpaired(score: Any, mix: Any) -> Any:
    found = {}
    for name in mix:
        with_it, without = np.array(score(mix)), np.array(score(others(mix, name)))
        mean, wide = with_it.mean() - without.mean(), with_it.std()
        found[name] = Estimate(mean, mean - wide, mean + wide, len(with_it))
    return found


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        (turned_around, Mistake.THE_OTHER_WAY),
        (alone, Mistake.ALONE),
        (names_only, Mistake.STRENGTHS_LOST),
        (means, Mistake.NOT_PAIRED),
        (unpaired, Mistake.NOT_PAIRED),
    ],
)
def test_a_mistake_is_named(wrong: Any, mistake: Mistake) -> None:
    with pytest.raises(CheckFailed) as failed:
        check(wrong)
    assert failed.value.mistake == mistake.id


def one_only(score: Any, mix: Any) -> Any:
    name = next(iter(mix))
    return {name: paired_difference(score(mix), score(others(mix, name)))}


def spoiling(score: Any, mix: Any) -> Any:
    worth = ablation(score, mix)
    mix.clear()
    return worth


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda score, mix: None, "one worth for each technique"),
        (one_only, "one worth for each technique"),
        (spoiling, "the mix stays as it is"),
    ],
)
def test_what_else_is_wrong_is_told(wrong: Any, told: str) -> None:
    with pytest.raises(CheckFailed, match=told):
        check(wrong)
