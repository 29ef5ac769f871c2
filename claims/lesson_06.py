"""Lesson 06: when stopping early helps, what patience buys, and what a choice costs.

All claims read the same records: networks are trained once at each noise level, for four times the
lesson's budget, and every rule is applied to what was recorded so far. What is reported was
measured on samples that no rule watched. The lesson is *about* stopping, so its claims have two
endings: they compare a rule with the end of a short training and with that of a long one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from claims.claim import ONCE, UNSTOPPED, Claim
from course_utils.comparison import TIMES, Ending
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.recorded_runs import EPOCHS, SampleScores, Stops, record_runs, stops
from course_utils.experiments.watched_samples import Chosen, choose, draw_watched
from course_utils.regularizers import stopping_epoch

NOISE = 0.2
PATIENCE = 10
FEW, MANY = 20, 200  # samples watched


@cache
def _runs(data: Dataset, noise: float, ending: Ending) -> SampleScores:
    long = record_runs(data, (noise,), epochs=TIMES * EPOCHS, progress=False)
    end = (TIMES if ending == "long" else 1) * EPOCHS + 1
    return replace(long, loss=long.loss[:, :, :end], correct=long.correct[:, :, :end])


def _stopped(runs: SampleScores, noise: float, patience: int = PATIENCE) -> Stops:
    return stops(stopping_epoch, runs.watched(noise)[0], patience)


def accuracy_over_last(data: Dataset, ending: Ending, noise: float) -> Difference:
    """Fresh accuracy of the best weights given back, minus that after the last epoch."""
    runs = _runs(data, noise, ending)
    _, accuracy = runs.fresh(noise)
    return paired_difference(_stopped(runs, noise).at(accuracy), accuracy[:, -1])


def loss_over_last(data: Dataset, ending: Ending) -> Difference:
    """Fresh loss of the best weights given back, minus that after the last epoch."""
    runs = _runs(data, NOISE, ending)
    loss, _ = runs.fresh(NOISE)
    return paired_difference(_stopped(runs, NOISE).at(loss), loss[:, -1])


def impatience(data: Dataset, ending: Ending) -> Difference:
    """Fresh loss with patience 1, minus that with patience 10."""
    runs = _runs(data, NOISE, ending)
    loss, _ = runs.fresh(NOISE)
    hasty, patient = _stopped(runs, NOISE, 1), _stopped(runs, NOISE)
    return paired_difference(hasty.at(loss), patient.at(loss))


def last_weights(data: Dataset, ending: Ending) -> Difference:
    """Fresh accuracy of the weights at the stop, minus that of the best ones."""
    runs = _runs(data, NOISE, ending)
    _, accuracy = runs.fresh(NOISE)
    stopped = _stopped(runs, NOISE)
    return paired_difference(stopped.at_end(accuracy), stopped.at(accuracy))


def _chosen(data: Dataset, metric: str, size: int, noise: float) -> Chosen:
    curves = draw_watched(_runs(data, noise, "budget"), noise)
    return choose(curves, stopping_epoch, metric=metric, size=size, wait=PATIENCE, noise=noise)


def price(data: Dataset, size: int) -> Difference:
    """Accuracy at the chosen epoch on the samples that chose it, minus that on fresh ones."""
    chosen = _chosen(data, "accuracy", size, NOISE)
    reported, fresh = chosen.now
    return paired_difference(reported, fresh)


def few_watched(data: Dataset, ending: Ending) -> Difference:
    """Fresh accuracy when 20 samples' accuracy is watched, minus that when 200 are."""
    (_, few), (_, many) = (_chosen(data, "accuracy", n, NOISE).now for n in (FEW, MANY))
    return paired_difference(few, many)


def loss_against_accuracy(data: Dataset, ending: Ending) -> Difference:
    """Fresh accuracy when 20 samples' loss is watched, minus that when their accuracy is."""
    by_loss, by_accuracy = (_chosen(data, m, FEW, 0.0).now[1] for m in ("loss", "accuracy"))
    return paired_difference(by_loss, by_accuracy)


CLAIMS = [
    Claim(6, "early stopping, 20% label noise",
          "With noisy labels, stopping early and giving back the best weights raises the accuracy.",
          lambda data, ending: accuracy_over_last(data, ending, NOISE), "higher", UNSTOPPED),
    Claim(6, "early stopping, 20% label noise, loss",
          "With noisy labels, stopping early and giving back the best weights lowers the loss.",
          loss_over_last, "lower", UNSTOPPED),
    Claim(6, "early stopping, clean labels",
          "With clean labels, stopping early does not raise the accuracy.",
          lambda data, ending: accuracy_over_last(data, ending, 0.0), "not higher", UNSTOPPED),
    Claim(6, "patience 1 against 10", "Being impatient never gives a lower loss.",
          impatience, "not lower", UNSTOPPED),
    Claim(6, "last weights against best",
          "With noisy labels, keeping the weights of the stop lowers the accuracy.",
          last_weights, "lower", UNSTOPPED),
    Claim(6, "20 samples choose and report",
          "The accuracy on the samples that chose the epoch is higher than on fresh ones.",
          lambda data, ending: price(data, FEW), "higher", ONCE),
    Claim(6, "200 samples choose and report",
          "With ten times as many samples the report is still too good.",
          lambda data, ending: price(data, MANY), "higher", ONCE),
    Claim(6, "watching 20 samples against 200",
          "Watching the accuracy of few samples lowers the accuracy on fresh ones.",
          few_watched, "lower", ONCE),
    Claim(6, "20 samples, loss against accuracy",
          "With few clean samples to watch, their loss chooses better than their accuracy.",
          loss_against_accuracy, "higher", ONCE),
]  # fmt: skip
