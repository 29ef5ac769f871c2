"""Lesson 03: what dropout gives and costs, and which mistakes accuracy forgives.

The claims read the same networks, which are trained once for each data set. What is asked of a
finished network stands in `lesson_03_passes`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from claims.claim import ONCE, UNSTOPPED, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.regularizers import Dropout

NOISE = 0.2
PS = (0.0, 0.3, 0.5, 0.9)
BATCH = 100


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


def _noisy(data: Dataset) -> Comparison:
    return _compared(data, NOISE, (*PS, *MISTAKES))


def _clean(data: Dataset) -> Comparison:
    return _compared(data, 0.0, (0.0, 0.3))


def narrow(data: Dataset, ending: Ending) -> Difference:
    """Validation accuracy of 8 units per layer with p = 0.5, minus that without dropout."""
    return _compared(data, NOISE, (0.0, 0.5), (8, 8)).gain(0.5, 0.0, ending)


def by_noise(data: Dataset, ending: Ending) -> Difference:
    """What p = 0.5 adds to the validation accuracy at 40% label noise, minus that at 20%."""
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
    _claim("dropout 0.5, 20% label noise",
           "Trained past the turn, with noisy labels, dropout raises the accuracy.",
           0.5, 0.0, "higher", endings=UNSTOPPED),
    _claim("dropout 0.3, stopped in time",
           "Stopped in time, with noisy labels, it does not lower the accuracy.",
           0.3, 0.0, "not lower", endings=("early-stopped",)),
    Claim(3, "dropout 0.5, what stopping leaves",
          "Stop both in time, and less is left than the lesson's 40 epochs showed.",
          left_by_stopping, "lower", ONCE),
    _claim("dropout 0.3, 20% label noise, loss",
           "With noisy labels, dropout lowers the loss after the lesson's 40 epochs.",
           0.3, 0.0, "lower", "loss", ONCE),
    _claim("dropout 0.5, 20% label noise, training",
           "Trained past the turn, dropout lowers the training accuracy: less is memorized.",
           0.5, 0.0, "lower", "train_acc", UNSTOPPED),
    _claim("dropout 0.9", "Dropping nearly everything lowers the accuracy.", 0.9, 0.0, "lower"),
    Claim(3, "dropout 0.5, 8 units per layer",
          "In a narrow network much dropout lowers the accuracy.", narrow, "lower"),
    Claim(3, "dropout 0.5, 40% label noise against 20%",
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
    _claim("mistake: divided by p, stopped in time",
           "Stopped in time on both sides, dividing by p lowers the accuracy.",
           (DividedByP, 0.3), 0.0, "lower", endings=("early-stopped",)),
    _claim("mistake: scaled in evaluation as well",
           "Trained past the turn, scaling in evaluation as well still beats no dropout.",
           (ScaledAlways, 0.3), 0.0, "higher", endings=UNSTOPPED),
    _claim("mistake: scaled in evaluation, against right",
           "After the lesson's 40 epochs it is no less accurate than the right dropout.",
           (ScaledAlways, 0.3), 0.3, "not lower", endings=ONCE),
    _claim("mistake: frozen mask",
           "Trained past the turn, a mask that is the same in every step still beats none.",
           (Frozen, 0.5), 0.0, "higher", endings=UNSTOPPED),
]  # fmt: skip
