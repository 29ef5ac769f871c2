"""Visible check of exercise 07: ``prune``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import unique
from typing import Any

import numpy as np

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NOT_A_MIX = "what is kept keeps its strength"
    CHANGES_THE_GIVEN_MIX = (
        "del and pop change the caller's dict; make a new one without the technique"
    )
    ONE_REMOVAL = (
        "one removal is not the end; ask again, until all that is left is needed, or nothing "
        "is left"
    )
    REMOVES_CLEAR_HARM_ONLY = "nothing here is needed; the lack of a clear harm is not enough"
    BY_THE_MEANS = (
        "L2 is not needed: its interval includes 0, and neither a mean above 0 nor the lack "
        "of a clear harm is enough"
    )
    KEEPS_CLEAR_HARM = "a clear harm was taken for a need; is_clear does not know the sign"
    UNPAIRED_INTERVALS = (
        "dropout is worth 0.03 for every seed and is needed; its worth is a paired difference, "
        "between the mix that is left and that mix without it"
    )
    THE_WRONG_SIGN = "harm and use are the wrong way round"
    ALL_AT_ONCE = (
        "all that looked idle went at once, and two did the same work; remove one, then ask again"
    )
    REMOVES_THE_FIRST = (
        "L2 went before dropout, whose mean worth is lower; of those that are not needed, the one "
        "with the lowest mean worth goes"
    )
    BY_THE_WORTH_ALONE = (
        "each was asked alone; what counts is its worth in the company of the others"
    )
    ONE_TABLE_TO_THE_END = (
        "the first table was used to the end; when L2 is gone, ask for batch norm again"
    )
    ONE_TOO_MANY = "one too many went: a technique whose interval lies above 0 is needed"


Mix = Mapping[str, float]
Score = Callable[[Mix], Any]
STRENGTHS = {"L2": 1e-3, "dropout": 0.3, "batch norm": 1.0}


def prune(answer: Callable[[Score, Mix], Mix]) -> None:
    """Task ``prune(score, mix)`` -> the mix of what is needed."""
    with attempt("prune", answer) as check:
        for what, score, kept, mistakes in scenes():
            pruned(check, answer, score, STRENGTHS, kept, on=what, mistakes=mistakes)


def pruned(
    check: Check,
    answer: Callable[[Score, Mix], Mix],
    score: Score,
    mix: Mix,
    kept: Sequence[str],
    *,
    on: str,
    mistakes: Mapping[str, Sequence[str]],
) -> None:
    """`answer` leaves `kept` of `mix`; each of `mistakes` is a hint, and what it would leave."""
    given = dict(mix)
    got = answer(score, given)
    check.that(
        isinstance(got, dict) and all(mix.get(name) == by for name, by in got.items()),
        "returns a mix",
        on=on,
        expected="a dict from technique to strength, a part of the given one",
        got=got,
        hint=Mistake.NOT_A_MIX,
    )
    hint = "one step by hand: the worth of each in company, who is not needed, who of them goes?"
    named = (text for text, wrong in mistakes.items() if set(wrong) == got.keys())
    check.that(
        got.keys() == set(kept),
        "what is needed stays, the rest goes",
        on=on,
        expected=", ".join(kept) or "nothing is left",
        got=", ".join(got) or "nothing is left",
        hint=next(named, hint),
    )
    check.that(
        given == mix,
        "the given mix is kept",
        on=on,
        expected=dict(mix),
        got=given,
        hint=Mistake.CHANGES_THE_GIVEN_MIX,
    )
    check.that(
        got is not given,
        "the mix that is left is a new one",
        on=on,
        expected="a dict of its own, which may be changed and the given mix stays",
        got="the very dict that was passed in",
        hint="return dict(mix) where nothing goes",
    )


def scenes() -> list[tuple[str, Score, list[str], dict[str, list[str]]]]:
    """Invented worlds: what they show, score(mix), what is needed, and mistakes in them."""
    wave = np.array([1.0, -1.0, 1.0, -1.0])

    def world(gain: Callable[[bool, bool, bool], Any]) -> Score:
        seeds = np.array([0.80, 0.84, 0.88, 0.92])
        return lambda mix: seeds + gain(*(name in mix for name in STRENGTHS))

    return [
        (
            "nothing clear: L2 -0.001, dropout -0.002, batch norm -0.003, each ± 0.018",
            world(
                lambda l2, p, norm: (
                    (l2 + p + norm) * 0.01 * wave - (0.001 * l2 + 0.002 * p + 0.003 * norm)
                )
            ),
            [],
            {
                Mistake.ONE_REMOVAL: ["L2", "dropout"],
                Mistake.REMOVES_CLEAR_HARM_ONLY: [*STRENGTHS],
            },
        ),
        (
            "effects that add up: dropout +0.03, L2 +0.004 ± 0.037, batch norm -0.02",
            world(lambda l2, p, norm: 0.03 * p + l2 * (0.004 + 0.02 * wave) - 0.02 * norm),
            ["dropout"],
            {
                Mistake.BY_THE_MEANS: ["L2", "dropout"],
                Mistake.KEEPS_CLEAR_HARM: [*("dropout", "batch norm")],
                Mistake.UNPAIRED_INTERVALS: [],
                Mistake.THE_WRONG_SIGN: ["batch norm"],
            },
        ),
        (
            "L2 and dropout do the same work, L2 a little more of it; batch norm: nothing",
            world(lambda l2, p, norm: np.maximum(0.03 * p, l2 * (0.031 + 0.002 * wave))),
            ["L2"],
            {
                Mistake.ALL_AT_ONCE: [],
                Mistake.REMOVES_THE_FIRST: ["dropout"],
                Mistake.BY_THE_WORTH_ALONE: [*("L2", "dropout")],
            },
        ),
        (
            "batch norm is needed while L2 and dropout are both on, and harms else; L2: nothing",
            world(lambda l2, p, norm: 0.02 * p - 0.01 * norm - 0.06 * (l2 and p and not norm)),
            ["dropout"],
            {
                Mistake.ONE_TABLE_TO_THE_END: [*("dropout", "batch norm")],
            },
        ),
        (
            "small gains, the same for every seed: 0.01 ± 0.001 each, while seeds differ by 0.12",
            world(lambda l2, p, norm: (l2 + p + norm) * (0.01 + 0.0006 * wave)),
            ["L2", "dropout", "batch norm"],
            {
                Mistake.ONE_TOO_MANY: [*("dropout", "batch norm")],
            },
        ),
    ]
