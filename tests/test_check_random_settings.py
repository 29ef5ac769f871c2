"""The check of lesson 07's random search: right answers pass, wrong ones are named."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_utils.blanks.solutions import random_settings
from course_utils.checks import CheckFailed
from course_utils.checks import random_settings as check
from course_utils.checks.random_settings import Mistake
from course_utils.search import random_settings as of_package
from tests.checking import passes


def by_numpy(box: Any, budget: int, seed: int) -> Any:
    draw = np.random.default_rng(seed)
    return [{name: r.at(draw.random()) for name, r in box.items()} for _ in range(budget)]


def with_value(value: Callable[[random.Random, Any], float]) -> Any:
    """The lesson's lines with something else in place of its blank."""

    def answer(box: Any, budget: int, seed: int) -> Any:
        draw = random.Random(seed)
        return [{name: value(draw, r) for name, r in box.items()} for _ in range(budget)]

    return answer


def one_share_for_all(box: Any, budget: int, seed: int) -> Any:
    draw = random.Random(seed)
    shares = [draw.random() for _ in range(budget)]
    return [{name: r.at(share) for name, r in box.items()} for share in shares]


def fixed_seed(box: Any, budget: int, seed: int) -> Any:
    return random_settings(box, budget, 0)


def test_right_answers_pass() -> None:
    passes(check, random_settings, of_package, by_numpy)


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        (with_value(lambda draw, r: draw.random()), Mistake.SHARE_AND_NO_VALUE),
        (with_value(lambda draw, r: draw.uniform(r.low, r.high)), Mistake.EVEN_ON_EVERY_SCALE),
        (with_value(lambda draw, r: r.at(0.5)), Mistake.ALWAYS_THE_SAME_PLACE),
        (with_value(lambda draw, r: r.at(random.random())), Mistake.OTHER_GENERATOR),
        (fixed_seed, Mistake.OTHER_GENERATOR),
    ],
)
def test_a_mistake_is_named(wrong: Any, mistake: Mistake) -> None:
    with pytest.raises(CheckFailed) as failed:
        check(wrong)
    assert failed.value.mistake == mistake.id


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda box, budget, seed: None, "as many settings as the budget"),
        (lambda box, budget, seed: random_settings(box, 3, seed), "as many settings"),
        (with_value(lambda draw, r: r.at(1 + draw.random())), "values lie in their range"),
        (with_value(lambda draw, r: r.at(draw.random() / 2)), "shares of the way are even"),
        (one_share_for_all, "each value is drawn independently"),
    ],
)
def test_what_else_is_wrong_is_told(wrong: Any, told: str) -> None:
    with pytest.raises(CheckFailed, match=told):
        check(wrong)
