"""Lesson 05: which digits flips mix up, and the relatives of augmentation that bend the label."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from claims.claim import ONCE, Claim, Expectation
from claims.lesson_05 import BATCH, EPOCHS, LR, NOISE, compared_at, noisy
from course_utils.comparison import Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.flips import FLIPS, confusions, train_flips
from course_utils.fleet import Fleet, Run
from course_utils.models import MLP

#: Of mixup's Beta distribution.
ALPHA = 0.4


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


class Mixup(nn.Module):
    """A model that gives log probabilities, and in training for mixtures of images.

    Row i of a batch is laid over row i - 1, and each image gets what its two mixtures say of it, in
    its shares of them, so that `F.nll_loss` is mixup's loss. With `alpha` 0 nothing is mixed.
    """

    shares: Tensor

    def __init__(self, model: nn.Module, alpha: float) -> None:
        super().__init__()
        self.model = model
        drawn = torch.distributions.Beta(alpha or 1.0, alpha or 1.0).sample(torch.Size([1000]))
        self.register_buffer("shares", drawn if alpha else torch.ones(1000))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return torch.log_softmax(self.model(x), 1)
        share = self.shares[torch.randint(1000, (1,))]
        mixed = torch.log_softmax(self.model(share * x + (1 - share) * x.roll(1, 0)), 1)
        return share * mixed + (1 - share) * mixed.roll(-1, 0)


@cache
def _mixed(data: Dataset) -> Comparison:
    """The lesson's networks with mixup and without, where 20% of the labels were drawn anew."""

    def build(alpha: float) -> Run:
        model = Mixup(MLP(data.input_shape, (64, 64), data.num_outputs), alpha)
        return Run(model, torch.optim.Adam(model.parameters(), lr=LR))

    return compare(
        build,
        lambda _, seed: data.with_label_noise(NOISE, seed),
        values=(0.0, ALPHA),
        epochs=EPOCHS,
        batch_size=BATCH,
        loss_fn=F.nll_loss,
    )


def mixup(data: Dataset, ending: Ending, score: str = "acc") -> Difference:
    """A score with mixup, minus that without."""
    return _mixed(data).gain(ALPHA, 0.0, ending, score)


def left_of_mixup(data: Dataset, ending: Ending) -> Difference:
    """Mixup's gain in accuracy with both early-stopped, minus its gain after a long training."""
    left, gained = (
        _mixed(data).scores(ALPHA, end) - _mixed(data).scores(0.0, end)
        for end in ("early-stopped", ending)
    )
    return paired_difference(left, gained)


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
    Claim(5, "mixup; 20% label noise",
          "On digits with noisy labels, mixup raises the accuracy, stopped in time only just ...",
          mixup, "higher", datasets=("digits",)),
    Claim(5, "mixup, what stopping leaves",
          "... where it gains less than after 120 epochs ...",
          left_of_mixup, "lower", ("long",), ("digits",)),
    Claim(5, "mixup; 20% label noise, loss", "... and does not lower the loss.",
          partial(mixup, score="loss"), "not lower", ("early-stopped",)),
    Claim(5, "mixup; 20% label noise, on MNIST",
          "On MNIST eight seeds see no gain in accuracy from mixup at any ending ...",
          mixup, "not higher", datasets=("mnist",)),
    Claim(5, "mixup; 20% label noise, 120 epochs, on MNIST",
          "... and after 120 epochs it costs accuracy there.",
          mixup, "lower", ("long",), ("mnist",)),
    Claim(5, "label smoothing; 20% label noise",
          "With noisy labels, label smoothing does not lower the accuracy.",
          smoothing, "not lower"),
]  # fmt: skip
