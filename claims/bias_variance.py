"""Which part of the error wrong labels and each technique move: bias² or variance.

Both belong to several networks at once and are no score of one run. So they are measured where all
networks have trained equally long: after the lesson's budget, and after four times that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch

from claims.claim import ONCE, UNSTOPPED, Claim, Expectation
from course_utils.comparison import TIMES, Ending
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run, train_fleet
from course_utils.models import MLP
from course_utils.panels.augmentation import transform_of
from course_utils.regularizers import l2_penalty
from course_utils.scoring import bias_and_variance

NOISE = 0.2
Part = Literal["bias", "variance"]


@dataclass(frozen=True)
class Setting:
    """How a lesson trains, and the technique whose strength `build` takes (0 for none)."""

    build: Callable[[Dataset, float], Run]
    epochs: int
    batch_size: int


def _sgd_with_l2(data: Dataset, strength: float) -> Run:
    model = MLP(data.input_shape, (64,), data.num_outputs)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Run(model, sgd, penalty=lambda model: strength * l2_penalty(model))


def _adam(data: Dataset, lr: float, augment: Any = None, **options: Any) -> Run:
    model = MLP(data.input_shape, (64, 64), data.num_outputs, **options)
    return Run(model, torch.optim.Adam(model.parameters(), lr=lr), augment=augment)


def _with_dropout(data: Dataset, p: float) -> Run:
    return _adam(data, 8e-3, dropout=p)


def _augmented(data: Dataset, strength: float) -> Run:
    by = transform_of("all three", strength, data.input_shape[-1]) if strength else None
    return _adam(data, 5e-3, augment=by)


L2 = Setting(_sgd_with_l2, 80, 100)
DROPOUT = Setting(_with_dropout, 40, 100)
AUGMENTATION = Setting(_augmented, 30, 50)
PLAIN = Setting(lambda data, _: _adam(data, 3e-3), 60, 50)


@cache
def parts(
    data: Dataset, setting: Setting, strength: float, epochs: int, noise: float = NOISE
) -> Mapping[Part, list[float]]:
    """bias² and variance after `epochs`, one number of each for each of eight seeds, which differ
    by first weights, batches and wrong labels."""
    fleet = train_fleet(
        lambda strength: setting.build(data, strength),
        lambda _, seed: data.with_label_noise(noise, seed),
        values=[strength],
        epochs=epochs,
        batch_size=setting.batch_size,
        progress=False,
    )
    models = [fleet.model(0, seed) for seed in fleet.seeds]
    bias, variance = bias_and_variance(models, data.x_val, data.y_val)
    return {"bias": bias, "variance": variance}


def moved(
    data: Dataset, ending: Ending, setting: Setting, strength: float, part: Part
) -> Difference:
    """That part of the error with the technique, minus without."""
    epochs = setting.epochs * (TIMES if ending == "long" else 1)
    return paired_difference(
        parts(data, setting, strength, epochs)[part], parts(data, setting, 0.0, epochs)[part]
    )


def by_noise(data: Dataset) -> Difference:
    """What wrong labels add to the variance of the plain network, minus what they add to bias²."""
    noisy, clean = (parts(data, PLAIN, 0.0, PLAIN.epochs, noise) for noise in (NOISE, 0.0))
    variance, bias = (
        [more - less for more, less in zip(noisy[part], clean[part], strict=True)]
        for part in ("variance", "bias")
    )
    return paired_difference(variance, bias)


def bias_by_training(data: Dataset) -> Difference:
    """The bias² that strength 2 adds after four times its budget, minus after one."""

    def added(epochs: int) -> list[float]:
        strong, none = (parts(data, AUGMENTATION, by, epochs)["bias"] for by in (2.0, 0.0))
        return [more - less for more, less in zip(strong, none, strict=True)]

    return paired_difference(added(TIMES * AUGMENTATION.epochs), added(AUGMENTATION.epochs))


def by_time(data: Dataset, part: Part) -> Difference:
    """That part of the plain network's error after lesson 06's budget, minus after 5 epochs."""
    late, soon = (parts(data, PLAIN, 0.0, epochs)[part] for epochs in (PLAIN.epochs, 5))
    return paired_difference(late, soon)


def _claim(
    lesson: int,
    technique: str,
    sentence: str,
    setting: Setting,
    strength: float,
    part: Part,
    expect: Expectation,
    endings: tuple[Ending, ...] = UNSTOPPED,
) -> Claim:
    def measure(data: Dataset, ending: Ending) -> Difference:
        return moved(data, ending, setting, strength, part)

    return Claim(lesson, f"{technique}, {part}", sentence, measure, expect, endings)


CLAIMS = [
    Claim(1, "20% label noise, variance against bias", "Wrong labels add more variance than bias.",
          lambda data, ending: by_noise(data), "higher", ONCE),
    _claim(2, "L2", "With noisy labels, L2 takes variance away ...",
           L2, 3e-3, "variance", "lower"),
    _claim(2, "L2", "... and, after the lesson's 80 epochs, has paid with some bias.",
           L2, 3e-3, "bias", "higher", ONCE),
    _claim(3, "dropout 0.5", "Dropout takes variance away.", DROPOUT, 0.5, "variance", "lower"),
    _claim(3, "dropout 0.9", "Too much of it adds bias.", DROPOUT, 0.9, "bias", "higher"),
    _claim(5, "strength 1", "Gentle augmentation takes variance away ...",
           AUGMENTATION, 1.0, "variance", "lower"),
    _claim(5, "strength 1", "... and adds no bias ...", AUGMENTATION, 1.0, "bias", "not higher"),
    _claim(5, "strength 2", "... while, after 30 epochs, too strong changes do.",
           AUGMENTATION, 2.0, "bias", "higher", ONCE),
    Claim(5, "strength 2, four times the training, bias",
          "Trained four times as long, too strong changes add less bias than after 30 epochs.",
          lambda data, ending: bias_by_training(data), "lower", ("long",)),
    Claim(6, "training on, bias", "From the fifth epoch to the sixtieth, bias falls ...",
          lambda data, ending: by_time(data, "bias"), "lower", ONCE),
    Claim(6, "training on, variance", "... and variance rises.",
          lambda data, ending: by_time(data, "variance"), "higher", ONCE),
]  # fmt: skip
