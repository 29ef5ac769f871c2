"""Visible check of exercise 05: ``smoothed_cross_entropy``."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    PLAIN_LOSS = "nothing is smoothed: this is the plain cross-entropy"
    OTHERS_ALONE = (
        "0.3 is shared only by the other classes, so the targets are 0.7 and 0.15; every "
        "class gets a part of it, the right one too"
    )
    GIVEN_AWAY_TO_NOBODY = "what the right class gives away reaches no other class"
    RIGHT_CLASS_WITHOUT_ITS_PART = (
        "the right class loses 0.3 and gets nothing back; it gets its part of the 0.3 too"
    )
    SMOOTHING_FOR_EACH = "every class gets 0.3, where it should get its part of 0.3"
    NOTHING_GIVEN_AWAY = "the right class keeps its 1; it has to give 0.3 away"
    SUMMED = "this is the sum over the images; take their mean"
    MEAN_OVER_ALL = "this is the mean over images and classes; sum over the classes"
    WITHOUT_MINUS = "the sign is wrong: a logarithm of a probability is negative"
    SOFTMAX_OVER_THE_BATCH = "the softmax is taken over the batch; take it over the classes, dim 1"
    SOFTMAX_TWICE = "the softmax was taken twice; log_softmax takes the logits themselves"
    WITHOUT_SOFTMAX = (
        "the logits were used as logarithms of probabilities; log_softmax computes those"
    )


#: Library functions that do the whole task.
LOSSES = (
    *(F.cross_entropy, nn.CrossEntropyLoss.forward, torch._C._nn.cross_entropy_loss),
    torch._ops.OpOverloadPacket.__call__,
)


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
            hint="the targets are [0.8, 0.1, 0.1] and [0.1, 0.8, 0.1]",
            mistakes={
                Mistake.PLAIN_LOSS: loss(hot),
                Mistake.OTHERS_ALONE: loss(0.7 * hot + 0.15 * (1 - hot)),
                Mistake.GIVEN_AWAY_TO_NOBODY: loss(0.7 * hot),
                Mistake.RIGHT_CLASS_WITHOUT_ITS_PART: (loss(0.7 * hot + 0.1 * (1 - hot))),
                Mistake.SMOOTHING_FOR_EACH: loss(0.7 * hot + 0.3),
                Mistake.NOTHING_GIVEN_AWAY: loss(hot + 0.1),
                Mistake.SUMMED: (2 * loss(right)),
                Mistake.MEAN_OVER_ALL: (loss(right) / 3),
                Mistake.WITHOUT_MINUS: -loss(right),
                Mistake.SOFTMAX_OVER_THE_BATCH: loss(right, logits.detach().log_softmax(0)),
                Mistake.SOFTMAX_TWICE: loss(right, logs.exp().log_softmax(1)),
                Mistake.WITHOUT_SOFTMAX: (loss(right, logits.detach())),
            },
        )
        check.that(
            got.requires_grad,
            "its gradient reaches the logits",
            on=on,
            expected="a tensor that `backward()` can start from",
            got="a tensor without a gradient",
            hint=Common.GRADIENT_CUT,
        )
