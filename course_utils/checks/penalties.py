"""Checks of lesson 02: the two penalties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import unique
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    WITH_BIASES = "biases are penalized too; the rule leaves them free"
    ALL_BUT_BIASES = "the batch norm's scale is penalized too; the rule leaves it free"
    ALL_PARAMETERS = "every parameter is penalized; the rule is about weights alone"
    ALL_BIASES = "biases are penalized too, and the batch norm's; the rule leaves them free"
    MATRICES_ONLY = "weights have two dimensions or more, not always exactly two"
    WITHOUT_GRADIENT = (
        "`.data`, `.detach()`, `.item()` and `torch.tensor(...)` cut the gradient off"
    )
    HALF = "this is half of it; there is no ½ in this penalty"
    MEAN = "this is a mean; a penalty adds up, so that a weight costs the same in any model"
    MEANS_OF_LAYERS = "these are means of the layers; a weight must cost the same in every layer"
    FIRST_LAYER_ONLY = (
        "only the first layer counts; is the sum overwritten or returned inside the loop?"
    )
    SUMS_OVERWRITTEN = "only the last layer counts; does each turn of the loop overwrite the sum?"
    NEGATIVE = "this is negative; a penalty makes the loss larger"
    ANOTHER_MODEL = "this is the value for another model; use the model that was passed in"
    L1_FOR_L2 = "this adds up |w|, which is the L1 penalty"
    SQUARE_OF_THE_SUM = "this squares after adding up; each weight has to be squared on its own"
    NORM = "this is the square root of what was asked for: the norm, not its square"
    NORMS_OF_LAYERS = "this adds up one norm (a square root) for each layer"
    WITHOUT_ABS = "negative weights cancel positive ones here; the `abs` is missing"
    ABS_OF_THE_SUM = "this takes `abs` after adding up, when signs have cancelled already"
    L2_FOR_L1 = "this adds up squares, which is the L2 penalty"
    COUNT = "this counts the weights that are not zero, which no gradient can lower"


PenaltyFn = Callable[[nn.Module], Tensor]


def l2_penalty(fn: PenaltyFn) -> Passed:
    """Check ``fn(model)`` -> the sum of squared weights, a scalar tensor.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("l2_penalty") as check:
        _penalty(
            check,
            fn,
            "the squares of all weights, added up",
            lambda w: w.square().sum(),
            gradient=lambda w: 2 * w,
            at_zero=0.0,
            mistakes=lambda ws: {
                Mistake.L1_FOR_L2: _total(ws, lambda w: w.abs().sum()),
                Mistake.SQUARE_OF_THE_SUM: sum(float(w.sum()) ** 2 for w in ws),
                Mistake.NORM: float(_total(ws, lambda w: w.square().sum()).sqrt()),
                Mistake.NORMS_OF_LAYERS: _total(ws, lambda w: w.norm()),
            },
        )
    return check.passed()


def l1_penalty(fn: PenaltyFn) -> Passed:
    """Check ``fn(model)`` -> the sum of absolute weights, a scalar tensor.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("l1_penalty") as check:
        _penalty(
            check,
            fn,
            "the absolute values of all weights, added up",
            lambda w: w.abs().sum(),
            gradient=torch.sign,
            at_zero=1.0,
            mistakes=lambda ws: {
                Mistake.WITHOUT_ABS: _total(ws, lambda w: w.sum()),
                Mistake.ABS_OF_THE_SUM: _total(ws, lambda w: w.sum().abs()),
                Mistake.L2_FOR_L1: _total(ws, lambda w: w.square().sum()),
                Mistake.COUNT: _total(ws, lambda w: (w != 0).sum()),
            },
        )
    return check.passed()


def _total(tensors: Sequence[Tensor], term: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([term(t) for t in tensors]).sum()


def _probe() -> nn.Sequential:
    """Two linear layers and a normalization between them, with weights to follow by hand."""
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Linear(2, 1))
    numbers = [
        [[1.0, -2.0], [0.5, 0.0]],
        [1.5, -0.7],
        [1.1, 0.9],
        [0.2, -0.3],
        [[-3.0, 4.0]],
        [2.5],
    ]
    with torch.no_grad():
        for p, values in zip(model.parameters(), numbers, strict=True):
            p.copy_(torch.tensor(values))
    return model


def _penalty(
    check: Check,
    fn: PenaltyFn,
    what: str,
    term: Callable[[Tensor], Tensor],
    *,
    gradient: Callable[[Tensor], Tensor],
    at_zero: float,
    mistakes: Callable[[list[Tensor]], Mapping[str, Any]],
) -> None:
    on = "weights [[1, -2], [0.5, 0]] and [[-3, 4]], with biases and a batch norm"
    model = _probe()
    named = dict(model.named_parameters())
    before = {name: p.detach().clone() for name, p in named.items()}
    weights = [named["0.weight"], named["3.weight"]]
    total, count = _total(weights, term).detach(), sum(w.numel() for w in weights)
    value = fn(model)
    check.tensor(value, (), on=on)
    free = {
        Mistake.WITH_BIASES: ["0.bias", "3.bias"],
        Mistake.ALL_BUT_BIASES: ["1.weight"],
        Mistake.ALL_PARAMETERS: [name for name, p in named.items() if p.ndim == 1],
        Mistake.ALL_BIASES: [
            "0.bias",
            "1.bias",
            "3.bias",
        ],
    }
    check.close(
        what,
        value,
        total,
        on=on,
        hint="one term for each weight, added up; biases and the batch norm have none",
        mistakes={
            **mistakes([w.detach() for w in weights]),
            Mistake.HALF: total / 2,
            Mistake.MEAN: (total / count),
            Mistake.MEANS_OF_LAYERS: _total(weights, lambda w: term(w) / w.numel()),
            Mistake.FIRST_LAYER_ONLY: (term(weights[0])),
            Mistake.SUMS_OVERWRITTEN: (term(weights[1])),
            Mistake.NEGATIVE: -total,
            **{
                text: total + _total([named[name] for name in names], term)
                for text, names in free.items()
            },
        },
    )
    _gradient(check, value, model, gradient, at_zero, on)
    check.that(
        all(torch.equal(p, before[name]) for name, p in named.items()),
        "the model stays as it was",
        on=on,
        expected="the same weights before and after",
        got="changed weights",
        hint="an operation whose name ends in _ (abs_, square_) changes the weights themselves",
    )
    kernel = nn.Conv2d(1, 2, 3)
    check.close(
        "kernels of a convolution count as well",
        fn(kernel),
        term(kernel.weight),
        on="a convolution with weights of shape (2, 1, 3, 3)",
        hint="a weight may have any number of dimensions; all its entries are added up alike",
        mistakes={
            Mistake.MATRICES_ONLY: 0.0,
            Mistake.WITH_BIASES: (
                term(kernel.weight) + term(kernel.bias)  # type: ignore[arg-type]
            ),
            Mistake.ANOTHER_MODEL: value,
        },
    )


def _gradient(
    check: Check,
    value: Tensor,
    model: nn.Module,
    slope: Callable[[Tensor], Tensor],
    at_zero: float,
    on: str,
) -> None:
    """The gradient is `slope` of the weights; at 0, |w| has every slope from -1 to 1."""
    what = "its gradient reaches the weights"
    check.that(
        value.requires_grad,
        what,
        on=on,
        expected="a tensor that `backward()` can start from",
        got="a tensor without a gradient, so minimizing it would change nothing",
        hint=Mistake.WITHOUT_GRADIENT,
    )
    value.backward()  # type: ignore[no-untyped-call]
    for name, p in model.named_parameters():
        if p.ndim > 1:
            got = torch.zeros_like(p) if p.grad is None else p.grad
            corner = (p.detach() == 0) & (got.abs() <= at_zero)
            got = torch.where(corner, slope(p.detach()), got)
            check.close(
                what,
                got,
                slope(p.detach()),
                on=f"{on}: gradient for {name}",
                hint="no gradient at a weight of exactly 0: a root or a quotient has none there"
                if got.isnan().any()
                else "part of the sum is cut off from the gradient (.data, .detach(), .item())",
            )
