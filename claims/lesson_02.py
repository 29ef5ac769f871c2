"""Lesson 02: what a price on weights buys, where stopping in time buys the same, and zeros.

Most claims read the same networks, which are trained once for each data set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from claims.claim import ONCE, UNSTOPPED, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.panels.penalties import ProximalSGD
from course_utils.regularizers import l1_penalty, l2_penalty, penalized_weights
from course_utils.training import evaluate

LAMBDA = 3e-3
NEAR = 0.01
SPARSE = "soft threshold"
Penalty = Callable[[nn.Module], Tensor]


def l2(model: nn.Module) -> Tensor:
    """The lesson's L2."""
    return LAMBDA * l2_penalty(model)


def l1(model: nn.Module) -> Tensor:
    """The lesson's L1."""
    return LAMBDA * l1_penalty(model)


def biases_too(model: nn.Module) -> Tensor:
    """L2 on everything that is trained."""
    return LAMBDA * torch.stack([p.square().sum() for p in model.parameters()]).sum()


def by_layer(model: nn.Module) -> Tensor:
    """L2 on the first layer, L1 on the second."""
    first, second = (w for _, w in penalized_weights(model))
    return LAMBDA * (first.square().sum() + second.abs().sum())


def no_strength(model: nn.Module) -> Tensor:
    """An elastic net whose λ is 1, because nobody wrote one."""
    return 0.4 * l1_penalty(model) + 0.6 * l2_penalty(model)


def _weights(model: nn.Module) -> Tensor:
    return torch.cat([w.flatten() for _, w in penalized_weights(model)])


def repeats(model: nn.Module, data: Dataset) -> float:
    """The share of the wrong training labels that the network repeats."""
    return evaluate(model, data.x_train[data.noisy], data.y_train[data.noisy]).acc


SIZES = {
    "size": lambda model, _: _weights(model).abs().mean().item(),
    "near": lambda model, _: (_weights(model).abs() < NEAR).float().mean().item(),
    "zeros": lambda model, _: (_weights(model) == 0).float().mean().item(),
}


def _compare(data: Dataset, values: list[Any], noise: float) -> Comparison:
    """The lesson's networks: one hidden layer, SGD with momentum, eight seeds, each with its own
    draw of the wrong labels."""

    def build(value: Any) -> Run:
        model = MLP(data.input_shape, (64,), data.num_outputs)
        if value is SPARSE:
            return Run(model, ProximalSGD(model, lr=0.1, l1_lambda=LAMBDA, momentum=0.9))
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Run(model, sgd, penalty=value)

    return compare(
        build,
        lambda _, seed: data.with_label_noise(noise, seed),
        values=values,
        epochs=80,
        batch_size=100,
        measure=SIZES | ({"repeats": repeats} if noise else {}),
    )


@cache
def _noisy(data: Dataset) -> Comparison:
    return _compare(data, [None, l2, l1, SPARSE, biases_too, by_layer, no_strength], 0.2)


@cache
def _clean(data: Dataset) -> Comparison:
    return _compare(data, [None, l2], 0.0)


def _climb(data: Dataset, penalty: Penalty | None, ending: Ending) -> Any:
    """Validation loss at the end, minus that where its mean is lowest."""
    compared = _noisy(data)
    curves = compared.curves["loss"][compared.values.index(penalty)].mean(-1)
    end = compared.scores(penalty, ending, "loss")
    return end - curves[:, np.nanargmin(curves.mean(0))]


def climb(data: Dataset, ending: Ending) -> Difference:
    """How far the validation loss climbs without a penalty, minus nothing."""
    climbed = _climb(data, None, ending)
    return paired_difference(climbed, 0 * climbed)


def climb_with_l2(data: Dataset, ending: Ending) -> Difference:
    """How far the validation loss climbs with L2, minus how far without."""
    return paired_difference(_climb(data, l2, ending), _climb(data, None, ending))


def half_of_the_gain(data: Dataset, ending: Ending) -> Difference:
    """L2's gain in accuracy with both early-stopped, minus half of the gain with neither."""
    compared = _noisy(data)
    left, gained = (
        compared.scores(l2, end) - compared.scores(None, end) for end in ("early-stopped", ending)
    )
    return paired_difference(left, gained / 2)


def gain_by_noise(data: Dataset, ending: Ending) -> Difference:
    """What L2 adds to the accuracy with clean labels, minus what it adds with noisy ones."""
    clean, noisy = (
        found.scores(l2, ending) - found.scores(None, ending)
        for found in (_clean(data), _noisy(data))
    )
    return paired_difference(clean, noisy)


def growth(data: Dataset, ending: Ending) -> Difference:
    """Mean size of a weight at the end, minus that before training; clean labels, no penalty."""
    before = _clean(data).curves["size"][0, :, 0, 0]
    return paired_difference(_clean(data).scores(None, ending, "size"), before)


def growth_by_noise(data: Dataset, ending: Ending) -> Difference:
    """Mean size of a weight at the end with noisy labels, minus that with clean ones."""
    noisy, clean = (found.scores(None, ending, "size") for found in (_noisy(data), _clean(data)))
    return paired_difference(noisy, clean)


def zeros(data: Dataset, ending: Ending, value: Any) -> Difference:
    """The share of weights that are exactly zero, minus one half."""
    share = _noisy(data).scores(value, ending, "zeros")
    return paired_difference(share, 0 * share + 0.5)


def _claim(
    technique: str,
    sentence: str,
    value: Any,
    over: Any,
    expect: Expectation,
    score: str = "acc",
    endings: tuple[Ending, ...] = ENDINGS,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return _noisy(data).gain(value, over, ending, score)

    return Claim(2, technique, sentence, measure, expect, endings)


CLAIMS = [
    Claim(2, "no penalty, loss", "Without a penalty the validation loss turns and rises.",
          climb, "higher", UNSTOPPED),
    Claim(2, "L2, loss", "With L2 it climbs far less.", climb_with_l2, "lower", UNSTOPPED),
    _claim("L2, 20% label noise",
           "Trained past the turn, with noisy labels, L2 raises the validation accuracy.",
           l2, None, "higher", endings=UNSTOPPED),
    Claim(2, "L2, what stopping leaves",
          "Stop both in time, and less than half of the gain of a long training is left.",
          half_of_the_gain, "lower", ("long",)),
    _claim("L2 against early stopping, loss",
           "With both stopped in time, L2 does not lower the loss.",
           l2, None, "not lower", "loss", ("early-stopped",)),
    _claim("L2, 20% label noise, training",
           "After the lesson's 80 epochs, L2 has lowered the training accuracy.",
           l2, None, "lower", "train_acc", ONCE),
    _claim("L2, wrong labels",
           "After the lesson's 80 epochs, fewer of the wrong labels are repeated with L2.",
           l2, None, "lower", "repeats", ONCE),
    Claim(2, "L2, clean labels against noisy",
          "Trained past the turn, L2 buys less with clean labels.",
          gain_by_noise, "lower", UNSTOPPED),
    Claim(2, "no penalty, clean labels, weights", "Weights grow with clean labels as well ...",
          growth, "higher"),
    Claim(2, "no penalty, weights by label noise",
          "... and, trained past the turn, more with wrong ones.",
          growth_by_noise, "higher", UNSTOPPED),
    _claim("L2, size of weights", "L2 makes weights smaller.", l2, None, "lower", "size"),
    _claim("L1 against L2", "L1 is no more accurate than L2 ...", l1, l2, "not higher"),
    _claim("L1 by soft threshold against L2", "... in either form.", SPARSE, l2, "not higher"),
    _claim("L1 against L2, small weights", "L1 presses more weights against zero than L2.",
           l1, l2, "higher", "near"),
    Claim(2, "L1 in the loss, zeros", "L1 in the loss does not make most weights exactly zero.",
          lambda data, ending: zeros(data, ending, l1), "lower"),
    Claim(2, "L1 by soft threshold, zeros", "The soft threshold does.",
          lambda data, ending: zeros(data, ending, SPARSE), "higher"),
    _claim("biases pay too", "Penalizing biases as well buys nothing.",
           biases_too, l2, "not higher"),
    _claim("L1 on the output layer", "A price of its own for each layer is no better than L2.",
           by_layer, l2, "not higher"),
    _claim("mistake: no overall strength", "Without a strength the penalty drowns the loss.",
           no_strength, None, "lower", "train_acc"),
]  # fmt: skip
