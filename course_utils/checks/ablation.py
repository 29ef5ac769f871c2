"""Check of lesson 07: what each technique of a mix is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import unique
from typing import Any

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    THE_OTHER_WAY = "the sign is turned around: the score with it, minus the score without it"
    ALONE = (
        "this compares each one alone with nothing; take it out of the mix, and leave the rest on"
    )
    STRENGTHS_LOST = (
        "the rest keeps its strengths: `mix` is a dict of strengths, not a set of names"
    )
    NOT_PAIRED = "`paired_difference(a, b)` gives the difference seed by seed, with its interval"


Mix = Mapping[str, float]
Score = Callable[[Mix], list[float]]

SEEDS = 8
WORTH = {"a": 3.0, "b": -1.0, "c": 0.5}  # at strength 1
MIX = {"a": 1.0, "b": 2.0, "c": 4.0}


def _additive(mix: Mix) -> list[float]:
    return [10 + sum(WORTH[name] * mix[name] for name in mix) + seed for seed in range(SEEDS)]


def _either(mix: Mix) -> list[float]:
    """a and b stand in for each other."""
    return [10 + 3.0 * ("a" in mix or "b" in mix) + seed for seed in range(SEEDS)]


def ablation(function: Callable[[Score, dict[str, float]], Any]) -> Passed:
    """Check `function(score, mix)`: by name, the paired difference of the mix and all but this one.

    `score(mix)` gives one number for each seed.

    Raises:
        CheckFailed: With the first property that does not hold.
    """
    with checking("ablation") as check:
        mix, on = dict(MIX), f"effects {WORTH} for each unit of strength, which add up, mix {MIX}"
        worth = function(_additive, mix)
        check.that(
            isinstance(worth, dict) and set(worth) == set(MIX),
            "one worth for each technique of the mix",
            on=on,
            expected=f"a dict with the names {', '.join(MIX)}",
            got=f"the names {', '.join(worth)}" if isinstance(worth, dict) else worth,
            hint="`worth[name] = ...`, for each name in the mix",
        )
        check.that(
            all(hasattr(one, "mean") and hasattr(one, "half_width") for one in worth.values()),
            "each worth has a mean and an interval",
            on=on,
            expected="what paired_difference gives",
            got=type(worth["a"]).__name__,
            hint=Mistake.NOT_PAIRED,
        )
        expected = [WORTH[name] * MIX[name] for name in MIX]
        check.close(
            "effects that add up are found, each at its strength",
            [float(worth[name].mean) for name in MIX],
            expected,
            on=on,
            hint="score(mix) minus score(all but this one)",
            mistakes={
                Mistake.THE_OTHER_WAY: [-value for value in expected],
                Mistake.STRENGTHS_LOST: _without_strengths(),
            },
        )
        check.that(
            all(worth[name].half_width < 1e-6 for name in MIX),
            "it is paired by seed: what the seeds share cancels",
            on="scores that differ by 1 from seed to seed, with the mix and without one alike",
            expected="intervals of width 0",
            got=f"± {worth['a'].half_width:.3f}",
            hint=Mistake.NOT_PAIRED,
        )
        check.that(
            mix == MIX,
            "the mix stays as it is",
            on=on,
            expected=MIX,
            got=mix,
            hint="make a new dict for all but this one",
        )
        both = {"a": 1.0, "b": 1.0}
        worth = function(_either, dict(both))
        check.close(
            "where two stand in for each other, neither is missed alone",
            [float(worth[name].mean) for name in both],
            [0.0, 0.0],
            on="a score that rises by 3 if a or b is on, or both",
            hint="all others stay on",
            mistakes={Mistake.ALONE: [3.0, 3.0]},
        )
        return check.passed()


def _without_strengths() -> list[float]:
    """What comes out where the rest of the mix is on at strength 1."""
    total = sum(WORTH[name] * MIX[name] for name in MIX)
    return [total - sum(WORTH[other] for other in WORTH if other != name) for name in MIX]
