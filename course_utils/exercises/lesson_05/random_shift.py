"""Visible check of exercise 05: ``random_shift``."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torchvision.transforms import RandomAffine as OldRandomAffine
from torchvision.transforms import RandomCrop as OldRandomCrop
from torchvision.transforms import v2

from course_utils import augmentation, checks
from course_utils.exercises.attempt import attempt

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


def random_shift(answer: Callable[[Tensor, int], Tensor]) -> None:
    """Task ``random_shift(x, pixels)``."""
    with attempt("random_shift", answer, by_hand=SHIFTS) as check:
        check.include(checks.random_shift(answer))
