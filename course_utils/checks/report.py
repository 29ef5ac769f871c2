"""The reports of checks: one friendly line when all is right, else a named mistake."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.mistakes import Common

LONGEST = 1000  # characters of a value in a report


class CheckFailed(AssertionError):
    """A property does not hold; the message says on which input, and hints at the mistake.

    `mistake` is the id of a mistake that was recognized (see `course_utils.checks.mistakes`), ""
    where none was.
    """

    def __init__(self, text: str, mistake: str = "") -> None:
        super().__init__(text)
        self.mistake = mistake


@dataclass(frozen=True)
class Passed:
    """The properties that a check found to hold; a notebook shows them as one line."""

    name: str
    properties: tuple[str, ...]

    def __repr__(self) -> str:
        count = len(self.properties)
        return f"✓ {self.name}: {count} {'property holds' if count == 1 else 'properties hold'}"


class Check:
    """Collects the properties that hold, and raises `CheckFailed` at the first that does not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._held: list[str] = []

    def that(
        self, holds: bool, what: str, *, on: str, expected: object, got: object, hint: str
    ) -> None:
        """Record that `what` holds, or fail with the expected and the actual result on `on`."""
        if holds:
            if what not in self._held:
                self._held.append(what)
            return
        raise CheckFailed(
            f"{self.name}: this does not hold: {what}\n"
            f"  on:       {on}\n"
            f"  expected: {_cut(shown(expected))}\n"
            f"  got:      {_cut(shown(got))}\n"
            f"  hint:     {hint}",
            mistake=getattr(hint, "id", ""),
        )

    def close(
        self,
        what: str,
        got: Any,
        expected: Any,
        *,
        on: str,
        hint: str,
        mistakes: Mapping[str, Any] | None = None,
        atol: float = 1e-6,
    ) -> None:
        """`that` for numbers and tensors, up to rounding.

        `mistakes` maps a hint to the result of that mistake; where one of them matches, it is shown
        instead of `hint`.
        """
        holds = agree(got, expected, atol)
        if not holds:
            named = (text for text, wrong in (mistakes or {}).items() if agree(got, wrong, atol))
            hint = next(named, hint)
        self.that(holds, what, on=on, expected=expected, got=got, hint=hint)

    def tensor(self, got: object, shape: tuple[int, ...], *, on: str) -> Tensor:
        """`got` itself, if it is a tensor of this shape."""
        hint = Common.WRONG_SHAPE
        if got is None:
            hint = Common.RETURNS_NOTHING
        elif isinstance(got, int | float):
            hint = Common.PYTHON_NUMBER
        elif not isinstance(got, Tensor):
            hint = Common.NOT_A_TENSOR
        holds = isinstance(got, Tensor) and tuple(got.shape) == shape
        what = "returns a scalar tensor" if shape == () else "keeps the shape"
        expected = f"a tensor of shape {shape}"
        has = f"shape {tuple(got.shape)}" if isinstance(got, Tensor) else got
        self.that(holds, what, on=on, expected=expected, got=has, hint=hint)
        assert isinstance(got, Tensor)
        return got.detach() if shape else got

    def pair(self, got: Any, names: str, *, on: str) -> tuple[Any, Any]:
        """`got`, if it holds two values; `names` are the task's for them, e.g. "mean, spread"."""
        self.that(
            isinstance(got, tuple | list) and len(got) == 2,
            "returns two values",
            on=on,
            expected=f"a pair ({names})",
            got=got,
            hint=Common.NOT_A_PAIR.given(names=names),
        )
        return got[0], got[1]

    def kept(self, given: Iterable[Any], before: Iterable[Any], *, on: str) -> None:
        """Check that tensors, arrays or lists that were passed in are unchanged, NaN included."""
        for now, then in zip(given, before, strict=True):
            self.that(
                bool(np.array_equal(np.asarray(now), np.asarray(then), equal_nan=True)),
                "what is passed in stays as it is",
                on=on,
                expected=then,
                got=now,
                hint=Common.INPUT_CHANGED,
            )

    def verdict(
        self, got: object, *, broken: bool, bug: str, on: str, missed: str, accused: str
    ) -> None:
        """Check that `got`, the verdict of a learner's test on some code, is `broken`.

        `bug` is what is to be exposed; `missed` and `accused` are the hints for a bug that was not
        seen, and for right code that was called broken.
        """
        one = isinstance(got, Tensor | np.ndarray) and got.ndim == 0 and "bool" in str(got.dtype)
        self.that(
            one or isinstance(got, bool | np.bool_),
            "answers yes or no",
            on=on,
            expected="True or False",
            got=f"{shown(got)}, of type {type(got).__name__}",
            hint=Common.NOT_YES_OR_NO,
        )
        self.that(
            bool(got) is broken,
            f"{bug} is exposed" if broken else "what is right is cleared",
            on=on,
            expected=broken,
            got=bool(got),
            hint=missed if broken else accused,
        )

    def include(self, passed: Passed) -> None:
        """Record the properties that another check found to hold."""
        self._held += [what for what in passed.properties if what not in self._held]

    def passed(self) -> Passed:
        """All properties that were seen to hold."""
        return Passed(self.name, tuple(self._held))


@contextmanager
def checking(name: str) -> Iterator[Check]:
    """A `Check` with seeded random states of its own.

    Those outside stay as they were, and so does whether gradients are recorded.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        recording = torch.set_grad_enabled(torch.is_grad_enabled())
        with torch.random.fork_rng(devices=[]), recording:
            torch.manual_seed(0)
            yield Check(name)
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def shown(value: object) -> str:
    """A value as a learner would write it down: few digits, and not too many of them."""
    if isinstance(value, Tensor):
        value = value.detach()
        if value.numel() > 12:
            start = ", ".join(shown(v) for v in value.flatten()[:6].tolist())
            return f"{tuple(value.shape)} numbers: {start}, ..."
        value = value.tolist()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(shown(v) for v in value)}]"
    return value if isinstance(value, str) else repr(value)


def _cut(text: str) -> str:
    """As much of a text as somebody would read."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def agree(a: Any, b: Any, atol: float) -> bool:
    """Whether two numbers or tensors are equal up to rounding."""
    if a is None or b is None:
        return a is b
    a, b = torch.as_tensor(a).detach(), torch.as_tensor(b).detach()
    # A number with an imaginary part is not equal to its real part.
    kind = torch.complex128 if a.is_complex() or b.is_complex() else torch.float64
    a, b = a.to(kind), b.to(kind)
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=1e-4, atol=atol, equal_nan=True))
