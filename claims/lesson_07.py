"""Lesson 07: what techniques are worth alone and in company, for how long one trains, and what the
best of many is worth.

The claims about mixes read the same runs, which are trained once for each data set. The budget is
30 epochs; the name says where a sentence is about that number.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from claims.claim import IMAGES, ONCE, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.searched_lattice import BOX, NOISE
from course_utils.fleet import train_fleet
from course_utils.search import all_but_one, build_mix, random_settings, training_key

MIX = {"L2": 3e-3, "dropout": 0.3, "batch norm": 1, "augmentation": 1.0}
ALONE = {name: {name: strength} for name, strength in MIX.items()}
ALL_BUT = all_but_one(MIX)
THREE = ALL_BUT["batch norm"]
PAIR = {name: MIX[name] for name in ("dropout", "augmentation")}
GENTLE = {"L2": 1e-3, "dropout": 0.15, "augmentation": 0.5}
BUDGET = 30
#: Settings tried by a search, its epochs, the samples that choose, and how often they are drawn.
SETTINGS, EPOCHS, CHOOSING, DRAWS = 10, 12, 50, 200


@cache
def _mixes(data: Dataset, noise: float) -> Comparison:
    """The lesson's runs, trained together."""
    mixes = [{}, MIX]
    if noise:
        mixes += [ALONE["batch norm"], ALONE["augmentation"], THREE, GENTLE, PAIR, ALL_BUT["L2"]]
    return compare(
        lambda key: build_mix(data, dict(key)),
        lambda _, seed: data.with_label_noise(noise, seed),
        values=[training_key(mix) for mix in mixes],
        epochs=BUDGET,
        batch_size=100,
    )


@cache
def _correct(data: Dataset) -> Any:
    """Which validation samples each of some random settings gets right, [seeds, settings, n]."""
    x, y = data.x_val, data.y_val
    part = replace(data, x_val=x[:1], y_val=y[:1])
    settings = random_settings(BOX, SETTINGS)
    fleet = train_fleet(
        lambda setting: build_mix(data, setting),
        lambda _, seed: part.with_label_noise(NOISE, seed),
        values=settings,
        epochs=EPOCHS,
        batch_size=100,
        progress=False,
    )
    with torch.no_grad():
        rows = [
            [(fleet.model(v, s).eval()(x).argmax(1) == y).numpy() for v in range(SETTINGS)]
            for s in range(len(fleet.seeds))
        ]
    return np.array(rows, dtype=float)


def _curse(data: Dataset, tried: int) -> Any:
    """By how much the best of the first `tried` settings is reported too good, for each seed."""
    found = []
    for correct in _correct(data)[:, :tried]:
        samples, too_much = correct.shape[1], []
        for draw in range(DRAWS):
            order = np.random.default_rng(draw).permutation(samples)
            chooses, fresh = (correct[:, part].mean(1) for part in np.split(order, [CHOOSING]))
            too_much.append(chooses.max() - fresh[chooses.argmax()])
        found.append(np.mean(too_much))
    return np.array(found)


def curse(data: Dataset, ending: Ending) -> Difference:
    """The winner's accuracy on the samples that chose it, minus that on fresh ones."""
    too_much = _curse(data, SETTINGS)
    return paired_difference(too_much, np.zeros_like(too_much))


def growing_curse(data: Dataset, ending: Ending) -> Difference:
    """The winner's curse with all settings tried, minus that with three."""
    return paired_difference(_curse(data, SETTINGS), _curse(data, 3))


def batch_norm_by_budget(data: Dataset, ending: Ending) -> Difference:
    """What batch norm adds to three brakes at this ending, minus what it adds at the budget."""
    compared = _mixes(data, NOISE)
    late, soon = (
        compared.scores(training_key(MIX), end) - compared.scores(training_key(THREE), end)
        for end in (ending, "budget")
    )
    return paired_difference(late, soon)


def _claim(
    technique: str,
    sentence: str,
    mix: Any,
    over: Any,
    expect: Expectation,
    *,
    score: str = "acc",
    endings: tuple[Ending, ...] = ENDINGS,
    noise: float = NOISE,
    datasets: tuple[str, ...] = IMAGES,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return _mixes(data, noise).gain(training_key(mix), training_key(over), ending, score)

    return Claim(7, technique, sentence, measure, expect, endings, datasets)


CLAIMS = [
    _claim("all four, 20% label noise",
           "With noisy labels, all four together raise the accuracy.", MIX, {}, "higher"),
    _claim("all four, 20% label noise, loss",
           "With noisy labels, all four together lower the loss.", MIX, {}, "lower", score="loss"),
    _claim("all four, clean labels",
           "With clean labels, all four together do not lower the accuracy.",
           MIX, {}, "not lower", noise=0.0),
    _claim("three brakes, 30 epochs, against one",
           "After 30 epochs three brakes together are no more accurate than augmentation alone ...",
           THREE, ALONE["augmentation"], "not higher", endings=ONCE),
    _claim("three brakes, 120 epochs",
           "... after 120 epochs they are far more accurate than nothing ...",
           THREE, {}, "higher", endings=("long",)),
    _claim("three brakes, early-stopped",
           "... and, stopped in time on both sides, still more accurate than nothing.",
           THREE, {}, "higher", endings=("early-stopped",)),
    _claim("gentle against full strengths, 30 epochs",
           "On digits, after 30 epochs three gentle brakes are ahead of three full ones ...",
           GENTLE, THREE, "higher", endings=ONCE, datasets=("digits",)),
    _claim("gentle against full strengths, 30 epochs, on MNIST",
           "... (on MNIST eight seeds see no lead) ...",
           GENTLE, THREE, "not higher", endings=ONCE, datasets=("mnist",)),
    _claim("gentle against full strengths, 120 epochs", "... and after 120 they are behind.",
           GENTLE, THREE, "lower", endings=("long",)),
    _claim("augmentation alone", "With noisy labels, augmentation alone raises the accuracy.",
           ALONE["augmentation"], {}, "higher"),
    _claim("batch norm alone",
           "Stopped in time, batch norm alone does not raise the accuracy with noisy labels.",
           ALONE["batch norm"], {}, "not higher", endings=("early-stopped",)),
    _claim("batch norm alone, on MNIST",
           "On MNIST, stopped in time, eight seeds see no harm in batch norm alone.",
           ALONE["batch norm"], {}, "not lower", endings=("early-stopped",), datasets=("mnist",)),
    Claim(7, "batch norm in company, by budget",
          "Batch norm adds less to three brakes after 120 epochs than after 30 ...",
          batch_norm_by_budget, "lower", ("long",), ("digits",)),
    Claim(7, "batch norm in company, by budget, on MNIST",
          "On 500 digits of MNIST, eight seeds do not show clearly that it shrinks.",
          batch_norm_by_budget, "not lower", ("long",), ("mnist",)),
    _claim("batch norm in company, with time",
           "... where it adds nothing any more.",
           MIX, THREE, "not higher", endings=("long",)),
    _claim("L2 in company", "Added to the other three, L2 does not raise the accuracy.",
           MIX, ALL_BUT["L2"], "not higher"),
    _claim("L2 in company, on MNIST",
           "On MNIST, stopped in time, L2 costs accuracy when it is added to the other three.",
           MIX, ALL_BUT["L2"], "lower", endings=("early-stopped",), datasets=("mnist",)),
    _claim("dropout and augmentation against all four",
           "With time, all four are no more accurate than dropout and augmentation.",
           MIX, PAIR, "not higher", endings=("long", "early-stopped")),
    Claim(7, "best of 10 on 50 samples",
          "The best of many scores is higher than what the winner scores on fresh samples.",
          curse, "higher", ONCE),
    Claim(7, "best of 10 against best of 3",
          "The more settings are tried, the more the best score is too good.",
          growing_curse, "higher", ONCE),
]  # fmt: skip
