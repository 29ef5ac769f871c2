"""Lesson 02: both penalties, each at its own best strength and stopped in time."""

from __future__ import annotations

from functools import cache

import torch

from claims.claim import Claim, Expectation
from course_utils.comparison import Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.regularizers import l1_penalty, l2_penalty

PENALTIES = {"L1": l1_penalty, "L2": l2_penalty}
#: Those of the lesson's panel around the one that does best there.
STRENGTHS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
NONE = ("none", 0.0)


def _settings(name: str) -> list[tuple[str, float]]:
    return [NONE] if name == "none" else [(name, strength) for strength in STRENGTHS]


@cache
def strengths(data: Dataset) -> Comparison:
    """The lesson's networks with each penalty at each strength, 20% of the labels drawn anew."""

    def build(setting: tuple[str, float]) -> Run:
        name, strength = setting
        model = MLP(data.input_shape, (64,), data.num_outputs)
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        if setting == NONE:
            return Run(model, sgd)
        return Run(model, sgd, penalty=lambda model: strength * PENALTIES[name](model))

    return compare(
        build,
        lambda _, seed: data.with_label_noise(0.2, seed),
        values=[NONE, *_settings("L1"), *_settings("L2")],
        epochs=80,
        batch_size=100,
    )


def at_best(
    data: Dataset, ending: Ending, name: str, over: str = "none", score: str = "acc"
) -> Difference:
    """A score with one penalty minus that with the other, or with none, at its own best strength.

    The strength is chosen on one half of the validation set and scored on the other.
    """
    first, second = (strengths(data).tuned(_settings(who), ending, score) for who in (name, over))
    return paired_difference(first, second)


def _claim(
    technique: str, sentence: str, name: str, over: str, expect: Expectation, score: str = "acc"
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return at_best(data, ending, name, over, score)

    return Claim(2, technique, sentence, measure, expect, ("early-stopped",))


CLAIMS = [
    _claim("L2 at its own best strength",
           "Stopped in time, at its own best of five strengths, L2 raises the accuracy ...",
           "L2", "none", "higher"),
    _claim("L2 at its own best strength, loss", "... and pays with a higher loss.",
           "L2", "none", "higher", "loss"),
    _claim("L1 against L2, each at its own best strength",
           "Stopped in time, L1 at its own best strength is less accurate than L2 at its own ...",
           "L1", "L2", "lower"),
    _claim("L1 at its own best strength", "... and no more accurate than no penalty.",
           "L1", "none", "not higher"),
]  # fmt: skip
