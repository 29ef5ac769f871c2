"""Lesson 03: what dropout gives and costs, which mistakes accuracy forgives, and where doubt fails.

Most claims read the same networks, which are trained once for each data set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.claims.claim import Claim
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import dropout as panels
from course_utils.panels.dropout.stochastic_passes import ask, turn
from course_utils.regularizers import Dropout

NOISE = 0.2
PS = (0.0, 0.3, 0.5, 0.9)
BATCH = 100
TURNED = 100
Layer = Callable[[float], nn.Module]


@cache
def _fleet(
    data: Dataset,
    noise: float,
    ps: tuple[Any, ...] = PS,
    hidden: tuple[int, ...] = (64, 64),
    layer: Layer = Dropout,
) -> Fleet:
    """The lesson's networks."""

    def build(p: Any) -> Run:
        model = MLP(data.input_shape, hidden, data.num_classes or 1, dropout=p, dropout_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    return train_fleet(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=ps,
        epochs=40,
        batch_size=BATCH,
        progress=False,
    )


def _last(fleet: Fleet, p: Any, score: str = "val_acc") -> Any:
    return getattr(fleet, score)[fleet.values.index(p), :, -1]


def against_none(data: Dataset, p: float, noise: float, score: str = "val_acc") -> Difference:
    """The score with p, minus that without dropout."""
    fleet = _fleet(data, noise)
    return paired_difference(_last(fleet, p, score), _last(fleet, 0.0, score))


def narrow(data: Dataset) -> Difference:
    """Validation accuracy of 8 units per layer with p = 0.5, minus that without dropout."""
    fleet = _fleet(data, NOISE, (0.0, 0.5), (8, 8))
    return paired_difference(_last(fleet, 0.5), _last(fleet, 0.0))


def by_noise(data: Dataset) -> Difference:
    """What p = 0.5 adds to the validation accuracy at 40 % label noise, minus that at 20 %."""
    little = _fleet(data, NOISE)
    much = _fleet(data, 2 * NOISE, (0.0, 0.5))
    gains = (_last(fleet, 0.5) - _last(fleet, 0.0) for fleet in (much, little))
    return paired_difference(*gains)


def by_depth(data: Dataset) -> Difference:
    """Validation accuracy with p = 0.2, 0.3, 0.4 in three layers, minus that with 0.3 in each."""
    same, rising = (0.3, 0.3, 0.3), (0.2, 0.3, 0.4)
    fleet = _fleet(data, NOISE, (same, rising), (64, 64, 64))
    return paired_difference(_last(fleet, rising), _last(fleet, same))


def half_gone(data: Dataset) -> Difference:
    """Accuracy with half of the hidden units taken away, trained with p = 0.5 minus without."""
    fleet = _fleet(data, NOISE)
    damaged = (panels.half_gone(fleet, data, fleet.values.index(p)) for p in (0.5, 0.0))
    return paired_difference(*damaged)


class DividedByP(Dropout):
    """Survivors are divided by the share that is dropped."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) >= self.p) / self.p if self.training else x


class ScaledAlways(Dropout):
    """Activations are scaled up in evaluation as well."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else x / (1 - self.p)


class Frozen(Dropout):
    """The same mask in every step: a number for each unit, by the sample's place in the batch."""

    draws = torch.rand(BATCH, 64, generator=torch.Generator().manual_seed(0))

    def forward(self, x: Tensor) -> Tensor:
        keep = self.draws[: len(x)] >= self.p
        return x * keep / (1 - self.p) if self.training else x


def mistaken(data: Dataset, layer: Layer, p: float = 0.3) -> Difference:
    """Validation accuracy with a wrong dropout, minus that without dropout."""
    fleet = _fleet(data, NOISE)
    wrong = _fleet(data, NOISE, (p,), layer=layer)
    return paired_difference(_last(wrong, p), _last(fleet, 0.0))


def scaled_against_right(data: Dataset) -> Difference:
    """Validation accuracy when evaluation scales as well, minus that of the right dropout."""
    fleet = _fleet(data, NOISE)
    wrong = _fleet(data, NOISE, (0.3,), layer=ScaledAlways)
    return paired_difference(_last(wrong, 0.3), _last(fleet, 0.3))


def _votes(data: Dataset, count: int) -> Sequence[float]:
    """Accuracy of the average of `count` thinned networks with p = 0.5, for each seed."""
    fleet = _fleet(data, NOISE)
    models = [fleet.model(fleet.values.index(0.5), seed) for seed in fleet.seeds]
    said = [ask(model, data.x_val, count).mean(0).argmax(1) for model in models]
    return [float((answer == data.y_val).float().mean()) for answer in said]


def training_mode(data: Dataset) -> Difference:
    """Validation accuracy taken in training mode, minus that in evaluation mode."""
    fleet = _fleet(data, NOISE)
    return paired_difference(_votes(data, 1), _last(fleet, 0.5))


def average_over_one(data: Dataset) -> Difference:
    """Accuracy of the average of 30 thinned networks, minus that of one."""
    return paired_difference(_votes(data, 30), _votes(data, 1))


def average_over_whole(data: Dataset) -> Difference:
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
    Claim(
        3,
        "dropout 0.5, 20 % label noise",
        "With noisy labels, dropout raises the validation accuracy.",
        lambda data: against_none(data, 0.5, NOISE),
        "higher",
    ),
    Claim(
        3,
        "dropout 0.5, 20 % label noise, training",
        "With noisy labels, dropout lowers the training accuracy: less is memorized.",
        lambda data: against_none(data, 0.5, NOISE, "train_acc"),
        "lower",
    ),
    Claim(
        3,
        "dropout 0.5, half of the units gone",
        "A network trained with dropout keeps a higher accuracy when half of its units are gone.",
        half_gone,
        "higher",
    ),
    Claim(
        3,
        "dropout 0.9",
        "Dropping nearly everything lowers the accuracy.",
        lambda data: against_none(data, 0.9, NOISE),
        "lower",
    ),
    Claim(
        3,
        "dropout 0.5, 8 units per layer",
        "In a narrow network much dropout lowers the accuracy.",
        narrow,
        "lower",
    ),
    Claim(
        3,
        "dropout 0.5, 40 % label noise against 20 %",
        "The more labels are wrong, the more dropout adds.",
        by_noise,
        "higher",
    ),
    Claim(
        3,
        "dropout 0.3, 20 % label noise, loss",
        "With noisy labels, dropout lowers the validation loss.",
        lambda data: against_none(data, 0.3, NOISE, "val_loss"),
        "lower",
    ),
    Claim(
        3,
        "dropout 0.3, clean labels",
        "With clean labels, dropout does not lower the validation accuracy.",
        lambda data: against_none(data, 0.3, 0.0),
        "not lower",
    ),
    Claim(
        3,
        "p rising with depth",
        "p = 0.2, 0.3, 0.4 in three layers is no better than 0.3 in each.",
        by_depth,
        "not higher",
    ),
    Claim(
        3,
        "mistake: divided by p",
        "Dividing by p instead of 1 - p does not show in a comparison with no dropout.",
        lambda data: mistaken(data, DividedByP),
        "not lower",
    ),
    Claim(
        3,
        "mistake: scaled in evaluation as well",
        "Scaling in evaluation as well is still more accurate than no dropout.",
        lambda data: mistaken(data, ScaledAlways),
        "higher",
    ),
    Claim(
        3,
        "mistake: scaled in evaluation, against right",
        "Scaling in evaluation as well is no less accurate than the right dropout.",
        scaled_against_right,
        "not lower",
    ),
    Claim(
        3,
        "mistake: frozen mask",
        "A mask that is the same in every step still raises the accuracy.",
        lambda data: mistaken(data, Frozen, 0.5),
        "higher",
    ),
    Claim(
        3,
        "mistake: validating in training mode",
        "A score taken in training mode is lower.",
        training_mode,
        "lower",
    ),
    Claim(
        3,
        "average of thinned networks against one",
        "The average of many thinned networks is more accurate than one of them.",
        average_over_one,
        "higher",
    ),
    Claim(
        3,
        "average of thinned networks against evaluation",
        "Their average is no more accurate than one pass in evaluation mode.",
        average_over_whole,
        "not higher",
    ),
    Claim(
        3,
        "spread at 45° against 0°",
        "A hundred passes disagree more about turned digits than about upright ones.",
        lambda data: spread(data, 45, 0),
        "higher",
    ),
    Claim(
        3,
        "spread at 105° against 45°",
        "Turned further, they disagree no more, though nearly all answers are wrong.",
        lambda data: spread(data, 105, 45),
        "not higher",
    ),
    Claim(
        3,
        "spread with p = 0.5 against 0.3",
        "The spread grows with p.",
        spread_by_p,
        "higher",
    ),
]
