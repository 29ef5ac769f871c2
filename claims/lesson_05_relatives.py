"""Lesson 05: which digits flips mix up, and the relatives of augmentation that bend the label."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from claims.claim import ONCE, Claim, Expectation
from claims.lesson_05 import BATCH, EPOCHS, LR, NOISE, compared_at, noisy
from course_utils.comparison import Comparison, Ending
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.flips import FLIPS, confusions, train_flips
from course_utils.fleet import Fleet
from course_utils.models import MLP
from course_utils.training import evaluate, shuffled_batches


@cache
def _smoothed(data: Dataset) -> Comparison:
    return compared_at(data, (0.0,), NOISE, partial(F.cross_entropy, label_smoothing=0.1))


@cache
def _flipped(data: Dataset) -> Fleet:
    *_, fleet = train_flips(data)
    return fleet


def smoothing(data: Dataset, ending: Ending) -> Difference:
    """Accuracy with label smoothing of 0.1, minus that without."""
    return paired_difference(_smoothed(data).scores(0.0, ending), noisy(data).scores(0.0, ending))


def mixed_up(data: Dataset, ending: Ending, kind: str, pair: tuple[int, int]) -> Difference:
    """How often one of `pair` is read as the other with flips in training, minus without."""
    fleet = _flipped(data)
    a, b = pair

    def shares(index: int) -> NDArray[np.float64]:
        trained = confusions(fleet, data, index).trained
        return (trained[:, a, b] + trained[:, b, a]) / 2

    return paired_difference(shares(list(FLIPS).index(kind)), shares(0))


def mixup(data: Dataset, ending: Ending, alpha: float = 0.4) -> Difference:
    """Accuracy with mixup after the budget, minus that without."""
    scores = [_mixup_run(data.with_label_noise(NOISE, s), s, alpha) for s in noisy(data).seeds]
    return paired_difference(scores, noisy(data).scores(0.0, ending))


def _mixup_run(data: Dataset, seed: int, alpha: float) -> float:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MLP(data.input_shape, (64, 64), data.num_outputs)
        adam = torch.optim.Adam(model.parameters(), lr=LR)
        beta = torch.distributions.Beta(alpha, alpha)
        batches = shuffled_batches(data.n_train, BATCH, seed)
        for _ in range(EPOCHS):
            for batch in next(batches):
                x, y = data.x_train[batch], data.y_train[batch]
                share, other = beta.sample(), torch.randperm(len(x))
                logits = model(share * x + (1 - share) * x[other])
                losses = F.cross_entropy(logits, y), F.cross_entropy(logits, y[other])
                loss = share * losses[0] + (1 - share) * losses[1]
                adam.zero_grad()
                loss.backward()
                adam.step()
    return evaluate(model, data.x_val, data.y_val).acc


#: For each flip, two digits, and whether it mixes them up.
PAIRS: tuple[tuple[str, tuple[int, int], str, Expectation], ...] = (
    ("horizontal", (2, 5), "mix", "higher"),
    ("horizontal", (6, 9), "do not mix", "not higher"),
    ("vertical", (2, 5), "mix", "higher"),
    ("both", (6, 9), "mix", "higher"),
)


CLAIMS = [
    *(
        Claim(5, f"flips, {kind}: {pair[0]} and {pair[1]}",
              f"After the panel's 30 epochs, {kind} flips {does} {pair[0]} and {pair[1]} up more "
              "often.", partial(mixed_up, kind=kind, pair=pair), expect, ONCE)
        for kind, pair, does, expect in PAIRS
    ),
    Claim(5, "mixup; 20 % label noise",
          "With noisy labels, mixup does not lower the accuracy after 30 epochs.",
          mixup, "not lower", ONCE),
    Claim(5, "mixup; 20 % label noise, on MNIST",
          "On MNIST eight seeds see no gain from mixup.", mixup, "not higher", ONCE, ("mnist",)),
    Claim(5, "label smoothing; 20 % label noise",
          "With noisy labels, label smoothing does not lower the accuracy.",
          smoothing, "not lower"),
]  # fmt: skip
