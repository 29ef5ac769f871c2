"""Lesson 08 on averages: of weights along a training, of networks, of answers; and beside them
small batches.

As in `claims.lesson_08`, the data are sentences by two authors. Excess is the distance from the
true probabilities. Each claim is about one length of training, which its sentence names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from claims.claim import ONCE, TEXTS, Claim, Expectation, author_of
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.averaged_weights import Averaged, average_along
from course_utils.experiments.ensembles import Asked, ask_together
from course_utils.experiments.next_words import BATCH, excess, text, transformer_run
from course_utils.fleet import Fleet, train_fleet

SAMPLES, SEEDS = 500, 8
LR = 1e-2
#: The rate at which the lesson averages, and those among which each contestant has its own best.
AVERAGED_LR, AVERAGED_LRS = 2e-2, (5e-3, 1e-2, 2e-2, 4e-2)


@cache
def _averages(data: Dataset, lr: float = AVERAGED_LR) -> Averaged:
    *_, last = average_along(
        lr, horizons=(5, 20), samples=1000, epochs=6, seeds=SEEDS, author=author_of(data)
    )
    return last


@cache
def _asked(data: Dataset) -> Asked:
    *_, last = ask_together(
        members=4, passes=4, p=0.2, samples=400, epochs=(6, 14), seeds=SEEDS,
        author=author_of(data),
    )  # fmt: skip
    return last


@cache
def _fleet(data: Dataset) -> Fleet:
    """The lesson's first networks."""
    return train_fleet(
        lambda lr: transformer_run(lr=lr),
        lambda _, seed: text(SAMPLES, seed, author_of(data)),
        values=[LR],
        epochs=16,
        batch_size=BATCH,
        score_at=(),
        progress=False,
    )


@cache
def _batches(data: Dataset, size: int, samples: int, epochs: int) -> Any:
    """The excess with batches of a size at the best of three rates, [seeds]."""
    rates = [factor * rate for factor in (0.5, 1, 2) for rate in [{10: 4e-3, 250: 2e-2}[size]]]
    fleet = train_fleet(
        lambda lr: transformer_run(lr=lr),
        lambda _, seed: text(samples, seed, author_of(data)),
        values=rates,
        epochs=epochs,
        batch_size=size,
        score_at=(),
        progress=False,
    )
    found = [_excess(data, (fleet.model(v, s) for s in range(SEEDS))) for v in range(len(rates))]
    return min(found, key=np.mean)


def _excess(data: Dataset, models: Iterable[nn.Module]) -> Any:
    return np.array([excess(model, author=author_of(data)) for model in models])


def averaging(data: Dataset, *sides: tuple[str, int], lr: float = AVERAGED_LR) -> Difference:
    """Excess of the first of two (schedule, place of the average), minus that of the second."""
    scores = [_averages(data, lr).scores(schedule)[place, -1] for schedule, place in sides]
    return paired_difference(*scores)


def averaging_at_own_rates(data: Dataset) -> Difference:
    """Excess of an average over 20 steps, minus that of a cosine, each at the rate that is the best
    for it on the same beginnings, on average over the seeds."""

    def best(schedule: str, place: int) -> Any:
        ends = [_averages(data, lr).scores(schedule)[place, -1] for lr in AVERAGED_LRS]
        return min(ends, key=np.mean)

    return paired_difference(best("constant", 2), best("cosine", 0))


def asking(data: Dataset, epochs: int, *sides: tuple[str, int]) -> Difference:
    """Excess of the first of two (method, answers averaged), minus that of the second."""
    first, second = (_asked(data).excess(epochs, *side) for side in sides)
    return paired_difference(first, second)


def merging(data: Dataset) -> Difference:
    """Excess of the mean weights of two networks, minus the mean excess of the two."""
    models = [_fleet(data).model(0, seed) for seed in range(SEEDS)]
    merged = []
    for one, two in zip(models, models[1:] + models[:1], strict=True):
        model = transformer_run().model
        with torch.no_grad():
            for p, *both in zip(*(m.parameters() for m in (model, one, two)), strict=True):
                p.copy_(sum(both) / 2)
        merged.append(model)
    apart = _excess(data, models)
    return paired_difference(_excess(data, merged), (apart + np.roll(apart, -1)) / 2)


def batches(data: Dataset, samples: int, epochs: int) -> Difference:
    """Excess with batches of 10, minus that with batches of 250, each at its own rate."""
    small, large = (_batches(data, size, samples, epochs) for size in (10, 250))
    return paired_difference(small, large)


def _once(
    technique: str, sentence: str, measure: Callable[[Dataset], Difference], expect: Expectation
) -> Claim:
    """About one length of training, which the sentence names."""
    return Claim(8, technique, sentence, lambda data, _: measure(data), expect, ONCE, TEXTS)


CLAIMS = [
    _once("average of the weights",
          "At a constant rate, an average over 20 steps is closer to the truth than the last "
          "weights ...",
          lambda data: averaging(data, ("constant", 2), ("constant", 0)), "lower"),
    _once("average against cosine", "... and than the last weights of a cosine of this length.",
          lambda data: averaging(data, ("constant", 2), ("cosine", 0)), "lower"),
    _once("average against cosine, own rates",
          "... and so it is with the best of four rates for each.",
          averaging_at_own_rates, "lower"),
    _once("average against cosine, 0.04", "At the rate 0.04 it is not clearly ahead.",
          lambda data: averaging(data, ("constant", 2), ("cosine", 0), lr=4e-2), "not lower"),
    _once("average of a cosine", "With a cosine, averaging adds nothing.",
          lambda data: averaging(data, ("cosine", 1), ("cosine", 0)), "not lower"),
    _once("ensemble, 6 epochs", "After 6 epochs four networks are closer to the truth than one ...",
          lambda data: asking(data, 6, ("ensemble", 4), ("ensemble", 1)), "lower"),
    _once("ensemble, 14 epochs", "... and after 14.",
          lambda data: asking(data, 14, ("ensemble", 4), ("ensemble", 1)), "lower"),
    _once("ensemble against MC dropout, 14 epochs",
          "After 14 epochs four networks are closer to the truth than four passes of one.",
          lambda data: asking(data, 14, ("ensemble", 4), ("MC dropout", 4)), "lower"),
    _once("mean weights of two networks",
          "The mean of the weights of two networks is further from the truth than they are.",
          merging, "higher"),
    _once("small batches, one pass",
          "In one pass, batches of 10 end closer to the truth than batches of 250 ...",
          lambda data: batches(data, 4000, 1), "lower"),
    _once("small batches, eight passes", "... in eight passes they do not.",
          lambda data: batches(data, 1000, 8), "not lower"),
]  # fmt: skip
