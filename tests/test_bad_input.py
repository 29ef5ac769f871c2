"""Settings that cannot work are refused with the value, the rule and the remedy.

What belongs to the data (unknown names, too many samples, label noise) is in test_data_own.
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import GaussianNoise, RandomAffine, RandomFlip, RandomShift
from course_utils.data import Dataset, moons
from course_utils.evidence import estimate, paired_difference
from course_utils.models import MLP, SmallCNN
from course_utils.random_streams import SeededDraws
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    early_stopping,
    elastic_net,
    l1_penalty,
    l2_penalty,
    soft_threshold,
    strength,
)
from tests.small_runs import mlp, refuses, run_fit

nan, inf = math.nan, math.inf


# --- settings of regularizers -----------------------------------------------------------------


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, nan])
def test_dropout_p(p):
    rule = f"p must be in [0, 1), got {p}"
    remedy = "p is the share of units dropped"
    refuses(lambda: Dropout(p), rule, remedy)
    refuses(lambda: MLP(4, (3,), 2, dropout=p), rule, remedy)
    refuses(lambda: MLP(4, (3, 3), 2, dropout=(0.5, p)), rule, remedy)
    refuses(lambda: SmallCNN((1, 4, 4), 2, dropout=p), rule, remedy)


def test_pytorchs_dropout_in_a_stream():
    with SeededDraws(0):
        refuses(lambda: F.dropout(torch.ones(3), -0.5), "must be in [0, 1], got -0.5", "share")


def test_one_p_for_each_layer():
    refuses(
        lambda: MLP(4, (3, 3), 2, dropout=(0.1, 0.2, 0.3)),
        "one p, or one for each of the 2 hidden layers, got [0.1, 0.2, 0.3]",
    )


@pytest.mark.parametrize("lam", [-0.1, inf, nan])
def test_strength(lam):
    refuses(lambda: strength(lam), f"must be 0 or more and finite, got {lam}", "large weights")
    refuses(lambda: soft_threshold(torch.ones(2), lam), f"got {lam}")
    assert strength(0.25) == 0.25


@pytest.mark.parametrize("alpha", [-0.1, 1.1, nan])
def test_elastic_net_alpha(alpha):
    rule = f"alpha must be in [0, 1], got {alpha}"
    refuses(lambda: elastic_net(mlp(), alpha), rule, "0 is pure L2, 1 is pure L1")


def test_nothing_to_penalize():
    for penalty in (l1_penalty, l2_penalty):
        refuses(lambda p=penalty: p(nn.BatchNorm1d(3)), "no weights with two or more dimensions")


@pytest.mark.parametrize("patience", [0, -1])
def test_patience(patience):
    refuses(lambda: early_stopping(patience), f"patience must be at least 1 epoch, got {patience}")


@pytest.mark.parametrize("patience", [2.5, nan, inf, True, "3"])
def test_patience_counts_epochs(patience):
    rule = f"patience must be a whole number of epochs, got {patience!r}"
    refuses(lambda: early_stopping(patience), rule)
    early_stopping(np.int64(3))


@pytest.mark.parametrize("min_delta", [-0.1, nan])
def test_min_delta(min_delta):
    rule = f"min_delta must be 0 or more, got {min_delta}"
    refuses(lambda: early_stopping(1, min_delta), rule, "loss difference")


def test_batch_norm():
    refuses(lambda: BatchNorm1d(3, momentum=1.5), "momentum must be in [0, 1], got 1.5", "newest")
    layer = BatchNorm1d(3)
    refuses(lambda: layer(torch.ones(1, 3)), "at least 2 samples", "got 1", "larger batch")
    for shape in [(4, 2), (4, 1), (4, 3, 2), (3,)]:
        refuses(lambda s=shape: layer(torch.ones(s)), "[n, 3]", f"got {shape}", "width")
    assert layer.eval()(torch.ones(1, 3)).shape == (1, 3)  # one sample is fine in evaluation


# --- augmentation -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, inf, nan])
def test_strengths_of_augmentation(value):
    rule = f"must be 0 or more and finite, got {value}"
    refuses(lambda: RandomAffine(degrees=value), "degrees", rule, "0 changes nothing")
    refuses(lambda: RandomAffine(shift=value), "shift", rule)
    refuses(lambda: RandomShift(value), "pixels", rule)
    refuses(lambda: GaussianNoise(value), "std", rule)


@pytest.mark.parametrize("value", [-0.1, 1.0, nan])
def test_zoom(value):
    refuses(lambda: RandomAffine(zoom=value), f"zoom must be in [0, 1), got {value}", "0.9 to 1.1")


def test_flip_p():
    refuses(lambda: RandomFlip(1.5), "p must be in [0, 1], got 1.5", "share flipped")


@pytest.mark.parametrize("transform", [RandomAffine(5), RandomShift(1), RandomFlip()])
def test_images_that_are_none(transform):
    refuses(
        lambda: transform(torch.ones(5, 64)),
        "[n, channels, height, width], got shape (5, 64)",
        "before flattening",
    )


# --- models -----------------------------------------------------------------------------------


def test_layers_without_units():
    for bad in (lambda: MLP(0, (3,), 2), lambda: MLP(4, (3, 0), 2), lambda: MLP(4, (3,), 0)):
        refuses(bad, "every layer needs at least one unit", "hidden_sizes=")


def test_images_too_small_to_pool():
    refuses(lambda: SmallCNN((1, 3, 8), 2), "at least 4 x 4", "got 3 x 8")


# --- evidence ---------------------------------------------------------------------------------


def test_evidence_without_samples():
    refuses(lambda: estimate([]), "one score for each seed", "shape (0,)")
    refuses(lambda: estimate([[1.0, 2.0]]), "shape (1, 2)")


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_level(level):
    refuses(lambda: estimate([1, 2], level), f"level must be in (0, 1), got {level}", "0.95")


def test_pairs_without_a_partner():
    refuses(
        lambda: paired_difference([1, 2, 3], [1, 2]),
        "got 3 and 2",
        "compare runs with the same seeds",
    )


def test_a_data_set_in_the_wrong_shape_for_the_model():
    """PyTorch's own message stands where it is clear."""
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run_fit(moons(20))
    assert isinstance(moons(20), Dataset)
