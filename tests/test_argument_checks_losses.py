"""Which losses a run refuses, and which targets do not go with a loss."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.argument_checks import (
    check_loss,
)
from course_utils.data import polynomial
from tests.small_runs import refuses

CROSS_ENTROPIES = [
    F.cross_entropy,
    nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(label_smoothing=0.1).forward,
    partial(F.cross_entropy, label_smoothing=0.1),
    partial(partial(F.cross_entropy, reduction="sum"), label_smoothing=0.1),
]
REGRESSIONS = [F.mse_loss, nn.MSELoss(), F.l1_loss, nn.L1Loss(), F.smooth_l1_loss]
REGRESSIONS += [nn.SmoothL1Loss(), nn.HuberLoss(), partial(F.huber_loss, delta=0.5)]
REGRESSIONS += [F.binary_cross_entropy, nn.BCELoss(), nn.BCEWithLogitsLoss()]
LABELS, NUMBERS = torch.arange(6) % 3, torch.linspace(-1, 1, 6)


class Mine(nn.CrossEntropyLoss):
    """A learner's loss, which knows what to do with its targets."""

    def forward(self, outputs, y):
        return super().forward(outputs, y.long())


@pytest.mark.parametrize("loss_fn", [*CROSS_ENTROPIES, F.nll_loss, nn.NLLLoss()])
@pytest.mark.parametrize("y", [NUMBERS, LABELS.double(), polynomial(6).y_train])
def test_floating_point_targets_for_cross_entropy(loss_fn, y):
    refuses(
        lambda: check_loss(loss_fn, y),
        f"needs class labels, got {y.dtype} targets such as {float(y[0]):.4g}",
        "for a regression pass loss_fn=F.mse_loss",
        "Dataset.from_tensors(x, y.long())",
    )
    check_loss(loss_fn, LABELS)


@pytest.mark.parametrize("loss_fn", CROSS_ENTROPIES)
def test_class_probabilities_for_cross_entropy(loss_fn):
    check_loss(loss_fn, F.one_hot(LABELS).float())
    check_loss(loss_fn, torch.softmax(torch.randn(6, 3, 4, 4), dim=1))
    rule = "or class probabilities [n, classes] of 0 or more that sum to 1"
    for y, got in [
        (NUMBERS[:, None], "got [6, 1]"),
        (torch.ones(6, 1), "got [6, 1] with a smallest of 1 and a sum of 1"),
        (torch.tensor([[1.0, 1, 0], [0, 1, 0]]), "a sum of 2"),
        (torch.tensor([[1.5, -0.5], [0, 1.0]]), "a smallest of -0.5"),
    ]:
        refuses(lambda y=y: check_loss(loss_fn, y), rule, got, "F.mse_loss", "with_logits")


@pytest.mark.parametrize("loss_fn", REGRESSIONS)
@pytest.mark.parametrize("y", [LABELS, LABELS.bool()])
def test_class_labels_for_a_regression(loss_fn, y):
    refuses(
        lambda: check_loss(loss_fn, y),
        f"needs floating-point targets, got {y.dtype} class labels",
        "loss_fn=F.cross_entropy",
        "y.float()",
    )
    check_loss(loss_fn, NUMBERS)


def test_the_name_of_a_refused_loss_is_the_one_that_was_given():
    refuses(lambda: check_loss(F.cross_entropy, NUMBERS), "F.cross_entropy needs")
    refuses(lambda: check_loss(nn.CrossEntropyLoss(), NUMBERS), "nn.CrossEntropyLoss needs")
    refuses(lambda: check_loss(nn.MSELoss(), LABELS), "nn.MSELoss needs")


@pytest.mark.parametrize("loss_fn", [Mine(), lambda outputs, y: outputs.mean(), math.dist])
def test_a_loss_of_ones_own_is_taken_at_its_word(loss_fn):
    for y in (LABELS, NUMBERS):
        check_loss(loss_fn, y)


@pytest.mark.parametrize(
    ("given", "got"),
    [(nn.CrossEntropyLoss, "the class CrossEntropyLoss"), ("mse", "'mse'"), (None, "None")],
)
def test_a_loss_that_cannot_be_called(given, got):
    refuses(lambda: check_loss(given, LABELS), f"got {got}", "with brackets", error=TypeError)
