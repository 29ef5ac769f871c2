"""Lesson 04: which part of the error batch norm moves, and which a careful preparation.

All after 40 epochs at one learning rate, as the lesson says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch

from claims.bias_variance import Part
from claims.claim import IMAGES, ONCE, Claim, Expectation
from claims.lesson_04 import BATCH, LAYERS, NOISE, PLAIN, PREPARED, prepare, standardized
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.scoring import bias_and_variance


@cache
def parts(data: Dataset, contestant: str, noise: float) -> Mapping[Part, list[float]]:
    """bias² and variance of networks like the lesson's, one number of each for each seed."""
    own = standardized(data) if contestant == PREPARED else data

    def build(name: str) -> Run:
        model = MLP(data.input_shape, (64, 64), data.num_outputs, norm_layer=LAYERS.get(name))
        if name == PREPARED:
            prepare(model)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    fleet = train_fleet(
        build,
        lambda _, seed: own.with_label_noise(noise, seed),
        values=[contestant],
        epochs=40,
        batch_size=100,
        progress=False,
    )
    models = [fleet.model(0, seed) for seed in fleet.seeds]
    bias, variance = bias_and_variance(models, own.x_val, own.y_val)
    return {"bias": bias, "variance": variance}


def _claim(
    sentence: str,
    contestant: str,
    over: str,
    part: Part,
    expect: Expectation,
    noise: float = 0.0,
    datasets: tuple[str, ...] = IMAGES,
) -> Claim:
    """That part of the error of `contestant`, minus that of `over`."""

    def measure(data: Dataset, _: object) -> Difference:
        return paired_difference(
            parts(data, contestant, noise)[part], parts(data, over, noise)[part]
        )

    labels = "20% label noise" if noise else "clean labels"
    technique = f"{contestant} against {over}, {labels}, {part}"
    return Claim(4, technique, sentence, measure, expect, ONCE, datasets)


CLAIMS = [
    _claim("After 40 epochs at one rate batch norm has lowered the bias of the plain network ...",
           BATCH, PLAIN, "bias", "lower"),
    _claim("... and so has preparation ...", PREPARED, PLAIN, "bias", "lower"),
    _claim("... which pays for it in variance.", PREPARED, PLAIN, "variance", "higher"),
    _claim("Against the prepared network batch norm lowers the variance ...",
           BATCH, PREPARED, "variance", "lower"),
    _claim("... and does not raise the bias.", BATCH, PREPARED, "bias", "not higher"),
    _claim("With noisy digits it adds variance ...",
           BATCH, PLAIN, "variance", "higher", NOISE, ("digits",)),
    _claim("... and on MNIST it does not.",
           BATCH, PLAIN, "variance", "not higher", NOISE, ("mnist",)),
]  # fmt: skip
