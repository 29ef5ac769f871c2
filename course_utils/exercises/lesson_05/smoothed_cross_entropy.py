"""Visible check of exercise 05: ``smoothed_cross_entropy``."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.exercises.attempt import attempt

LOSSES = (F.cross_entropy, nn.CrossEntropyLoss.forward)


def smoothed_cross_entropy(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Task ``smoothed_cross_entropy(logits, y, smoothing)`` -> a scalar tensor."""
    with attempt("smoothed_cross_entropy", answer, by_hand=LOSSES) as check:
        logits = torch.tensor([[math.log(2), 0.0, 0.0]]).repeat(2, 1).requires_grad_()
        y = torch.tensor([0, 1])
        on = "probabilities [0.5, 0.25, 0.25] for both images, y = [0, 1], smoothing = 0.3"
        logs, hot = logits.detach().log_softmax(1), F.one_hot(y, 3)
        got = check.tensor(answer(logits, y, 0.3), (), on=on)

        def loss(targets: Tensor, of: Tensor = logs) -> float:
            return -float((targets * of).sum(1).mean())

        right = 0.7 * hot + 0.1
        check.close(
            "cross-entropy with targets that leave a little to every class",
            got,
            loss(right),
            on=on,
            hint="the targets are [0.8, 0.1, 0.1] and [0.1, 0.8, 0.1]; print yours",
            mistakes={
                "nothing is smoothed: this is the plain cross-entropy": loss(hot),
                "0.3 is shared by the other classes alone, so the targets are 0.7 and 0.15; every "
                "class has its part, the right one too": loss(0.7 * hot + 0.15 * (1 - hot)),
                "what the right class gives away reaches no other class": loss(0.7 * hot),
                "the right class loses 0.3 and gets nothing back; it has its part of the 0.3 too": (
                    loss(0.7 * hot + 0.1 * (1 - hot))
                ),
                "every class gets 0.3, not its part of 0.3": loss(0.7 * hot + 0.3),
                "the right class keeps its 1; it has to give 0.3 away": loss(hot + 0.1),
                "this is the sum over the images; a loss of the course is their mean": (
                    2 * loss(right)
                ),
                "this is the mean over images and classes; add up over the classes": (
                    loss(right) / 3
                ),
                "the sign is wrong: a logarithm of a probability is negative": -loss(right),
                "the softmax ran over the batch; it belongs over the classes, dim 1": loss(
                    right, logits.detach().log_softmax(0)
                ),
                "the softmax was taken twice; log_softmax takes the logits themselves": loss(
                    right, logs.exp().log_softmax(1)
                ),
                "the logits were taken for logarithms of probabilities; log_softmax makes them": (
                    loss(right, logits.detach())
                ),
            },
        )
        check.that(
            got.requires_grad,
            "its gradient reaches the logits",
            on=on,
            expected="a tensor that `backward()` can start from",
            got="a tensor without a gradient",
            hint="`.item()`, `.detach()` and `torch.tensor(...)` cut the gradient off",
        )
