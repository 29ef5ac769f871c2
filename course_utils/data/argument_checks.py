"""Checks on settings that a caller passes in. Each error names the value, the rule, the remedy."""

import math
import operator
from typing import Any


def check_seed(seed: Any) -> int:
    """Return `seed` as an int; raise ValueError unless it is a whole number of at least 0."""
    number = whole(seed)
    if number is None or number < 0:
        raise ValueError(
            f"seed must be a whole number of at least 0, got {seed!r}; use for example seed=0"
        )
    return number


def check_count(count: Any, word: str, *, most: int | None = None, of: str = "") -> int:
    """Return `count` as an int; raise ValueError unless it is whole and in 1 .. most.

    Args:
        word: what the caller calls the number, e.g. "n_train".
        most: the largest count allowed; None for no upper limit.
        of: what is counted, for the message, e.g. "training samples in 'digits'".
    """
    number = whole(count)
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
            hint = f" (for {number:g}% write {number / 100:g})"
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


def whole(value: Any) -> int | None:
    """`value` as an int (NumPy's and PyTorch's integers count, True and 3.0 do not), or None."""
    if isinstance(value, bool) or getattr(value, "ndim", 0) > 0:
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
