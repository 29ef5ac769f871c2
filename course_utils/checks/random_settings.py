"""Check of lesson 07: settings for a random search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import unique
from typing import Any

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    SHARE_AND_NO_VALUE = (
        "these are shares of the way from 0 to 1; `r.at(share)` turns one into a value"
    )
    EVEN_ON_EVERY_SCALE = (
        "this draws evenly between `low` and `high`; `r.at(share)` minds the scale of the range"
    )
    ALWAYS_THE_SAME_PLACE = "every setting is the same; `draw.random()` is another share each time"
    OTHER_GENERATOR = "take the share from `draw`, which begins with the seed that is passed in"


@dataclass(frozen=True)
class SquareRange:
    """A range of a scale of its own, so that only its `at` knows its values."""

    low: float
    high: float
    log: bool = False

    def at(self, share: float) -> float:
        """The value at `share` of the way."""
        return self.low + share**2 * (self.high - self.low)

    def share_of(self, value: float) -> float:
        """The inverse of `at`."""
        return float(((value - self.low) / (self.high - self.low)) ** 0.5)


Search = Callable[[Mapping[str, Any], int, int], Any]

BOX = {"a": SquareRange(10.0, 20.0), "b": SquareRange(100.0, 900.0)}
BUDGET = 1000
#: Five standard deviations of the mean of so many shares, and of the mean product of two.
FAR = 5 * (1 / 12) ** 0.5 / BUDGET**0.5


def random_settings(function: Search) -> Passed:
    """Check `function(box, budget, seed)`: `budget` dicts, each value drawn at a share of its own.

    Raises:
        CheckFailed: With the first property that does not hold.
    """
    with checking("random_settings") as check:
        on = "a from 10 to 20, b from 100 to 900, budget 1000, seed 0"
        got = function(dict(BOX), BUDGET, 0)
        check.that(
            isinstance(got, list)
            and len(got) == BUDGET
            and all(isinstance(one, dict) and one.keys() == BOX.keys() for one in got),
            "as many settings as the budget, each with a value for every name",
            on=on,
            expected="a list of 1000 dicts with a and b",
            got=got[:1] if isinstance(got, list) else type(got).__name__,
            hint="`name: value`, for each name of the box",
        )
        values = {name: [one[name] for one in got] for name in BOX}
        outside = [value for value in values["a"] if not 10.0 <= value <= 20.0]
        check.that(
            not outside,
            "values lie in their range",
            on=on,
            expected="a between 10 and 20",
            got=outside[:3],
            hint=Mistake.SHARE_AND_NO_VALUE
            if all(0 <= value <= 1 for value in outside)
            else "`r.at(share)`, with a share from 0 to 1",
        )
        check.that(
            all(len(set(values[name])) > 1 for name in BOX),
            "settings differ",
            on=on,
            expected="values that were drawn one after another",
            got=values["a"][:3],
            hint=Mistake.ALWAYS_THE_SAME_PLACE,
        )
        shares = {name: [r.share_of(v) for v in values[name]] for name, r in BOX.items()}
        for name, r in BOX.items():
            mean = sum(shares[name]) / BUDGET
            even = sum(values[name]) / BUDGET
            middle = (r.low + r.high) / 2
            check.that(
                abs(mean - 0.5) < FAR,
                "shares of the way are even, from 0 to 1",
                on=f"{name}, {on}, where half of the way is a quarter of the range",
                expected="0.5 of the way, on average",
                got=mean,
                hint=Mistake.EVEN_ON_EVERY_SCALE
                if abs(even - middle) < FAR * (r.high - r.low)
                else "`draw.random()` is a share from 0 to 1, evenly drawn",
            )
        both = sum(one * other for one, other in zip(*shares.values(), strict=True)) / BUDGET
        check.that(
            abs(both - 0.25) < FAR,
            "each value is drawn independently",
            on=on,
            expected="0.25, the mean product of two independent shares",
            got=both,
            hint="draw a share for each name, not one for each setting",
        )
        again, other = function(dict(BOX), 3, 1), function(dict(BOX), 3, 2)
        check.that(
            again == function(dict(BOX), 3, 1) and again != other,
            "the seed decides",
            on="budget 3, seeds 1, 1 and 2",
            expected="the same settings from the same seed, others from another",
            got=again,
            hint=Mistake.OTHER_GENERATOR,
        )
    return check.passed()
