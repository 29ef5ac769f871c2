"""Lesson 06: when stopping early helps, what patience buys, and what a choice costs.

All claims read the same records: networks are trained once at each noise level, and every rule is
applied to what was recorded. What is reported was measured on samples that no rule watched.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.panels.early_stopping.recorded_runs import Record, Stops, record, stops
from course_utils.panels.early_stopping.watched_samples import Chosen, choose, draw_watched
from course_utils.regularizers import stopping_epoch

NOISE = 0.2
PATIENCE = 10
FEW, MANY = 20, 200  # samples watched


def _runs(data: Dataset, noise: float) -> Record:
    return record(data, (noise,), progress=False)


def _stopped(runs: Record, noise: float, patience: int = PATIENCE) -> Stops:
    return stops(stopping_epoch, runs.watched(noise)[0], patience)


def accuracy_over_last(data: Dataset, noise: float) -> Difference:
    """Fresh accuracy of the best weights given back, minus that after the last epoch."""
    runs = _runs(data, noise)
    _, accuracy = runs.fresh(noise)
    return paired_difference(_stopped(runs, noise).at(accuracy), accuracy[:, -1])


def loss_over_last(data: Dataset) -> Difference:
    """Fresh loss of the best weights given back, minus that after the last epoch."""
    runs = _runs(data, NOISE)
    loss, _ = runs.fresh(NOISE)
    return paired_difference(_stopped(runs, NOISE).at(loss), loss[:, -1])


def impatience(data: Dataset) -> Difference:
    """Fresh loss with patience 1, minus that with patience 10."""
    runs = _runs(data, NOISE)
    loss, _ = runs.fresh(NOISE)
    hasty, patient = _stopped(runs, NOISE, 1), _stopped(runs, NOISE)
    return paired_difference(hasty.at(loss), patient.at(loss))


def last_weights(data: Dataset) -> Difference:
    """Fresh accuracy of the weights at the stop, minus that of the best ones."""
    runs = _runs(data, NOISE)
    _, accuracy = runs.fresh(NOISE)
    stopped = _stopped(runs, NOISE)
    return paired_difference(stopped.at_end(accuracy), stopped.at(accuracy))


def _chosen(data: Dataset, metric: str, size: int, noise: float) -> Chosen:
    curves = draw_watched(_runs(data, noise), noise)
    return choose(curves, stopping_epoch, metric=metric, size=size, wait=PATIENCE, noise=noise)


def price(data: Dataset, size: int) -> Difference:
    """Accuracy at the chosen epoch on the samples that chose it, minus that on fresh ones."""
    chosen = _chosen(data, "accuracy", size, NOISE)
    reported, fresh = chosen.now
    return paired_difference(reported, fresh)


def few_watched(data: Dataset) -> Difference:
    """Fresh accuracy when 20 samples' accuracy is watched, minus that when 200 are."""
    (_, few), (_, many) = (_chosen(data, "accuracy", n, NOISE).now for n in (FEW, MANY))
    return paired_difference(few, many)


def loss_against_accuracy(data: Dataset) -> Difference:
    """Fresh accuracy when 20 samples' loss is watched, minus that when their accuracy is."""
    by_loss, by_accuracy = (_chosen(data, m, FEW, 0.0).now[1] for m in ("loss", "accuracy"))
    return paired_difference(by_loss, by_accuracy)


CLAIMS = [
    Claim(
        6,
        "early stopping, 20 % label noise",
        "With noisy labels, stopping early and giving back the best weights raises the accuracy.",
        lambda data: accuracy_over_last(data, NOISE),
        "higher",
    ),
    Claim(
        6,
        "early stopping, 20 % label noise, loss",
        "With noisy labels, stopping early and giving back the best weights lowers the loss.",
        loss_over_last,
        "lower",
    ),
    Claim(
        6,
        "early stopping, clean labels",
        "With clean labels, stopping early does not raise the accuracy.",
        lambda data: accuracy_over_last(data, 0.0),
        "not higher",
    ),
    Claim(
        6,
        "patience 1 against 10",
        "Being impatient never gives a lower loss.",
        impatience,
        "not lower",
    ),
    Claim(
        6,
        "last weights against best",
        "With noisy labels, keeping the weights of the stop lowers the accuracy.",
        last_weights,
        "lower",
    ),
    Claim(
        6,
        "20 samples choose and report",
        "The accuracy on the samples that chose the epoch is higher than on fresh ones.",
        lambda data: price(data, FEW),
        "higher",
    ),
    Claim(
        6,
        "200 samples choose and report",
        "With ten times as many samples the report is still too good.",
        lambda data: price(data, MANY),
        "higher",
    ),
    Claim(
        6,
        "watching 20 samples against 200",
        "Watching the accuracy of few samples lowers the accuracy on fresh ones.",
        few_watched,
        "lower",
    ),
    Claim(
        6,
        "20 samples, loss against accuracy",
        "With few clean samples to watch, their loss chooses better than their accuracy.",
        loss_against_accuracy,
        "higher",
    ),
]
