"""Lesson 03: what dropout gives and costs, which mistakes accuracy forgives, and where doubt fails.

Most claims read the same networks, which are trained once for each data set. What is asked of a
finished network (how a hundred passes disagree, say) is asked after the lesson's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from claims.claim import ONCE, UNSTOPPED, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.dropout_passes import ask, turn
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import dropout as panels
from course_utils.regularizers import Dropout

NOISE = 0.2
PS = (0.0, 0.3, 0.5, 0.9)
BATCH = 100
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


@cache
def _compared(
    data: Dataset,
    noise: float,
    ps: tuple[Any, ...] = PS,
    hidden: tuple[int, ...] = (64, 64),
) -> Comparison:
    """The same networks at all three endings."""

    def build(value: Any) -> Run:
        layer, p = value if value in MISTAKES else (Dropout, value)
        model = MLP(data.input_shape, hidden, data.num_outputs, dropout=p, dropout_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    return compare(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=ps,
        epochs=40,
        batch_size=BATCH,
    )


def _last(fleet: Fleet, p: Any, score: str = "val_acc") -> Any:
    return getattr(fleet, score)[fleet.values.index(p), :, -1]


def _noisy(data: Dataset) -> Comparison:
    return _compared(data, NOISE, (*PS, *MISTAKES))


def _clean(data: Dataset) -> Comparison:
    return _compared(data, 0.0, (0.0, 0.3))


def narrow(data: Dataset, ending: Ending) -> Difference:
    """Validation accuracy of 8 units per layer with p = 0.5, minus that without dropout."""
    return _compared(data, NOISE, (0.0, 0.5), (8, 8)).gain(0.5, 0.0, ending)


def by_noise(data: Dataset, ending: Ending) -> Difference:
    """What p = 0.5 adds to the validation accuracy at 40 % label noise, minus that at 20 %."""
    much, little = (
        found.scores(0.5, ending) - found.scores(0.0, ending)
        for found in (_compared(data, 2 * NOISE, (0.0, 0.5)), _noisy(data))
    )
    return paired_difference(much, little)


def left_by_stopping(data: Dataset, ending: Ending) -> Difference:
    """p = 0.5's gain in accuracy with both early-stopped, minus its gain with neither."""
    left, gained = (
        _noisy(data).scores(0.5, end) - _noisy(data).scores(0.0, end)
        for end in ("early-stopped", ending)
    )
    return paired_difference(left, gained)


def by_depth(data: Dataset, ending: Ending) -> Difference:
    """Validation accuracy with p = 0.2, 0.3, 0.4 in three layers, minus that with 0.3 in each."""
    same, rising = (0.3, 0.3, 0.3), (0.2, 0.3, 0.4)
    return _compared(data, NOISE, (same, rising), (64, 64, 64)).gain(rising, same, ending)


def half_gone(data: Dataset, ending: Ending) -> Difference:
    """Accuracy with half of the hidden units taken away, trained with p = 0.5 minus without."""
    fleet = _fleet(data, NOISE)
    with_it, without = (panels.half_gone(fleet, data, fleet.values.index(p)) for p in (0.5, 0.0))
    return paired_difference(with_it, without)


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


#: Wrong versions with the p at which the lesson trains them.
MISTAKES = ((DividedByP, 0.3), (ScaledAlways, 0.3), (Frozen, 0.5))


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


def _claim(
    technique: str,
    sentence: str,
    value: Any,
    over: Any,
    expect: Expectation,
    score: str = "acc",
    endings: tuple[Ending, ...] = ENDINGS,
    compared: Callable[[Dataset], Comparison] = _noisy,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return compared(data).gain(value, over, ending, score)

    return Claim(3, technique, sentence, measure, expect, endings)


CLAIMS = [
    _claim("dropout 0.5, 20 % label noise",
           "Trained past the turn, with noisy labels, dropout raises the accuracy.",
           0.5, 0.0, "higher", endings=UNSTOPPED),
    _claim("dropout 0.3, stopped in time",
           "Stopped in time, with noisy labels, it does not lower the accuracy.",
           0.3, 0.0, "not lower", endings=("early-stopped",)),
    Claim(3, "dropout 0.5, what stopping leaves",
          "Stop both in time, and less is left than the lesson's 40 epochs showed.",
          left_by_stopping, "lower", ONCE),
    _claim("dropout 0.3, 20 % label noise, loss",
           "With noisy labels, dropout lowers the loss after the lesson's 40 epochs.",
           0.3, 0.0, "lower", "loss", ONCE),
    _claim("dropout 0.5, 20 % label noise, training",
           "Trained past the turn, dropout lowers the training accuracy: less is memorized.",
           0.5, 0.0, "lower", "train_acc", UNSTOPPED),
    Claim(3, "dropout 0.5, half of the units gone",
          "A network trained with dropout keeps a higher accuracy when half of its units are gone.",
          half_gone, "higher", ONCE),
    _claim("dropout 0.9", "Dropping nearly everything lowers the accuracy.", 0.9, 0.0, "lower"),
    Claim(3, "dropout 0.5, 8 units per layer",
          "In a narrow network much dropout lowers the accuracy.", narrow, "lower"),
    Claim(3, "dropout 0.5, 40 % label noise against 20 %",
          "After the lesson's 40 epochs, dropout adds the more the more labels are wrong.",
          by_noise, "higher", ONCE),
    _claim("dropout 0.3, clean labels, loss",
           "With clean labels, stopped in time, dropout lowers the loss ...",
           0.3, 0.0, "lower", "loss", ("early-stopped",), _clean),
    _claim("dropout 0.3, clean labels", "... and does not lower the accuracy.",
           0.3, 0.0, "not lower", "acc", ("early-stopped",), _clean),
    Claim(3, "p rising with depth", "p = 0.2, 0.3, 0.4 in three layers is no better than 0.3 each.",
          by_depth, "not higher"),
    _claim("mistake: divided by p",
           "Trained past the turn, dividing by p does not show in a comparison with no dropout.",
           (DividedByP, 0.3), 0.0, "not lower", endings=UNSTOPPED),
    _claim("mistake: scaled in evaluation as well",
           "Trained past the turn, scaling in evaluation as well still beats no dropout.",
           (ScaledAlways, 0.3), 0.0, "higher", endings=UNSTOPPED),
    _claim("mistake: scaled in evaluation, against right",
           "After the lesson's 40 epochs it is no less accurate than the right dropout.",
           (ScaledAlways, 0.3), 0.3, "not lower", endings=ONCE),
    _claim("mistake: frozen mask",
           "Trained past the turn, a mask that is the same in every step still beats none.",
           (Frozen, 0.5), 0.0, "higher", endings=UNSTOPPED),
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
    Claim(3, "spread with p = 0.5 against 0.3", "The spread grows with p.",
          lambda data, ending: spread_by_p(data), "higher", ONCE),
]  # fmt: skip
