"""Visible check of exercise 05: ``mixup``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    LABELS_AS_NUMBERS = (
        "labels cannot be averaged as numbers: half of class 0 and half of class 2 is not class 1"
    )
    IN_PLACE_ON_X = "`*=`, `+=` and names ending in _ write into the training set itself"
    OWN_LABEL_ONLY = "only the image's own label is in the target; its partner has a share too"
    PARTNERS_LABEL_FORGOTTEN = (
        "the image's own label has its share, but its partner's label is missing"
    )
    SHARES_OF_LABELS_EXCHANGED = (
        "the labels' shares are swapped; each label has the share of its own image"
    )
    ONE_SHARE_FOR_THE_LABELS = (
        "one share serves the labels of the whole batch; each image has its own"
    )
    BOTH_IN_FULL = "both labels count in full; a target adds up to 1"
    SAME_LABEL_OVERWRITTEN = (
        "if both images have the same label, it gets both shares: add, do not overwrite"
    )
    HALVES = "this is half and half, whatever the shares are"
    SHARES_OF_IMAGES_EXCHANGED = "the shares are swapped: `share` is that of the image itself"
    ONE_SHARE_FOR_THE_BATCH = "one share serves the whole batch; each image has its own"
    LABELS_ONLY = "the images are unchanged; only the labels were mixed"
    PARTNERS_ONLY = "these are only the partners"


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
        mixed = share * gray + (1 - share) * gray[other]
        off = (images.detach() - mixed[:, None, None, None]).abs().flatten(1).amax(1)
        i = int((off > 1e-3).byte().argmax())  # the first image that is not as it should be
        check.close(
            "each image is mixed with its partner, by its own share",
            images,
            mixed[:, None, None, None].expand(3, 1, 2, 2),
            on=on,
            hint=f"image {i} is {share[i]:g} of gray {gray[i]:g} and {1 - share[i]:g} of its "
            f"partner's gray {gray[other[i]]:g}",
            mistakes={
                text: wrong[:, None, None, None].expand(3, 1, 2, 2)
                for text, wrong in {
                    Mistake.SHARES_OF_IMAGES_EXCHANGED: ((1 - share) * gray + share * gray[other]),
                    Mistake.ONE_SHARE_FOR_THE_BATCH: (
                        share[0] * gray + (1 - share[0]) * gray[other]
                    ),
                    Mistake.LABELS_ONLY: gray,
                    Mistake.PARTNERS_ONLY: gray[other],
                    Mistake.HALVES: (gray + gray[other]) / 2,
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
            hint=Mistake.LABELS_AS_NUMBERS,
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
                Mistake.OWN_LABEL_ONLY: own,
                Mistake.PARTNERS_LABEL_FORGOTTEN: by * own,
                Mistake.SHARES_OF_LABELS_EXCHANGED: ((1 - by) * own + by * partners),
                Mistake.ONE_SHARE_FOR_THE_LABELS: (by[0] * own + (1 - by[0]) * partners),
                Mistake.BOTH_IN_FULL: own + partners,
                Mistake.SAME_LABEL_OVERWRITTEN: (torch.where(partners > 0, 1 - by, by * own)),
                Mistake.HALVES: (own + partners) / 2,
            },
        )
        kept(check, given, (x, y, share, other), on)


def kept(check: Check, given: Any, before: Any, on: str) -> None:
    """Check that the tensors passed in are unchanged."""
    for now, then in zip(given, before, strict=True):
        check.that(
            torch.equal(now, then),
            "what was given is kept",
            on=on,
            expected=then,
            got=now,
            hint=Mistake.IN_PLACE_ON_X,
        )
