"""Lesson 05: what a convolutional network makes of moved digits, at its own best learning rate."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import nn

from claims.claim import ONCE, Claim
from claims.lesson_05 import BATCH, EPOCHS, on_moved
from course_utils.comparison import Comparison, Ending, compare
from course_utils.data import Dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Run
from course_utils.models import MLP, SmallCNN

#: The lesson's convolutional network trains at the best of them, its plain one at the first.
RATES = (5e-3, 1e-2, 2e-2, 4e-2)
#: On MNIST, where training takes far longer, `claims.lesson_05` compares at one rate.
DIGITS = ("digits",)


@cache
def _by_rate(data: Dataset, network: Callable[..., nn.Module]) -> Comparison:
    """The lesson's networks, trained plain at each rate."""
    sizes = {"hidden_sizes": (64, 64)} if network is MLP else {}

    def build(rate: float) -> Run:
        model = network(data.input_shape, num_classes=data.num_outputs, **sizes)
        return Run(model, torch.optim.Adam(model.parameters(), lr=rate))

    return compare(
        build, data, values=RATES, epochs=EPOCHS, batch_size=BATCH, measure={"moved": on_moved}
    )


def convolution(data: Dataset, ending: Ending, score: str = "acc") -> Difference:
    """A score of the convolutional network minus the plain one's, each at its own best rate."""
    ours, plain = (_by_rate(data, net).tuned(RATES, ending, score) for net in (SmallCNN, MLP))
    return paired_difference(ours, plain)


def convolution_on_moved(data: Dataset, ending: Ending) -> Difference:
    """The same for the accuracy on moved images."""
    return convolution(data, ending, "moved")


CLAIMS = [
    Claim(5, "moved images, convolutional network, own best rate",
          "At its own best rate, too, a convolutional network reads moved digits better.",
          convolution_on_moved, "higher", datasets=DIGITS),
    Claim(5, "convolutional network, own best rate",
          "On unmoved digits eight seeds see no difference after the lesson's 30 epochs ...",
          convolution, "not lower", ONCE, DIGITS),
    Claim(5, "convolutional network, own best rate, 120 epochs",
          "... and after 120 the plain network is a little ahead.",
          convolution, "lower", ("long",), DIGITS),
]  # fmt: skip
