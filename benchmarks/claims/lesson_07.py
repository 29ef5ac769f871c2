"""Lesson 07: what techniques are worth alone and in company, and what the best of many is worth.

The claims about mixes read the same runs, which are trained once for each data set.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from benchmarks.claims.claim import Claim
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import train_fleet
from course_utils.panels.combining.searched_lattice import BOX, NOISE
from course_utils.search import Trials, all_but_one, build_mix, random_settings

MIX = {"L2": 3e-3, "dropout": 0.3, "batch norm": 1, "augmentation": 1.0, "early stopping": 10}
ALONE = {name: {name: strength} for name, strength in MIX.items()}
THREE = {name: MIX[name] for name in ("L2", "dropout", "augmentation")}
ALL_BUT = all_but_one(MIX)
#: Settings tried by a search, its epochs, the samples that choose, and how often they are drawn.
SETTINGS, EPOCHS, CHOOSING, DRAWS = 10, 12, 50, 200


@cache
def _trials(data: Dataset, noise: float) -> Trials:
    """The lesson's runs, trained together."""
    trials = Trials(lambda mix: build_mix(data, mix), data, label_noise=noise)
    mixes = [{}, MIX]
    if noise:
        mixes += [ALONE["batch norm"], ALONE["augmentation"], THREE, ALL_BUT["L2"]]
    trials.train(mixes)
    return trials


def gain(data: Dataset, mix: Any, over: Any, noise: float = NOISE) -> Difference:
    """Judged accuracy of `mix`, minus that of `over`."""
    return _trials(data, noise).gain(mix, over)


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


def curse(data: Dataset) -> Difference:
    """The winner's accuracy on the samples that chose it, minus that on fresh ones."""
    too_much = _curse(data, SETTINGS)
    return paired_difference(too_much, np.zeros_like(too_much))


def growing_curse(data: Dataset) -> Difference:
    """The winner's curse with all settings tried, minus that with three."""
    return paired_difference(_curse(data, SETTINGS), _curse(data, 3))


CLAIMS = [
    Claim(
        7,
        "all five, 20 % label noise",
        "With noisy labels, all five together raise the accuracy.",
        lambda data: gain(data, MIX, {}),
        "higher",
    ),
    Claim(
        7,
        "all five, clean labels",
        "With clean labels, all five together do not lower the accuracy.",
        lambda data: gain(data, MIX, {}, 0.0),
        "not lower",
    ),
    Claim(
        7,
        "L2, dropout, augmentation against the last alone",
        "Three brakes together are no more accurate than augmentation alone.",
        lambda data: gain(data, THREE, ALONE["augmentation"]),
        "not higher",
    ),
    Claim(
        7,
        "augmentation alone",
        "With noisy labels, augmentation alone raises the accuracy.",
        lambda data: gain(data, ALONE["augmentation"], {}),
        "higher",
    ),
    Claim(
        7,
        "batch norm alone",
        "With noisy labels, batch norm alone does not raise the accuracy.",
        lambda data: gain(data, ALONE["batch norm"], {}),
        "not higher",
    ),
    Claim(
        7,
        "batch norm in company",
        "Added to the other four, batch norm does not lower the accuracy.",
        lambda data: gain(data, MIX, ALL_BUT["batch norm"]),
        "not lower",
    ),
    Claim(
        7,
        "L2 in company",
        "Added to the other four, L2 does not raise the accuracy.",
        lambda data: gain(data, MIX, ALL_BUT["L2"]),
        "not higher",
    ),
    Claim(
        7,
        "best of 10 on 50 samples",
        "The best of many scores is higher than what the winner scores on fresh samples.",
        curse,
        "higher",
    ),
    Claim(
        7,
        "best of 10 against best of 3",
        "The more settings are tried, the more the best score is too good.",
        growing_curse,
        "higher",
    ),
]
