"""Lesson 02: what a price on weights buys, where it only costs, and what makes zeros.

Most claims read the same networks, which are trained once for each data set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.claims.claim import Claim
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels.penalties import ProximalSGD
from course_utils.regularizers import l1_penalty, l2_penalty, penalized_weights
from course_utils.training import evaluate

LAMBDA = 3e-3
NEAR = 0.01
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


@cache
def _fleet(
    data: Dataset, penalty: Penalty | None, noise: float = 0.2, sparse: bool = False
) -> Fleet:
    """The lesson's networks: one hidden layer, SGD with momentum, eight seeds, the same images."""

    def build(_: None) -> Run:
        model = MLP(data.input_shape, (64,), data.num_classes or 1)
        if sparse:
            return Run(model, ProximalSGD(model, lr=0.1, l1_lambda=LAMBDA, momentum=0.9))
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Run(model, sgd, penalty=penalty)

    return train_fleet(
        build,
        data.with_label_noise(noise),
        values=[None],
        epochs=80,
        batch_size=100,
        progress=False,
    )


def against_none(
    data: Dataset, penalty: Penalty, noise: float = 0.2, score: str = "val_acc"
) -> Difference:
    """The score with a penalty, minus that without."""
    with_it, without = _fleet(data, penalty, noise), _fleet(data, None, noise)
    return paired_difference(getattr(with_it, score)[0, :, -1], getattr(without, score)[0, :, -1])


def against_l2(data: Dataset, penalty: Penalty) -> Difference:
    """Validation accuracy with another penalty, minus that with L2."""
    other, ridge = _fleet(data, penalty), _fleet(data, l2)
    return paired_difference(other.val_acc[0, :, -1], ridge.val_acc[0, :, -1])


def _climb(data: Dataset, penalty: Penalty | None) -> np.ndarray:
    """Validation loss after the last epoch, minus that where its mean is lowest."""
    loss = _fleet(data, penalty).val_loss[0]
    return loss[:, -1] - loss[:, loss.mean(0).argmin()]


def climb(data: Dataset) -> Difference:
    """How far the validation loss climbs without a penalty, minus nothing."""
    climbed = _climb(data, None)
    return paired_difference(climbed, 0 * climbed)


def climb_with_l2(data: Dataset) -> Difference:
    """How far the validation loss climbs with L2, minus how far without."""
    return paired_difference(_climb(data, l2), _climb(data, None))


def gain_by_noise(data: Dataset) -> Difference:
    """What L2 adds to the accuracy with clean labels, minus what it adds with noisy ones."""
    gains = [
        (_fleet(data, l2, noise).val_acc - _fleet(data, None, noise).val_acc)[0, :, -1]
        for noise in (0.0, 0.2)
    ]
    return paired_difference(*gains)


def repeated(data: Dataset) -> Difference:
    """The share of wrong training labels that the network repeats, with L2 minus without."""
    noisy = data.with_label_noise(0.2)
    x, y = noisy.x_train[noisy.noisy], noisy.y_train[noisy.noisy]
    shares = [
        [evaluate(fleet.model(0, seed), x, y).acc for seed in fleet.seeds]
        for fleet in (_fleet(data, l2), _fleet(data, None))
    ]
    return paired_difference(*shares)


def _of_weights(fleet: Fleet, share: Callable[[Tensor], Tensor]) -> np.ndarray:
    """A mean over all penalized weights, for each seed."""
    models = (fleet.model(0, seed) for seed in fleet.seeds)
    joined = (torch.cat([w.detach().flatten() for _, w in penalized_weights(m)]) for m in models)
    return np.array([float(share(w).float().mean()) for w in joined])


def near_zero(data: Dataset) -> Difference:
    """The share of weights below 0.01 with L1, minus that with L2."""
    shares = [_of_weights(_fleet(data, p), lambda w: w.abs() < NEAR) for p in (l1, l2)]
    return paired_difference(*shares)


def exact_zeros(data: Dataset, *, sparse: bool) -> Difference:
    """The share of weights that are exactly zero with L1, minus one half."""
    fleet = _fleet(data, None, sparse=True) if sparse else _fleet(data, l1)
    share = _of_weights(fleet, lambda w: w == 0)
    return paired_difference(share, 0 * share + 0.5)


def size(data: Dataset) -> Difference:
    """Mean size of a weight with L2, minus that without."""
    sizes = [_of_weights(_fleet(data, p), torch.abs) for p in (l2, None)]
    return paired_difference(*sizes)


def threshold_against_l2(data: Dataset) -> Difference:
    """Validation accuracy of L1 by soft threshold, minus that of L2."""
    sparse, ridge = _fleet(data, None, sparse=True), _fleet(data, l2)
    return paired_difference(sparse.val_acc[0, :, -1], ridge.val_acc[0, :, -1])


CLAIMS = [
    Claim(2, "no penalty, loss", "Without a penalty the validation loss turns and rises.",
          climb, "higher"),
    Claim(2, "L2, loss", "With L2 it climbs far less.", climb_with_l2, "lower"),
    Claim(2, "L2, 20 % label noise", "With noisy labels, L2 raises the validation accuracy.",
          partial(against_none, penalty=l2), "higher"),
    Claim(2, "L2, 20 % label noise, training", "L2 lowers the training accuracy.",
          partial(against_none, penalty=l2, score="train_acc"), "lower"),
    Claim(2, "L2, wrong labels", "With L2 fewer of the wrong labels are repeated.",
          repeated, "lower"),
    Claim(2, "L2, clean labels against noisy", "With clean labels L2 buys less.",
          gain_by_noise, "lower"),
    Claim(2, "L2, size of weights", "L2 makes weights smaller.", size, "lower"),
    Claim(2, "L1 against L2", "L1 is no more accurate than L2 ...",
          partial(against_l2, penalty=l1), "not higher"),
    Claim(2, "L1 by soft threshold against L2", "... in either form.",
          threshold_against_l2, "not higher"),
    Claim(2, "L1 against L2, small weights", "L1 presses more weights against zero than L2.",
          near_zero, "higher"),
    Claim(2, "L1 in the loss, zeros", "L1 in the loss does not make most weights exactly zero.",
          partial(exact_zeros, sparse=False), "lower"),
    Claim(2, "L1 by soft threshold, zeros", "The soft threshold does.",
          partial(exact_zeros, sparse=True), "higher"),
    Claim(2, "biases pay too", "Penalizing biases as well buys nothing.",
          partial(against_l2, penalty=biases_too), "not higher"),
    Claim(2, "L1 on the output layer", "A price of its own for each layer is no better than L2.",
          partial(against_l2, penalty=by_layer), "not higher"),
    Claim(2, "mistake: no overall strength", "Without a strength the penalty drowns the loss.",
          partial(against_none, penalty=no_strength, score="train_acc"), "lower"),
]  # fmt: skip
