"""Visible checks of exercise 05, data augmentation: the shift, mixup and label smoothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms import RandomAffine as OldRandomAffine
from torchvision.transforms import RandomCrop as OldRandomCrop
from torchvision.transforms import v2

from course_utils import augmentation, checks
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt
from course_utils.exercises.lesson_05_evidence import (
    clearly_confused,
    exposes_augmented_validation,
    small_confusions,
    training,
    verdict,
)

__all__ = [
    "LOSSES",
    "SHIFTS",
    "clearly_confused",
    "exposes_augmented_validation",
    "kept",
    "mixup",
    "random_shift",
    "small_confusions",
    "smoothed_cross_entropy",
    "training",
    "verdict",
]

SHIFTS = (
    augmentation.RandomShift.__call__,
    augmentation.RandomAffine.__call__,
    augmentation.affine,
    v2.RandomAffine.transform,
    v2.RandomCrop.transform,
    v2.functional.affine,
    OldRandomAffine.forward,
    OldRandomCrop.forward,
)
LOSSES = (F.cross_entropy, nn.CrossEntropyLoss.forward)


def random_shift(answer: Callable[[Tensor, int], Tensor]) -> None:
    """Task ``random_shift(x, pixels)``."""
    with attempt("random_shift", answer, by_hand=SHIFTS) as check:
        check.include(checks.random_shift(answer))


def mixup(answer: Callable[..., Any]) -> None:
    """Task ``mixup(x, y, share, other, num_classes)`` -> images and targets [n, classes]."""
    with attempt("mixup", answer) as check:
        gray, y = torch.tensor([10.0, 20.0, 40.0]), torch.tensor([0, 2, 2])
        share, other = torch.tensor([0.9, 0.75, 0.4]), torch.tensor([1, 2, 0])
        x = gray[:, None, None, None].expand(3, 1, 2, 2).clone()
        on = (
            "three images, gray 10, 20 and 40, y = [0, 2, 2], share = [0.9, 0.75, 0.4], "
            "other = [1, 2, 0], 4 classes"
        )
        given = [t.clone() for t in (x, y, share, other)]
        got = answer(*given, 4)
        images, targets = check.pair(got, "images, targets", on=on)
        images = check.tensor(images, (3, 1, 2, 2), on=f"{on}: the images")
        check.close(
            "each image is mixed with its partner, by its own share",
            images,
            (share * gray + (1 - share) * gray[other])[:, None, None, None].expand(3, 1, 2, 2),
            on=on,
            hint="image 0 is 0.9 of gray 10 and 0.1 of its partner's gray 20",
            mistakes={
                text: wrong[:, None, None, None].expand(3, 1, 2, 2)
                for text, wrong in {
                    "the shares are exchanged: `share` belongs to the image itself": (
                        (1 - share) * gray + share * gray[other]
                    ),
                    "one share serves the whole batch; each image has its own": (
                        share[0] * gray + (1 - share[0]) * gray[other]
                    ),
                    "the images are as before; only the labels were mixed": gray,
                    "these are the partners alone": gray[other],
                    "half and half, whatever the shares": (gray + gray[other]) / 2,
                }.items()
            },
        )
        numbers = isinstance(targets, Tensor) and targets.shape == (3,)
        check.that(
            not numbers,
            "the targets have a column for each class",
            on=on,
            expected="targets of shape (3, 4)",
            got=targets,
            hint="a mixed label is no number: half of class 0 and half of class 2 is not class 1",
        )
        targets = check.tensor(targets, (3, 4), on=f"{on}: the targets")
        own, partners = F.one_hot(y, 4), F.one_hot(y[other], 4)
        by = share[:, None]
        check.close(
            "the targets hold both labels, in the shares of the images",
            targets,
            by * own + (1 - by) * partners,
            on=on,
            hint="image 0 has label 0 and its partner label 2, so its target is [0.9, 0, 0.1, 0]",
            mistakes={
                "only the image's own label is in the target; its partner has a share too": own,
                "the image's own label has its share, but its partner's label is missing": by * own,
                "the labels have exchanged shares; each label goes with its own image": (
                    (1 - by) * own + by * partners
                ),
                "one share serves the labels of the whole batch; each image has its own": (
                    by[0] * own + (1 - by[0]) * partners
                ),
                "both labels count in full; a target adds up to 1": own + partners,
                "where partners have the same label, both shares go to it: add, do not overwrite": (
                    torch.where(partners > 0, 1 - by, by * own)
                ),
                "half and half, whatever the shares": (own + partners) / 2,
            },
        )
        kept(check, given, (x, y, share, other), on)


def kept(check: Check, given: Any, before: Any, on: str) -> None:
    """What was passed in is as it was."""
    for now, then in zip(given, before, strict=True):
        check.that(
            torch.equal(now, then),
            "what was given is kept",
            on=on,
            expected=then,
            got=now,
            hint="`*=`, `+=` and names ending in _ write into the training set itself",
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
