"""Visible check of exercise 07: ``by_budget``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import unique
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt

LEAST = 8  # seeds with the technique, and as many without it


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NO_WORDS = 'return a list with a word for each length, "helps", "harms" or "neither"'
    TOO_FEW_SEEDS = "train eight seeds or more, with and without the technique, at every length"
    OTHER_SEEDS = "train the same seeds with and without the technique, each once"
    OTHER_LENGTHS = (
        "train with and without the technique at every length of `budgets`, and no other, anew in "
        "each call: `train` may be another one"
    )
    BY_THE_MEANS = (
        '"helps" or "harms" where the means differ, but the interval of the gains includes 0'
    )
    UNPAIRED = (
        '"neither" where every seed has a gain, or a loss, of nearly the same size; does the '
        "interval of the gains, seed by seed, include 0?"
    )
    THE_WRONG_WAY_ROUND = (
        "helps and harms are swapped: the gain is with minus without the technique"
    )


Train = Callable[[bool, int, int], float]
#: ``pair(place)`` -> the accuracies without and with the technique; `place` counts the seeds.
Pair = Callable[[int], tuple[float, float]]
ByBudget = Callable[[Train, list[int]], Sequence[str]]


def by_budget(answer: ByBudget) -> None:
    """Task ``by_budget(train, budgets)`` -> a word for each length."""
    with attempt("by_budget", answer) as check:
        by_length(check, answer, {5: -0.03, 20: 0.0, 80: 0.02})


def by_length(
    check: Check,
    answer: ByBudget,
    gains: Mapping[int, float],
    pairs: Mapping[int, Pair] | None = None,
) -> None:
    """Check that `answer` returns the right word for each length, from paired runs.

    The sign of a length's gain decides which word is right. `pairs` may give the accuracies at a
    length; at all others the gain differs a little from seed to seed, or a lot if it is 0 on
    average. An accuracy depends on how many seeds were trained before, and not on the seed itself,
    so that the differences cancel whichever seeds an answer takes.
    """
    asked: list[tuple[bool, int, int]] = []
    odd: list[float] = []
    places: dict[int, int] = {}

    def train(technique: bool, epochs: int, seed: int) -> float:
        asked.append((bool(technique), int(epochs), int(seed)))
        if seed < 0 or seed != int(seed):
            odd.append(seed)
        place = places.setdefault(int(seed), len(places))
        if epochs in (pairs or {}):
            return (pairs or {})[epochs](place)[bool(technique)]
        by_seed = 0.7 + 0.01 * int(epochs).bit_length() + 0.05 * ((place * 7919) % 13 - 6) / 6
        spread = 0.002 if gains.get(epochs) else 0.03
        return by_seed + technique * (gains.get(epochs, 0.0) + up_and_down(place) * spread)

    budgets = list(gains)
    got = answer(train, list(budgets))
    on = f"budgets {budgets}, where the technique gains {list(gains.values())}"
    held = isinstance(got, list | tuple) and len(got) == len(budgets)
    check.that(
        held and all(isinstance(word, str) for word in got),
        "a word for each length is returned",
        on=on,
        expected=f"a list of {len(budgets)} words",
        got=got,
        hint=Mistake.NO_WORDS,
    )
    check.that(
        not odd,
        "seeds are whole numbers from 0 on",
        on=on,
        expected="seeds such as 0, 1, 2, ...",
        got=f"a seed of {odd[0]}" if odd else "",
        hint="range(8) gives eight of them",
    )
    check.that(
        {epochs for _, epochs, _ in asked} == set(budgets),
        "every length is trained",
        on=on,
        expected=sorted(budgets),
        got=sorted({epochs for _, epochs, _ in asked}),
        hint=Mistake.OTHER_LENGTHS,
    )
    for epochs in budgets:
        treated, plain = (
            sorted(seed for t, e, seed in asked if t is side and e == epochs)
            for side in (True, False)
        )
        where = f"{on}; {epochs} epochs"
        check.that(
            treated == plain and len(set(plain)) == len(plain),
            "both sides are trained with the same seeds, each once",
            on=where,
            expected="the same seeds on both sides",
            got=f"seeds {treated} with the technique, {plain} without",
            hint=Mistake.OTHER_SEEDS,
        )
        check.that(
            len(plain) >= LEAST,
            "there are enough seeds",
            on=where,
            expected=f"{LEAST} seeds or more",
            got=f"{len(plain)} seeds",
            hint=Mistake.TOO_FEW_SEEDS,
        )
    wanted = ["helps" if g > 0 else "harms" if g < 0 else "neither" for g in gains.values()]
    swapped = {"helps": "harms", "harms": "helps", "neither": "neither"}
    hint = "the interval of the paired difference, length by length"
    words = list(got)
    if not {*words} <= {*swapped}:
        hint = Mistake.NO_WORDS
    elif words == [swapped[word] for word in wanted]:
        hint = Mistake.THE_WRONG_WAY_ROUND
    elif set(words) == {"neither"} and not pairs:
        hint = Mistake.UNPAIRED
    elif "neither" not in words and "neither" in wanted:
        hint = Mistake.BY_THE_MEANS
    check.that(
        words == wanted,
        "the words are right",
        on=on,
        expected=wanted,
        got=words,
        hint=hint,
    )


def up_and_down(place: int) -> int:
    """1 or -1, from the Thue-Morse sequence +--+-++-..., in which places 2i and 2i + 1 cancel."""
    return -1 if place.bit_count() % 2 else 1


@cache
def small_training(technique: bool, epochs: int, seed: int) -> float:
    """A real training: dropout 0.5 or none, 120 samples of which a third has a wrong label.

    Returns the validation accuracy after `epochs` epochs.
    """
    dice = torch.Generator().manual_seed(seed)
    x, x_val = torch.randn(120, 20, generator=dice), torch.randn(600, 20, generator=dice)
    turn = torch.randn(20, 2, generator=dice)
    y, y_val = (x @ turn).argmax(1), (x_val @ turn).argmax(1)
    y = torch.where(torch.rand(120, generator=dice) < 1 / 3, 1 - y, y)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            *(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5 * technique), nn.Linear(64, 2))
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(epochs):
            optimizer.zero_grad()
            F.cross_entropy(model.train()(x), y).backward()
            optimizer.step()
    with torch.no_grad():
        return float((model.eval()(x_val).argmax(1) == y_val).double().mean())
