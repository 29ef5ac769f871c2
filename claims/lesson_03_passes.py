"""Lesson 03: what is asked of a network that has finished the lesson's budget: what is left of it
when half of its units are gone, and what a hundred passes with the masks on say together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from claims.claim import ONCE, Claim
from claims.lesson_03 import BATCH, NOISE, PS
from course_utils.comparison import Ending
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.dropout_passes import ask, turn
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import dropout as panels
from course_utils.regularizers import Dropout

TURNED = 100


@cache
def _fleet(data: Dataset, noise: float) -> Fleet:
    """The lesson's networks, for what is asked of a network and not of its scores."""

    def build(p: float) -> Run:
        model = MLP(data.input_shape, (64, 64), data.num_outputs, dropout=p, dropout_layer=Dropout)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    return train_fleet(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=PS,
        epochs=40,
        batch_size=BATCH,
        progress=False,
    )


def _last(fleet: Fleet, p: Any, score: str = "val_acc") -> Any:
    return getattr(fleet, score)[fleet.values.index(p), :, -1]


def half_gone(data: Dataset, ending: Ending) -> Difference:
    """Accuracy with half of the hidden units taken away, trained with p = 0.5 minus without."""
    fleet = _fleet(data, NOISE)
    with_it, without = (panels.half_gone(fleet, data, fleet.values.index(p)) for p in (0.5, 0.0))
    return paired_difference(with_it, without)


def _votes(data: Dataset, count: int) -> Sequence[float]:
    """Accuracy of the average of `count` thinned networks with p = 0.5, for each seed."""
    fleet = _fleet(data, NOISE)
    models = [fleet.model(fleet.values.index(0.5), seed) for seed in fleet.seeds]
    said = [ask(model, data.x_val, count).mean(0).argmax(1) for model in models]
    return [float((answer == data.y_val).float().mean()) for answer in said]


def training_mode(data: Dataset, ending: Ending) -> Difference:
    """Validation accuracy taken in training mode, minus that in evaluation mode."""
    fleet = _fleet(data, NOISE)
    return paired_difference(_votes(data, 1), _last(fleet, 0.5))


def average_over_one(data: Dataset, ending: Ending) -> Difference:
    """Accuracy of the average of 30 thinned networks, minus that of one."""
    return paired_difference(_votes(data, 30), _votes(data, 1))


def average_over_whole(data: Dataset, ending: Ending) -> Difference:
    """Accuracy of the average of 30 thinned networks, minus that of evaluation mode."""
    fleet = _fleet(data, NOISE)
    return paired_difference(_votes(data, 30), _last(fleet, 0.5))


@cache
def _spread(data: Dataset, p: float, angle: float) -> Any:
    """Mean spread over turned images of the preferred class's probability, for each seed."""
    fleet = _fleet(data, 0.0)
    x = turn(data.x_val[:TURNED], angle)
    found = []
    for seed in fleet.seeds:
        many = ask(fleet.model(fleet.values.index(p), seed), x, 100)
        preferred = many.mean(0).argmax(1).expand(len(many), -1)[..., None]
        found.append(float(many.gather(2, preferred).std(0).mean()))
    return np.array(found)


def spread(data: Dataset, angle: float, before: float) -> Difference:
    """The spread of 100 passes at one angle, minus that at another, p = 0.3, clean labels."""
    return paired_difference(_spread(data, 0.3, angle), _spread(data, 0.3, before))


def spread_by_p(data: Dataset) -> Difference:
    """The spread at 45° of networks with p = 0.5, minus that of networks with p = 0.3."""
    return paired_difference(_spread(data, 0.5, 45), _spread(data, 0.3, 45))


CLAIMS = [
    Claim(3, "dropout 0.5, half of the units gone",
          "A network trained with dropout keeps a higher accuracy when half of its units are gone.",
          half_gone, "higher", ONCE),
    Claim(3, "mistake: validating in training mode", "A score taken in training mode is lower.",
          training_mode, "lower", ONCE),
    Claim(3, "average of thinned networks against one",
          "The average of many thinned networks is more accurate than one of them.",
          average_over_one, "higher", ONCE),
    Claim(3, "average of thinned networks against evaluation",
          "Their average is no more accurate than one pass in evaluation mode.",
          average_over_whole, "not higher", ONCE),
    Claim(3, "spread at 45° against 0°",
          "A hundred passes disagree more about turned digits than about upright ones.",
          lambda data, ending: spread(data, 45, 0), "higher", ONCE),
    Claim(3, "spread at 105° against 45°",
          "Turned further, they disagree no more, though nearly all answers are wrong.",
          lambda data, ending: spread(data, 105, 45), "not higher", ONCE),
    Claim(3, "spread at 105° against 0°",
          "On the lesson's digits, on their side, they disagree no more than on upright ones.",
          lambda data, ending: spread(data, 105, 0), "not higher", ONCE, ("digits",)),
    Claim(3, "spread at 105° against 0°, MNIST",
          "On MNIST they still disagree more about them than about upright ones.",
          lambda data, ending: spread(data, 105, 0), "higher", ONCE, ("mnist",)),
    Claim(3, "spread with p = 0.5 against 0.3", "The spread grows with p.",
          lambda data, ending: spread_by_p(data), "higher", ONCE),
]  # fmt: skip
