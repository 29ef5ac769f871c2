"""Visible check of exercise 05: ``mixup``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


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
