"""Checks on what a caller passes in. Each error names the value, the rule and the remedy."""

import math
import operator
from typing import Any

import torch
from torch import Tensor


def check_seed(seed: Any) -> int:
    """Return `seed` as an int; raise ValueError unless it is a whole number of at least 0."""
    number = _whole(seed)
    if number is None or number < 0:
        raise ValueError(
            f"seed must be a whole number of at least 0, got {seed!r}; use for example seed=0"
        )
    return number


def check_count(count: Any, word: str, *, most: int | None = None, of: str = "") -> int:
    """Return `count` as an int; raise ValueError unless it is whole and in 1 .. most.

    Args:
        word: what the caller calls the number, e.g. "n_train".
        most: how many there are; None for no upper limit.
        of: what there are so many of, e.g. "training samples in 'digits'".
    """
    number = _whole(count)
    if number is None or number < 1:
        some = "50" if most is None or most >= 50 else str(most)
        raise ValueError(
            f"{word} must be a whole number of at least 1, got {count!r}; use e.g. {word}={some}"
        )
    if most is not None and number > most:
        raise ValueError(
            f"{word} must be at most {most}, got {number}: there are {most} {of}; "
            f"use {word}={most} or less"
        )
    return number


def check_fraction(fraction: Any, word: str) -> float:
    """Return `fraction` as a float; raise ValueError unless it is in [0, 1]."""
    number = _real(fraction)
    if number is None or not 0 <= number <= 1:
        hint = ""
        if number is not None and 1 < number <= 100:
            hint = f" (for {number:g} % write {number / 100:g})"
        raise ValueError(
            f"{word} must be in [0, 1], got {fraction!r}; it is a share of the labels: "
            f"0 corrupts none, 0.2 redraws one in five{hint}"
        )
    return number


def check_spread(spread: Any, word: str) -> float:
    """Return `spread` as a float; raise ValueError unless it is finite and at least 0."""
    number = _real(spread)
    if number is None or not 0 <= number < math.inf:
        raise ValueError(
            f"{word} must be a finite number of at least 0, got {spread!r}; it is a standard "
            f"deviation: use for example {word}=0.2"
        )
    return number


def check_split(n: int, val_fraction: Any, test_fraction: Any) -> tuple[int, int]:
    """Return how many of n samples go to validation and to test; training keeps at least one."""
    for word, share in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        number = _real(share)
        if number is None or not 0 < number < 1:
            raise ValueError(f"{word} must be in (0, 1), got {share!r}; use for example 0.2")
    n_val, n_test = round(n * val_fraction), round(n * test_fraction)
    if min(n_val, n_test, n - n_val - n_test) < 1:
        raise ValueError(
            f"each part must get at least one sample, got {n - n_val - n_test} for training, "
            f"{n_val} for validation and {n_test} for test out of {n}; give more samples, or "
            "fractions whose sum is well below 1"
        )
    return n_val, n_test


def check_inputs(values: Any) -> Tensor:
    """Return `values` as a float32 tensor [n, ...]; raise ValueError for ints or NaN."""
    x: Tensor = torch.as_tensor(values)
    if not x.is_floating_point():
        raise ValueError(
            f"x must hold floating-point numbers, got {x.dtype}; convert and scale first, "
            "for 8-bit images: x = x.float() / 255"
        )
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(
            f"x must have the shape [samples, features...] with at least one sample, got "
            f"{list(x.shape)}; for one number per sample use x.reshape(-1, 1)"
        )
    _check_finite(x, "x")
    return x.detach().to(torch.float32)


def check_targets(y: Any, n: int, num_classes: int | None) -> tuple[Tensor, int | None]:
    """Return targets and the number of classes: (int64 [n], C), or (float32 [n], None).

    Whole-number (or bool) targets are class labels, floating-point ones a regression.
    """
    y = torch.as_tensor(y)
    if y.ndim != 1:
        raise ValueError(
            f"y must have one entry per sample, shape [{n}], got {list(y.shape)}; use "
            "y.squeeze(1) for a column, y.argmax(1) for one-hot labels"
        )
    if len(y) != n:
        raise ValueError(
            f"x and y must have the same length, got {n} samples and {len(y)} targets; "
            "check that both come from the same rows"
        )
    if y.is_complex():
        raise ValueError(f"y must hold class labels or real numbers, got {y.dtype}; use y.real")
    if y.is_floating_point():
        if num_classes is not None:
            raise ValueError(
                f"y must hold whole numbers when num_classes is given, got {y.dtype}; use "
                "y.long() for class labels, or leave num_classes out for a regression"
            )
        _check_finite(y, "y")
        return y.detach().to(torch.float32), None
    y = y.to(torch.int64)
    low, high = int(y.min()), int(y.max())
    classes = high + 1 if num_classes is None else check_count(num_classes, "num_classes")
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise ValueError(
            f"labels must be in 0 .. {classes - 1}, got {wrong}; number the {classes} classes "
            "from 0, or pass the right num_classes"
        )
    return y, classes


def _check_finite(values: Tensor, word: str) -> None:
    bad = ~torch.isfinite(values.reshape(len(values), -1)).all(dim=1)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"{word} must hold finite numbers, got NaN or infinity in {int(bad.sum())} of "
            f"{len(values)} samples (the first is sample {row}); remove or fill them first"
        )


def _whole(value: Any) -> int | None:
    """The int that `value` is (NumPy's and PyTorch's count, True and 3.0 do not), or None."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _real(value: Any) -> float | None:
    if isinstance(value, (bool, str)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
