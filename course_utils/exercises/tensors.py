"""What hidden checks ask of tensors beyond their values: any layout in memory, all the digits."""

from __future__ import annotations

import torch
from torch import Tensor

from course_utils.checks.mistakes import Common
from course_utils.checks.report import Check


def transposed(x: Tensor) -> Tensor:
    """A copy of x whose dimensions lie in memory in the opposite order, as if transposed.

    It has no `.view` of another shape, unless all dimensions but one are of size 1.
    """
    last_first = tuple(reversed(range(x.ndim)))
    return x.detach().permute(last_first).contiguous().permute(last_first)


def in_double(check: Check, what: str, got: Tensor, expected: Tensor, *, on: str) -> None:
    """Check that `got` is float64 and has the digits of `expected`, float64 too, up to rounding.

    `Check.close` compares four digits, so it does not tell float32 from float64.
    """
    check.that(
        got.dtype == torch.float64,
        f"{what} is float64",
        on=on,
        expected=torch.float64,
        got=got.dtype,
        hint=Common.SINGLE_PRECISION,
    )
    off = (got.detach() - expected.detach()).abs().max().item()
    size = expected.detach().abs().max().item()
    _has_its_digits(check, what, off, size, on)


def digits_of_double(check: Check, what: str, got: float, expected: float, *, on: str) -> None:
    """`in_double` for a number that was computed from tensors of float64."""
    _has_its_digits(check, what, abs(got - expected), abs(expected), on)


def _has_its_digits(check: Check, what: str, off: float, size: float, on: str) -> None:
    """Check that an error `off` is one of rounding in float64, in numbers of this size."""
    check.that(
        off <= 1e-10 * max(size, 1e-3),
        f"{what} has the digits of float64",
        on=on,
        expected=f"{what}, right to ten digits",
        got=f"numbers that are off by up to {off:.1e}",
        hint=Common.SINGLE_PRECISION
        if off <= 1e-5 * size
        else "this is more than rounding: return the numbers as they come, with nothing added",
    )
