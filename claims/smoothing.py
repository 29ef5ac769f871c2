"""Lesson 08 on smoothed labels: a small convolutional network, a hundred images."""

from __future__ import annotations

from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import nn

from claims.claim import UNSTOPPED, Claim, Expectation
from course_utils.comparison import ENDINGS, Comparison, Ending, compare, resplit
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.experiments.ensembles import reliability
from course_utils.fleet import Run
from course_utils.models import SmallCNN

SAMPLES, EPOCHS, SMOOTHING = 100, 20, 0.1


def calibration_error(model: nn.Module, data: Dataset) -> float:
    """How far confidence is from the share that is right, in [0, 1]."""
    assert data.num_classes is not None
    right = F.one_hot(data.y_val, data.num_classes).float()
    return reliability(model(data.x_val).softmax(1), right)[2]


@cache
def _compared(data: Dataset, smoothing: float) -> Comparison:
    def build(_: None) -> Run:
        assert len(data.input_shape) == 3
        assert data.num_classes is not None
        model = SmallCNN(data.input_shape, data.num_classes)
        return Run(model, torch.optim.AdamW(model.parameters(), lr=1e-2))

    return compare(
        build,
        lambda _, seed: resplit(data, seed).subset(SAMPLES, seed),
        values=[None],
        epochs=EPOCHS,
        loss_fn=partial(F.cross_entropy, label_smoothing=smoothing),
        measure={"calibration": calibration_error},
    )


def _change(data: Dataset, ending: Ending, score: str) -> Difference:
    """The score with smoothed labels, minus that without."""
    smoothed, plain = (
        _compared(data, share).scores(None, ending, score) for share in (SMOOTHING, 0.0)
    )
    return paired_difference(smoothed, plain)


def _claim(
    technique: str,
    sentence: str,
    score: str,
    expect: Expectation,
    datasets: tuple[str, ...],
    endings: tuple[Ending, ...] = ENDINGS,
) -> Claim:
    return Claim(
        8, technique, sentence,
        lambda data, ending: _change(data, ending, score), expect, endings, datasets,
    )  # fmt: skip


CLAIMS = [
    _claim("label smoothing, accuracy",
           "On a hundred digits label smoothing raises a convolutional network's accuracy ...",
           "acc", "higher", ("digits",)),
    _claim("label smoothing, calibration", "... and its calibration error.",
           "calibration", "higher", ("digits",)),
    _claim("label smoothing, accuracy",
           "On MNIST it raises the accuracy after 80 epochs and with both stopped in time.",
           "acc", "higher", ("mnist",), ("long", "early-stopped")),
    _claim("label smoothing, calibration",
           "At the end of training it does not raise MNIST's calibration error ...",
           "calibration", "not higher", ("mnist",), UNSTOPPED),
    _claim("label smoothing, calibration, stopped in time", "... but stopped in time it does.",
           "calibration", "higher", ("mnist",), ("early-stopped",)),
]  # fmt: skip
