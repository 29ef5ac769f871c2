"""Lesson 01: what label noise, more data and more width do to a network without regularizers.

Most claims read the same networks, which are trained once for each data set. Most are about what
happens to whoever trains on, so early stopping is no ending of theirs; least squares has none.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import torch

from claims.claim import ONCE, UNSTOPPED, Claim
from course_utils.comparison import Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.random_features import ridge_on_random_features
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.training import evaluate

NOISES = (0.0, 0.2, 1.0)
FEW, MANY = 50, 400
NARROW, WIDE = 4, 64
BUDGET = 80


def _truth(model: torch.nn.Module, data: Dataset) -> float:
    """On training images with a wrong label: how often the network says the truth."""
    wrong = data.noisy
    return evaluate(model, data.x_train[wrong], data.y_clean[wrong]).acc if wrong.any() else 0.0


def _label(model: torch.nn.Module, data: Dataset) -> float:
    """On the same images: how often it says the wrong label."""
    wrong = data.noisy
    return evaluate(model, data.x_train[wrong], data.y_train[wrong]).acc if wrong.any() else 0.0


def _run(data: Dataset, width: int) -> Run:
    model = MLP(data.input_shape, (width, width), data.num_outputs)
    return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))


@cache
def _noisy(data: Dataset) -> Comparison:
    """The panel *memorize*, on 300 samples as in the lesson."""
    part = data.subset(300)
    return compare(
        lambda _: _run(data, 64),
        lambda noise, seed: part.with_label_noise(noise, seed),
        values=NOISES,
        epochs=BUDGET,
        measure={"truth": _truth, "label": _label},
    )


@cache
def _sizes(data: Dataset) -> Comparison:
    """The panel *data and width* with 20% label noise: (samples, width)."""
    return compare(
        lambda value: _run(data, value[1]),
        lambda value, seed: data.subset(value[0], seed).with_label_noise(0.2, seed),
        values=[(FEW, WIDE), (MANY, WIDE), (FEW, NARROW)],
        epochs=40,
    )


def _gap(compared: Comparison, value: Any, ending: Ending) -> Any:
    return compared.scores(value, ending, "loss") - compared.scores(value, ending, "train_loss")


def after_the_turn(data: Dataset, ending: Ending, noise: float, score: str) -> Difference:
    """The score at the end, minus that where the mean validation loss is lowest."""
    compared = _noisy(data)
    i = NOISES.index(noise)
    turn = int(np.nanargmin(compared.curves["loss"][i].mean((0, -1))))
    at_the_turn = compared.curves[score][i, :, turn].mean(-1)
    return paired_difference(compared.scores(noise, ending, score), at_the_turn)


def _against(data: Dataset, ending: Ending, noise: float, score: str, share: float) -> Difference:
    found = _noisy(data).scores(noise, ending, score)
    return paired_difference(found, 0 * found + share)


def gap_by_noise(data: Dataset, ending: Ending) -> Difference:
    """The generalization gap with 20% noise, minus that with clean labels."""
    compared = _noisy(data)
    return paired_difference(_gap(compared, 0.2, ending), _gap(compared, 0.0, ending))


def gap_of_sizes(data: Dataset, ending: Ending, one: Any, other: Any) -> Difference:
    """The generalization gap at one size of data and network, minus that at another."""
    compared = _sizes(data)
    return paired_difference(_gap(compared, one, ending), _gap(compared, other, ending))


def accuracy_of_sizes(data: Dataset, ending: Ending, one: Any, other: Any) -> Difference:
    """Validation accuracy likewise."""
    return _sizes(data).gain(one, other, ending)


@cache
def _ridges(data: Dataset) -> Any:
    steps = ridge_on_random_features(data, 100, 0.2, lambdas=(0.0, 1e-3), seeds=8)
    *_, found = steps
    return found


def features(data: Dataset, ending: Ending, ratio: float, before: float) -> Difference:
    """Validation accuracy with `ratio` features for each sample, minus that with `before`."""
    found = _ridges(data)
    return paired_difference(found.accuracy(0.0, ratio), found.accuracy(0.0, before))


def ridge_at_the_peak(data: Dataset, ending: Ending) -> Difference:
    """Validation accuracy at the peak with λ = 0.001, minus that with λ = 0."""
    found = _ridges(data)
    return paired_difference(found.accuracy(1e-3, 1.0), found.accuracy(0.0, 1.0))


CLAIMS = [
    Claim(1, "training on, 20% label noise, loss",
          "After the turn the validation loss rises.",
          lambda data, ending: after_the_turn(data, ending, 0.2, "loss"), "higher", UNSTOPPED),
    Claim(1, "training on, 20% label noise, training loss",
          "After the turn the training loss goes on falling.",
          lambda data, ending: after_the_turn(data, ending, 0.2, "train_loss"), "lower", UNSTOPPED),
    Claim(1, "training on, 20% label noise",
          "With noisy labels the validation accuracy falls after the turn.",
          lambda data, ending: after_the_turn(data, ending, 0.2, "acc"), "lower", UNSTOPPED),
    Claim(1, "training on, clean labels",
          "With clean labels the validation accuracy does not fall after the turn.",
          lambda data, ending: after_the_turn(data, ending, 0.0, "acc"), "not lower", UNSTOPPED),
    Claim(1, "training on, clean labels, loss",
          "With clean labels the validation loss rises after the turn all the same.",
          lambda data, ending: after_the_turn(data, ending, 0.0, "loss"), "higher", UNSTOPPED),
    Claim(1, "wrong labels, turn against end",
          "At the turn the truth about wrongly labeled images is known better than at the end.",
          lambda data, ending: after_the_turn(data, ending, 0.2, "truth"), "lower", UNSTOPPED),
    Claim(1, "wrong labels, at the end", "At the end the wrong labels are known by heart.",
          lambda data, ending: _against(data, ending, 0.2, "label", 0.9), "higher", UNSTOPPED),
    Claim(1, "random labels, training",
          "At the end labels that are all chance are known by heart: more than 95% of them.",
          lambda data, ending: _against(data, ending, 1.0, "train_acc", 0.95), "higher", UNSTOPPED),
    Claim(1, "20% label noise", "Label noise lowers the validation accuracy.",
          lambda data, ending: _noisy(data).gain(0.2, 0.0, ending), "lower"),
    Claim(1, "20% label noise, gap", "At the end label noise has widened the gap.",
          gap_by_noise, "higher", UNSTOPPED),
    Claim(1, "more data", "More training samples raise the validation accuracy.",
          partial(accuracy_of_sizes, one=(MANY, WIDE), other=(FEW, WIDE)), "higher"),
    Claim(1, "more data, gap", "At the end more training samples have shrunk the gap.",
          partial(gap_of_sizes, one=(MANY, WIDE), other=(FEW, WIDE)), "lower", UNSTOPPED),
    Claim(1, "width 4 against 64, gap", "After 40 epochs a narrow network has a smaller gap ...",
          partial(gap_of_sizes, one=(FEW, NARROW), other=(FEW, WIDE)), "lower", ONCE),
    Claim(1, "width 4 against 64", "... and a lower validation accuracy.",
          partial(accuracy_of_sizes, one=(FEW, NARROW), other=(FEW, WIDE)), "lower"),
    Claim(1, "as many features as samples",
          "Where features equal samples, least squares is worse than with 0.4 of them.",
          partial(features, ratio=1.0, before=0.4), "lower", ONCE),
    Claim(1, "ten features for each sample",
          "With ten features for each sample it is better again than with 0.4.",
          partial(features, ratio=10.0, before=0.4), "higher", ONCE),
    Claim(1, "λ = 0.001 at the peak", "A little λ raises the accuracy at the peak.",
          ridge_at_the_peak, "higher", ONCE),
]  # fmt: skip
