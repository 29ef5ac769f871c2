"""Visible check of exercise 04: ``does_it_help``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.checks.mistakes import Mistakes
from course_utils.evidence import estimate, paired_difference
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BY_THE_MEANS = "the interval of the paired difference includes 0, whatever the two means are"
    BY_TWO_INTERVALS = (
        "the interval of the paired difference, with each at its own best rate, excludes 0"
    )
    THE_WRONG_WAY_ROUND = "helps and harms are swapped"
    BY_THE_BEST_SINGLE_RUN = (
        "the best learning rate is the one with the best single run; take the highest mean"
    )
    NAN_IGNORED = (
        "a learning rate at which a run diverged (NaN) was chosen, by the mean of its other runs"
    )
    NAN_CHOSEN = "a mean that is NaN was taken for the highest; a run diverged there"
    AT_THE_FIRST = "both are compared at the first learning rate; each needs its own best one"
    AT_THE_BEST_OF_PLAIN = (
        "both are compared at the rate that is best without batch norm; each needs its own"
    )
    AT_THE_BEST_OF_NORMED = (
        "both are compared at the rate that is best with batch norm; each needs its own"
    )
    AVERAGED = "all learning rates were averaged; each network needs its own best one"
    RETURNS_A_SENTENCE = "return one of the three texts, spelled as above"


Accuracies = npt.NDArray[np.float64]
Compare = Callable[[Accuracies, Accuracies], str]
_WORDS = ("helps", "harms", "neither")


def does_it_help(answer: Callable[[Any, Any], Any]) -> None:
    """Task ``does_it_help(plain, normed)`` -> "helps", "harms" or "neither"."""
    with attempt("does_it_help", answer) as check:
        known = sweeps()
        verdicts = {
            name: answer(plain.copy(), normed.copy()) for name, (plain, normed) in known.items()
        }
        for name, got in verdicts.items():
            check.that(
                isinstance(got, str) and got in _WORDS,
                "answers with one of three words",
                on=name,
                expected=" or ".join(f'"{word}"' for word in _WORDS),
                got=got,
                hint=Mistake.RETURNS_A_SENTENCE,
            )
        fits = [
            hint
            for hint, mistake in _MISTAKES.items()
            if verdicts == {name: mistake(*accuracies) for name, accuracies in known.items()}
        ]
        hint = "take each at its own best learning rate, then their difference, paired by seed"
        for name, wanted in zip(known, ("helps", "neither", "harms", "helps"), strict=True):
            check.that(
                verdicts[name] == wanted,
                "the words agree with the intervals",
                on=f"{name}, the sweep printed above",
                expected=wanted,
                got=verdicts[name],
                hint=fits[0] if fits else hint,
            )


def sweeps() -> dict[str, tuple[Accuracies, Accuracies]]:
    """Validation accuracies without and with batch norm, [4 learning rates, 6 seeds] each."""
    seeds = np.array([0.80, 0.84, 0.88, 0.92, 0.86, 0.82])
    wave = np.array([1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
    lucky = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    lost = np.where(lucky > 0, np.nan, 0.0)

    def acc(*gains: Any) -> Accuracies:
        return np.stack([seeds + gain for gain in gains]).round(3)

    return {
        "clean labels": (
            acc(-0.02, 0.001 * wave, -0.03, 0.05 + lost),
            acc(-0.05, -0.01, 0.012 + 0.003 * wave, -0.02),
        ),
        "noisy labels": (
            acc(-0.03, -0.01, 0.0, -0.2),
            acc(-0.06, -0.03, -0.04, 0.01 + 0.03 * wave),
        ),
        "batches of 2": (
            acc(-0.02, 0.02, -0.03 + 0.08 * lucky, -0.1),
            acc(-0.06, -0.03 + 0.001 * wave, 0.0, -0.09 + 0.02 * wave),
        ),
        "more training data": (
            acc(0.0, 0.01, 0.03 + 0.01 * wave, -0.08 + lost),
            acc(-0.01, 0.06 - 0.01 * wave, 0.02, -0.06 + lost),
        ),
    }


def _best(acc: Accuracies) -> int:
    return int(np.nanargmax(acc.mean(1)))


def _clear(normed: Accuracies, plain: Accuracies) -> str:
    gap = paired_difference(normed, plain)
    return "neither" if not gap.is_clear else "helps" if gap.mean > 0 else "harms"


def _overlap(normed: Accuracies, plain: Accuracies) -> str:
    with_norm, without = estimate(normed), estimate(plain)
    if with_norm.low > without.high:
        return "helps"
    return "harms" if with_norm.high < without.low else "neither"


def _at_best(compare: Compare, rank: Callable[[Accuracies], Any] = _best) -> Compare:
    return lambda plain, normed: compare(normed[rank(normed)], plain[rank(plain)])


_MISTAKES: dict[str, Compare] = {
    Mistake.BY_THE_MEANS: (_at_best(lambda b, a: "helps" if b.mean() > a.mean() else "harms")),
    Mistake.BY_TWO_INTERVALS: (_at_best(_overlap)),
    Mistake.THE_WRONG_WAY_ROUND: _at_best(lambda b, a: _clear(a, b)),
    Mistake.BY_THE_BEST_SINGLE_RUN: (
        _at_best(_clear, lambda acc: np.unravel_index(np.nanargmax(acc), acc.shape)[0])
    ),
    Mistake.NAN_IGNORED: (_at_best(_clear, lambda acc: np.nanargmax(np.nanmean(acc, 1)))),
    Mistake.NAN_CHOSEN: (_at_best(_clear, lambda acc: acc.mean(1).argmax())),
    Mistake.AT_THE_FIRST: (lambda plain, normed: _clear(normed[0], plain[0])),
    Mistake.AT_THE_BEST_OF_PLAIN: (
        lambda plain, normed: _clear(normed[_best(plain)], plain[_best(plain)])
    ),
    Mistake.AT_THE_BEST_OF_NORMED: (
        lambda plain, normed: _clear(normed[_best(normed)], plain[_best(normed)])
    ),
    Mistake.AVERAGED: (lambda plain, normed: _clear(np.nanmean(normed, 0), np.nanmean(plain, 0))),
}
