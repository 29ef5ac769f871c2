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
        "do not stop after one removal; go on until everything that is left is needed, or nothing "
        "is left"
    )
    REMOVES_CLEAR_HARM_ONLY = "nothing here is needed; the lack of a clear harm is not enough"
    BY_THE_MEANS = (
        "L2 is not needed: its interval includes 0, and neither a mean above 0 nor the lack "
        "of a clear harm is enough"
    )
    KEEPS_CLEAR_HARM = "a clear harm was taken for a need; is_clear does not look at the sign"
    UNPAIRED_INTERVALS = (
        "dropout is worth 0.03 for every seed and is needed; its worth is a paired difference, "
        "between the mix that is left and that mix without it"
    )
    THE_WRONG_SIGN = "harm and benefit are swapped"
    ALL_AT_ONCE = (
        "all that seemed useless were removed at once, but two did the same work; remove one, then "
        "test the others again"
    )
    REMOVES_THE_FIRST = (
        "L2 was removed before dropout, whose mean worth is lower; of those not needed, remove the "
        "one with the lowest mean worth"
    )
    BY_THE_WORTH_ALONE = "each was tested alone; what counts is its worth together with the others"
    ONE_TABLE_TO_THE_END = (
        "the first table was used to the end; once L2 is removed, test batch norm again"
    )
    ONE_TOO_MANY = "one too many was removed: a technique whose interval lies above 0 is needed"


Mix = Mapping[str, float]
Score = Callable[[Mix], Any]
STRENGTHS = {"L2": 1e-3, "dropout": 0.3, "batch norm": 1.0}


def prune(answer: Callable[[Score, Mix], Mix]) -> None:
    """Task ``prune(score, mix)`` -> the part of the mix that is needed."""
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
    """Check that `answer` leaves `kept` of `mix`; `mistakes` maps a hint to what it would leave."""
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
    hint = "do one step by hand: what is each worth together with the others, and which is removed?"
    named = (text for text, wrong in mistakes.items() if set(wrong) == got.keys())
    check.that(
        got.keys() == set(kept),
        "what is needed stays, and the rest is removed",
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
        expected="a new dict, which can be changed without changing the given mix",
        got="the same dict that was passed in",
        hint="return dict(mix) if nothing is removed",
    )


def scenes() -> list[tuple[str, Score, list[str], dict[str, list[str]]]]:
    """Invented examples: description, score(mix), what is needed, and what mistakes would leave."""
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
            "batch norm is needed while L2 and dropout are both on, and else harms; L2: nothing",
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
