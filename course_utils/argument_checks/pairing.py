"""Regressions whose outputs have another shape than the targets: which losses may be meant so.

A loss with a mean and a variance, or with several quantiles, for each target wants such outputs.
But one that subtracts [n] targets from [n, 1] outputs compares each output with every target.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.argument_checks.losses import compares_elements, name_of

LossFn = Callable[[Tensor, Tensor], Tensor]

#: So many samples tell whether it matters which target an output is compared with.
_FEW = 8


def check_shapes(loss_fn: LossFn, outputs: Tensor, y: Tensor) -> None:
    """Refuse outputs that are not one row for each of the targets `y`, and those of another shape
    than `y` for one of PyTorch's losses that compare element by element."""
    if outputs.shape == y.shape:
        return
    if outputs.ndim == 0 or len(outputs) != len(y) or compares_elements(loss_fn):
        raise _refusal(outputs, y, f"{name_of(loss_fn) or 'a regression'} needs equal shapes")


@torch.no_grad()
def check_pairs(loss_fn: LossFn, outputs: Tensor, y: Tensor) -> None:
    """Refuse a loss for which outputs and targets `y` matter together, but not which of them belong
    together; and so for each column of the outputs [n, ...]. Only asked where the shapes differ.

    It is tried on a few samples. A loss whose numbers cannot tell is taken at its word.
    """
    numbers = outputs.is_floating_point() and y.is_floating_point()
    if outputs.shape == y.shape or not numbers or len(y) < 2:
        return
    few = torch.linspace(0, len(y) - 1, min(_FEW, len(y))).long().to(y.device)
    few = y.reshape(len(y), -1).sum(1).argsort()[few]  # small and large targets
    some_outputs, some_y, unpaired = outputs[few], y[few], False
    try:
        unpaired = _any_unpaired(loss_fn, some_outputs.double(), some_y.double(), 1e-12)
    except Exception:  # perhaps it holds tensors of its own, which are not float64
        with contextlib.suppress(Exception):  # or needs more samples, and cannot tell
            unpaired = _any_unpaired(loss_fn, some_outputs, some_y, 1e-5)
    if unpaired:
        rule = "for this loss it does not matter which output belongs to which target"
        raise _refusal(outputs, y, rule)


def _any_unpaired(loss_fn: LossFn, outputs: Tensor, y: Tensor, rounding: float) -> bool:
    columns = outputs[0].numel()
    each = list(torch.eye(columns, dtype=torch.bool)) if columns > 1 else []
    everything = torch.ones(columns, dtype=torch.bool)
    parts = (part.view(outputs.shape[1:]).to(y.device) for part in (everything, *each))
    outputs, y = _scaled(outputs), _scaled(y.flip(0)).flip(0)
    return any(_is_unpaired(loss_fn, outputs, y, part, rounding) for part in parts)


def _is_unpaired(
    loss_fn: LossFn, outputs: Tensor, y: Tensor, part: Tensor, rounding: float
) -> bool:
    """Whether this part of the outputs matters together with the targets (smaller outputs make
    another difference for smaller targets), but not which sample of it belongs to which target."""

    def loss(rows: Tensor, targets: Tensor) -> float:
        return float(loss_fn(torch.where(part, rows, outputs), targets.clone()))

    corners = [(rows, targets) for rows in (outputs, 0.75 * outputs) for targets in (y, 0.75 * y)]
    own = [loss(*corner) for corner in corners]
    others = [loss(rows.roll(1, 0), targets) for rows, targets in corners]
    slack = rounding * max(map(abs, own))
    together = abs(own[0] - own[1] - own[2] + own[3])
    return together > 1e4 * slack and all(
        abs(a - b) <= slack for a, b in zip(own, others, strict=True)
    )


def _scaled(t: Tensor) -> Tensor:
    """Each sample scaled down by a factor of its own, so that samples differ, however little a
    model is trained; what must be positive, or below 1, stays so."""
    factors = torch.linspace(0.5, 1, len(t), dtype=t.dtype, device=t.device)
    return t * factors.view(-1, *(1 for _ in t.shape[1:]))


def _refusal(outputs: Tensor, y: Tensor, rule: str) -> ValueError:
    remedy = f"let the model return {tuple(y.shape)}"
    if outputs.ndim == y.ndim + 1 and outputs.shape[-1] == 1:
        remedy = "try outputs.squeeze(-1)"
    elif outputs.ndim == 2 and y.ndim == 1:
        remedy = (
            "give one output for each sample, or a loss of your own that compares single columns "
            "with the targets, such as outputs[:, 0]. If the targets name classes, make them whole "
            "numbers: Dataset.from_tensors(x, y.long())"
        )
    return ValueError(
        f"the model returned shape {tuple(outputs.shape)} for targets {tuple(y.shape)}; {rule}, "
        f"and what differs in shape broadcasts to the targets of other samples: {remedy}"
    )
