"""The type of the dropout functions that several checks of exercise 03 take."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

DropoutFn = Callable[[Tensor, float, bool], Tensor]
