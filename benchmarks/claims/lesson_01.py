"""Lesson 01: what label noise, more data and more width do to a network without regularizers.

Most claims read the same networks, which are trained once for each data set.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from benchmarks.claims.claim import Claim
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels.overfitting.random_features import ridge_on_random_features
from course_utils.training import evaluate

NOISES = (0.0, 0.2, 0.6, 1.0)
FEW, MANY = 50, 400


def _run(data: Dataset, width: int) -> Run:
    model = MLP(data.input_shape, (width, width), data.num_classes or 1)
    return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))


def _train(data: Dataset, noises: tuple[float, ...], epochs: int) -> Fleet:
    return train_fleet(
        lambda _: _run(data, 64),
        lambda noise, seed: data.with_label_noise(noise, seed),
        values=noises,
        epochs=epochs,
        progress=False,
    )


@cache
def _noisy(data: Dataset) -> Fleet:
    """The panel *memorize*, on 300 samples as in the lesson."""
    return _train(data.subset(300), NOISES, 80)


@cache
def _sizes(data: Dataset, width: int) -> Fleet:
    """The panel *data and width* with 20 % label noise."""
    return train_fleet(
        lambda _: _run(data, width),
        lambda size, seed: data.subset(size, seed).with_label_noise(0.2, seed),
        values=(FEW, MANY),
        epochs=40,
        progress=False,
    )


def _gap(fleet: Fleet, i: int) -> Any:
    return (fleet.val_loss - fleet.train_loss)[i, :, -1]


def after_the_turn(data: Dataset, noise: float, score: str) -> Difference:
    """The score after the last epoch, minus that where the mean validation loss is lowest."""
    fleet = _noisy(data)
    i = NOISES.index(noise)
    turn = int(fleet.val_loss[i].mean(0).argmin())
    scores = getattr(fleet, score)[i]
    return paired_difference(scores[:, -1], scores[:, turn])


def _share(fleet: Fleet, i: int, data: Dataset, *, of_truth: bool) -> list[float]:
    """On training images with a wrong label: how often each seed's network says the truth, or the
    label."""
    shares = []
    for seed in fleet.seeds:
        noisy = data.with_label_noise(0.2, seed)
        said = noisy.y_clean if of_truth else noisy.y_train
        wrong = noisy.noisy
        shares.append(evaluate(fleet.model(i, seed), noisy.x_train[wrong], said[wrong]).acc)
    return shares


def truth_at_the_turn(data: Dataset) -> Difference:
    """How often wrongly labeled images are called by their true name at the turn, minus at the
    end."""
    late, i, part = _noisy(data), NOISES.index(0.2), data.subset(300)
    early = _train(part, (0.2,), int(late.val_loss[i].mean(0).argmin()))
    return paired_difference(
        _share(early, 0, part, of_truth=True), _share(late, i, part, of_truth=True)
    )


def label_at_the_end(data: Dataset) -> Difference:
    """At the end: how often such images get their wrong label, minus 90 %."""
    learned = _share(_noisy(data), NOISES.index(0.2), data.subset(300), of_truth=False)
    return paired_difference(learned, [0.9] * len(learned))


def by_noise(data: Dataset, noise: float, score: str) -> Difference:
    """The score at the end with `noise`, minus that with clean labels."""
    scores = getattr(_noisy(data), score)[:, :, -1]
    return paired_difference(scores[NOISES.index(noise)], scores[0])


def memorized(data: Dataset) -> Difference:
    """Training accuracy on labels that are all chance, minus 95 %."""
    final = _noisy(data).train_acc[NOISES.index(1.0), :, -1]
    return paired_difference(final, 0 * final + 0.95)


def gap_by_noise(data: Dataset) -> Difference:
    """The generalization gap with 20 % noise, minus that with clean labels."""
    fleet = _noisy(data)
    return paired_difference(_gap(fleet, NOISES.index(0.2)), _gap(fleet, 0))


def by_size(data: Dataset, width: int) -> Difference:
    """Validation accuracy with many samples, minus that with few."""
    few, many = _sizes(data, width).val_acc[:, :, -1]
    return paired_difference(many, few)


def gap_by_size(data: Dataset) -> Difference:
    """The generalization gap with many samples, minus that with few."""
    fleet = _sizes(data, 64)
    return paired_difference(_gap(fleet, 1), _gap(fleet, 0))


def narrow(data: Dataset, score: str) -> Difference:
    """The score of width 4 with few samples, minus that of width 64."""
    narrow, wide = (getattr(_sizes(data, width), score)[0, :, -1] for width in (4, 64))
    return paired_difference(narrow, wide)


def narrow_gap(data: Dataset) -> Difference:
    """The gap of width 4 with few samples, minus that of width 64."""
    return paired_difference(_gap(_sizes(data, 4), 0), _gap(_sizes(data, 64), 0))


@cache
def _ridges(data: Dataset) -> Any:
    steps = ridge_on_random_features(data, 100, 0.2, lambdas=(0.0, 1e-3), seeds=8)
    *_, found = steps
    return found


def features(data: Dataset, ratio: float, before: float) -> Difference:
    """Validation accuracy with `ratio` features for each sample, minus that with `before`."""
    found = _ridges(data)
    return paired_difference(found.accuracy(0.0, ratio), found.accuracy(0.0, before))


def ridge_at_the_peak(data: Dataset) -> Difference:
    """Validation accuracy at the peak with λ = 0.001, minus that with λ = 0."""
    found = _ridges(data)
    return paired_difference(found.accuracy(1e-3, 1.0), found.accuracy(0.0, 1.0))


CLAIMS = [
    Claim(
        1,
        "training on, 20 % label noise, loss",
        "After the turn the validation loss rises.",
        lambda data: after_the_turn(data, 0.2, "val_loss"),
        "higher",
    ),
    Claim(
        1,
        "training on, 20 % label noise, training loss",
        "After the turn the training loss goes on falling.",
        lambda data: after_the_turn(data, 0.2, "train_loss"),
        "lower",
    ),
    Claim(
        1,
        "training on, 20 % label noise",
        "With noisy labels the validation accuracy falls after the turn.",
        lambda data: after_the_turn(data, 0.2, "val_acc"),
        "lower",
    ),
    Claim(
        1,
        "training on, clean labels",
        "With clean labels the validation accuracy does not fall after the turn.",
        lambda data: after_the_turn(data, 0.0, "val_acc"),
        "not lower",
    ),
    Claim(
        1,
        "training on, clean labels, loss",
        "With clean labels the validation loss rises after the turn all the same.",
        lambda data: after_the_turn(data, 0.0, "val_loss"),
        "higher",
    ),
    Claim(
        1,
        "wrong labels, turn against end",
        "At the turn the truth about wrongly labeled images is known better than at the end.",
        truth_at_the_turn,
        "higher",
    ),
    Claim(
        1,
        "wrong labels, at the end",
        "At the end the wrong labels are known by heart.",
        label_at_the_end,
        "higher",
    ),
    Claim(
        1,
        "random labels, training",
        "Labels that are all chance are learned by heart: more than 95 % of them.",
        memorized,
        "higher",
    ),
    Claim(
        1,
        "20 % label noise",
        "Label noise lowers the validation accuracy at the end.",
        lambda data: by_noise(data, 0.2, "val_acc"),
        "lower",
    ),
    Claim(
        1,
        "20 % label noise, gap",
        "Label noise widens the generalization gap.",
        gap_by_noise,
        "higher",
    ),
    Claim(
        1,
        "more data",
        "More training samples raise the validation accuracy.",
        lambda data: by_size(data, 64),
        "higher",
    ),
    Claim(
        1,
        "more data, gap",
        "More training samples shrink the generalization gap.",
        gap_by_size,
        "lower",
    ),
    Claim(
        1,
        "width 4 against 64, gap",
        "A narrow network has a smaller gap ...",
        narrow_gap,
        "lower",
    ),
    Claim(
        1,
        "width 4 against 64",
        "... and a lower validation accuracy.",
        lambda data: narrow(data, "val_acc"),
        "lower",
    ),
    Claim(
        1,
        "as many features as samples",
        "Where features equal samples, least squares is worse than with 0.4 of them.",
        lambda data: features(data, 1.0, 0.4),
        "lower",
    ),
    Claim(
        1,
        "ten features for each sample",
        "With ten features for each sample it is better again than with 0.4.",
        lambda data: features(data, 10.0, 0.4),
        "higher",
    ),
    Claim(
        1,
        "λ = 0.001 at the peak",
        "A little λ raises the accuracy at the peak.",
        ridge_at_the_peak,
        "higher",
    ),
]
