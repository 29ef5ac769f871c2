"""Lesson 04: what batch norm gives to training and to new data, at each contestant's own best rate.

Batch norm changes how fast a network learns, so contestants are compared at their own best learning
rates, chosen on one half of the validation set and scored on the other. The plain network has two
forms: as PyTorch initializes it, and *prepared*: He initialization and standardized inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import nn

from claims.claim import Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.regularizers import BatchNorm1d

NOISE = 0.2
ADAM_RATES, SGD_RATES = (2e-3, 8e-3, 3e-2), (0.03, 3.0)
Names = tuple[str, ...]
PLAIN, PREPARED, BATCH, LAYER = "plain", "prepared", "batch norm", "layer norm"
LAYERS = {BATCH: BatchNorm1d, LAYER: nn.LayerNorm}


def prepare(model: nn.Module) -> None:
    """He initialization: each layer keeps the spread of what it is given (He et al. 2015)."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


def standardized(data: Dataset) -> Dataset:
    """Inputs with mean 0 and standard deviation 1 over all pixels of the training images."""
    mean, std = data.x_train.mean(), data.x_train.std()
    return replace(data, x_train=(data.x_train - mean) / std, x_val=(data.x_val - mean) / std)


def _compare(
    data: Dataset,
    contestants: Sequence[str],
    rates: Sequence[float],
    noise: float = 0.0,
    epochs: int = 40,
    optimizer: Any = torch.optim.Adam,
    width: int = 64,
) -> Comparison:
    """Networks like the lesson's, each contestant at each rate."""

    def build(value: tuple[str, float]) -> Run:
        name, rate = value
        model = MLP(data.input_shape, (width, width), data.num_outputs, norm_layer=LAYERS.get(name))
        if name == PREPARED:
            prepare(model)
        return Run(model, optimizer(model.parameters(), lr=rate))

    def for_run(value: tuple[str, float], seed: int) -> Dataset:
        return own[value[0] == PREPARED].with_label_noise(noise, seed)

    own = {False: data, True: standardized(data)}
    return compare(
        build,
        for_run,
        values=[(name, rate) for name in contestants for rate in rates],
        epochs=epochs,
        batch_size=100,
    )


@cache
def _tuned_clean(data: Dataset) -> Comparison:
    return _compare(data, (PLAIN, PREPARED, BATCH, LAYER), ADAM_RATES)


@cache
def _tuned_noisy(data: Dataset) -> Comparison:
    return _compare(data, (PLAIN, PREPARED, BATCH), ADAM_RATES, NOISE)


@cache
def _tuned_sgd(data: Dataset) -> Comparison:
    """The panel's small networks, a few epochs of SGD."""
    return _compare(data, (PLAIN, BATCH), SGD_RATES, epochs=15, optimizer=torch.optim.SGD, width=32)


def _at_own_rates(compared: Comparison, names: Names, ending: Ending, score: str = "acc") -> Any:
    """The best rate of a contestant, or the best of several contestants at all of their rates."""
    return compared.tuned([v for v in compared.values if v[0] in names], ending, score)


def at_rate(data: Dataset, ending: Ending, rate: float, against: float) -> Difference:
    """Accuracy with batch norm at one learning rate of SGD, minus that of the plain network at
    another; a run that diverged has nothing right."""
    with_it, without = (
        np.nan_to_num(_tuned_sgd(data).scores(value, ending))
        for value in ((BATCH, rate), (PLAIN, against))
    )
    return paired_difference(with_it, without)


def _tuned_claim(
    technique: str,
    sentence: str,
    compared: Any,
    names: Names,
    over: Names,
    expect: Expectation,
    score: str = "acc",
    endings: tuple[Ending, ...] = ENDINGS,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        found = (_at_own_rates(compared(data), one, ending, score) for one in (names, over))
        return paired_difference(*found)

    return Claim(4, technique, sentence, measure, expect, endings)


CLAIMS = [
    _tuned_claim("batch norm, clean labels",
                 "With clean labels, each at its own best rate, batch norm does not lower the "
                 "accuracy of a network with PyTorch's initialization ...",
                 _tuned_clean, (BATCH,), (PLAIN,), "not lower"),
    _tuned_claim("batch norm against a prepared network",
                 "... nor that of one with He initialization and standardized inputs.",
                 _tuned_clean, (BATCH,), (PREPARED,), "not lower"),
    _tuned_claim("batch norm against layer norm",
                 "Batch norm is no less accurate than layer norm.",
                 _tuned_clean, (BATCH,), (LAYER,), "not lower"),
    _tuned_claim("batch norm, 20% label noise",
                 "With noisy labels, each at its own best rate and stopped in time, batch norm "
                 "does not raise the accuracy.",
                 _tuned_noisy, (BATCH,), (PLAIN,), "not higher", endings=("early-stopped",)),
    _tuned_claim("batch norm, 20% label noise, against the better of both",
                 "Nor does it over the better of the plain and the prepared network.",
                 _tuned_noisy, (BATCH,), (PLAIN, PREPARED), "not higher",
                 endings=("early-stopped",)),
    Claim(4, "batch norm, learning rate 0.03",
          "At a small learning rate of SGD, batch norm raises the accuracy.",
          partial(at_rate, rate=0.03, against=0.03), "higher"),
    Claim(4, "batch norm, learning rate 3",
          "At a learning rate that breaks the network without, batch norm raises the accuracy.",
          partial(at_rate, rate=3.0, against=3.0), "higher"),
]  # fmt: skip
