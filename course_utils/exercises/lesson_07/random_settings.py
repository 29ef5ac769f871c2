"""Visible check of exercise 07: ``random_settings``."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from enum import unique
from typing import Any

import numpy as np
import torch

from course_utils import search
from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.search import Range


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    EXPONENTS_BETWEEN_THE_ENDS = (
        "the exponent is drawn between log(low) and log(high), not between low and high"
    )
    GLOBAL_DICE = (
        "seeding or using a global generator disturbs all other draws; make a new generator"
    )
    DICE_WITHOUT_A_SEED = (
        "make a new generator from the seed in each call, and take all draws from it"
    )
    ALWAYS_SEED_0 = "is the generator seeded with the seed that is passed in?"
    WRONG_NUMBER = "the budget is the number of settings, each a dict with a value for every name"
    NOT_A_DICT_EACH = "make a new dict from name to value for each setting"
    ONE_DICT_FOR_ALL = "one dict is changed again and again; make a new one for each setting"
    DICE_MADE_ANEW_IN_THE_LOOP = (
        "the generator starts again for every setting; make it once, before the loop"
    )
    TWO_BASES = "two bases are mixed: the inverse of log10 is 10 **, that of log is exp"
    NOT_EVEN_IN_THE_LOGARITHM = (
        "draw evenly in the logarithm, so that every power of ten gets as many values as the next"
    )
    FORGETS_THE_LOWER_END = "draw evenly: as many in the lower half as in the upper half"
    ONE_THROW_FOR_ALL = "one draw is used for all names; draw anew for each"
    IN_ORDER = "these settings are ordered, a grid, or all the same; draw anew for each"
    NEVER_THE_LAST_OPTION = (
        "draw every option of the list as often as any other, the first and the last too"
    )


SEARCH = (search.random_settings, Range.at)
Settings = Sequence[Mapping[str, Any]]
Search = Callable[[Mapping[str, Any], int, int], Settings]


def random_settings(answer: Search) -> None:
    """Task ``random_settings(box, budget, seed)`` -> a list of `budget` dicts."""
    with attempt("random_settings", answer, by_hand=SEARCH) as check:
        box = {"L2": Range(1e-5, 1e-1, log=True), "dropout": Range(0.0, 0.9), "layers": [1, 2, 3]}
        on = "L2 from 1e-5 to 1e-1 (log), dropout from 0 to 0.9, layers [1, 2, 3], budget 4000"
        got = answer(box, 4000, 0)
        check.that(
            isinstance(got, list) and len(got) == 4000,
            "tries as many settings as the budget allows",
            on=on,
            expected="a list of 4000 settings",
            got=f"a list of {len(got)}" if isinstance(got, list) else type(got).__name__,
            hint=Mistake.WRONG_NUMBER,
        )
        check.that(
            all(isinstance(setting, dict) and setting.keys() == box.keys() for setting in got),
            "every setting has a value for each name",
            on=on,
            expected="L2, dropout, layers",
            got=got[0],
            hint=Mistake.NOT_A_DICT_EACH,
        )
        evenly_drawn(check, got, box, on=on)
        independently_drawn(check, got, box, on=on)
        own_dice(check, answer, box)


def evenly_drawn(check: Check, got: Settings, box: Mapping[str, Any], *, on: str) -> None:
    """Check that values spread evenly over their range, and that options are equally likely."""
    check.that(
        len(got) == 1 or any(setting != got[0] for setting in got),
        "settings differ",
        on=on,
        expected="settings that were drawn one after another",
        got=f"{got[0]}, {len(got)} times",
        hint=Mistake.ONE_DICT_FOR_ALL
        if len(got) > 1 and got[0] is got[1]
        else Mistake.DICE_MADE_ANEW_IN_THE_LOOP,
    )
    far = 2.5 / math.sqrt(len(got))  # five standard deviations of a share near one half
    for name, allowed in box.items():
        values = [setting[name] for setting in got]
        where = f"{name}, {on}"
        if not isinstance(allowed, Range):
            strangers = [f"{v!r}, {type(v).__name__}" for v in values if v not in allowed]
            what, hint = "an option stays what it is", "the option itself, of its own type"
            check.that(
                not strangers, what, on=where, expected=allowed, got=strangers[:1], hint=hint
            )
            shares = [sum(v == option for v in values) / len(got) for option in allowed]
            check.that(
                max(abs(share - 1 / len(allowed)) for share in shares) < 2 * far,
                "every option is equally likely",
                on=where,
                expected=[1 / len(allowed)] * len(allowed),
                got=shares,
                hint=Mistake.NEVER_THE_LAST_OPTION,
            )
            continue
        low, high, log = allowed.low, allowed.high, allowed.log
        outside = [float(v) for v in values if not low <= v <= high * (1 + 1e-9)]
        hint = "low + share * (high - low), with a share between 0 and 1"
        if log:
            hint = Mistake.EXPONENTS_BETWEEN_THE_ENDS
            if _within(values, math.exp(math.log10(low)), math.exp(math.log10(high))) or _within(
                values, 10 ** math.log(low), 10 ** math.log(high)
            ):
                hint = Mistake.TWO_BASES
        check.that(
            not outside,
            "values lie in their range",
            on=where,
            expected=f"{low} to {high}",
            got=outside[0] if outside else "",
            hint=hint,
        )
        points = [math.sqrt(low * high) if log else (low + high) / 2]
        points.append(math.sqrt(points[0] * high) if log else (points[0] + high) / 2)
        for middle, expected in zip(points, (0.5, 0.75), strict=True):
            share = sum(v < middle for v in values) / len(got)
            hint = Mistake.NOT_EVEN_IN_THE_LOGARITHM if log else Mistake.FORGETS_THE_LOWER_END
            check.that(
                abs(share - expected) < far,
                "values are distributed as their range says",
                on=where,
                expected=f"{expected:.0%} below {middle:.4g}",
                got=f"{share:.1%}",
                hint=hint,
            )


def _within(values: Sequence[float], low: float, high: float) -> bool:
    return all(low <= v <= high for v in values)


def independently_drawn(check: Check, got: Settings, box: Mapping[str, Any], *, on: str) -> None:
    """Check that values are uncorrelated within a setting, and with the setting before."""
    shares = {name: _places([s[name] for s in got], allowed) for name, allowed in box.items()}
    names = list(shares)
    far = 5.5 / math.sqrt(len(got))
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    for a, b in pairs:
        found = float(np.corrcoef(shares[a], shares[b])[0, 1])
        check.that(
            abs(found) < far,
            "every value is drawn on its own",
            on=f"{a} and {b}, {on}",
            expected="a correlation near 0",
            got=found,
            hint=Mistake.ONE_THROW_FOR_ALL,
        )
    for name in names:
        found = float(np.corrcoef(shares[name][1:], shares[name][:-1])[0, 1])
        check.that(
            abs(found) < far,
            "every setting is drawn on its own",
            on=f"{name}, {on}",
            expected="a correlation with the setting before that is near 0",
            got=found,
            hint=Mistake.IN_ORDER,
        )


def _places(values: Sequence[Any], allowed: Any) -> list[float]:
    """The position of each value in its range, or its index in the list of options."""
    if not isinstance(allowed, Range):
        return [float(allowed.index(v)) for v in values]
    return [math.log(v) if allowed.log else float(v) for v in values]


def own_dice(check: Check, answer: Search, box: Mapping[str, Any]) -> None:
    """Check that a seed gives the same settings again, and that no global generator is changed."""

    def elsewhere() -> tuple[float, float, float]:
        return random.random(), float(np.random.random()), float(torch.rand(()))  # noqa: NPY002

    def world() -> None:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)

    world()
    undisturbed = elsewhere()
    kept = copy.deepcopy(dict(box))
    first = answer(box, 5, 3)
    check.that(
        dict(box) == kept,
        "the box is not changed",
        on="budget 5, seed 3",
        expected=kept,
        got=dict(box),
        hint=Common.INPUT_CHANGED,
    )
    world()
    again = answer(box, 5, 3)
    check.that(
        elsewhere() == undisturbed,
        "the generator is its own",
        on="a draw of Python, NumPy and PyTorch after a search",
        expected="the same numbers as without a search",
        got="other numbers",
        hint=Mistake.GLOBAL_DICE,
    )
    check.that(
        first == again,
        "the same seed gives the same settings",
        on="budget 5, seed 3, called twice",
        expected=first,
        got=again,
        hint=Mistake.DICE_WITHOUT_A_SEED,
    )
    settings = [repr(setting) for seed in range(8) for setting in answer(box, 5, seed)]
    check.that(
        first != answer(box, 5, 4),
        "another seed gives other settings",
        on="budget 5, seeds 3 and 4",
        expected="two different lists",
        got="the same list",
        hint=Mistake.ALWAYS_SEED_0,
    )
    check.that(
        len(set(settings)) == len(settings),
        "no two seeds share a setting",
        on="budget 5, seeds 0 to 7",
        expected=f"{len(settings)} different settings",
        got=f"{len(set(settings))} different settings",
        hint="use the whole seed, and one generator for all settings of a search, not a grid",
    )
