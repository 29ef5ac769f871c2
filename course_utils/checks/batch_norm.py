"""Check of lesson 04: batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, Passed, agree, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    BATCH_STATISTICS_IN_EVALUATION = (
        "evaluation normalizes with the batch that it is given, not with the running statistics"
    )
    BIASED_BUFFER = "the running variance is biased; what is stored is the unbiased one (n - 1)"
    DIVIDED_TWICE = (
        "the running variance is divided twice, by n and by n - 1; n / (n - 1) makes it unbiased"
    )
    FACTOR_UPSIDE_DOWN = (
        "the factor is upside down: n / (n - 1) makes the variance larger, and so unbiased"
    )
    MOMENTUM_OF_THE_OLD_VALUE = (
        "momentum is the wrong way round: 0.1 is the weight of the newest batch"
    )
    NEVER_UPDATED = "the running statistics never move; training has to update them"
    LAST_BATCH_ONLY = "only the last batch counts; running statistics remember earlier ones"
    UPDATED_IN_EVALUATION = (
        "running statistics are updated in evaluation too; only training may move them"
    )
    REFUSES_IN_EVALUATION = "only training needs two samples; evaluation asks nothing of the batch"
    WITHOUT_SCALE_AND_SHIFT = (
        "after normalizing, the layer scales and shifts; nn.Parameter makes both learnable"
    )
    PLAIN_ATTRIBUTES = (
        "a plain attribute is neither saved nor moved to another device: register_buffer"
    )
    STATISTICS_IN_THE_GRAPH = (
        "update them without recording gradients, or each step drags all earlier ones along"
    )
    DETACHED_STATISTICS = (
        "mean and variance depend on x too; .detach(), .data or no_grad hides that"
    )
    WITHOUT_EPS = "a constant feature has variance 0, and dividing by that is 0 / 0; eps guards it"
    UNBIASED_OUTPUT = "the output uses the unbiased variance (n - 1); normalize with the biased one"
    OVER_THE_FEATURES = "each sample is normalized over its features: layer normalization"
    OVER_EVERYTHING = "one mean and variance serve all features together"
    TRAINING_TURNED_AROUND = (
        "`training` is turned around: in training the batch's own statistics are used, and in "
        "evaluation the running ones"
    )
    NOT_NORMALIZED = "x comes back as it was; normalize it with the batch's own statistics"
    DIVIDED_BY_THE_VARIANCE = "this divides by the variance; its square root has the units of x"
    STD_FOR_VARIANCE = (
        "`std` stands where the variance belongs; the formula takes the square root itself"
    )
    NOT_DIVIDED = "the mean is subtracted, but nothing is divided"


def batch_norm(cls: Callable[..., nn.Module]) -> Passed:
    """Check ``cls(num_features)``, a module that normalizes batches x [n, num_features].

    PyTorch's `nn.BatchNorm1d` with its defaults (eps 1e-5, momentum 0.1) is the measure.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("batch_norm") as check:
        x = torch.tensor([[0.0, 1.0, 5.0], [1.0, 3.0, 5.0], [3.0, -4.0, 5.0], [8.0, 2.0, 5.0]])
        _normalizes(check, cls(3), x)
        _learns(check, cls(3), x)
        _keeps_running_statistics(check, cls, x)
        _backpropagates_through_statistics(check, cls(3), x)
    return check.passed()


_ON = "4 samples of 3 features, the last one constant, in training mode"


def _normalizes(check: Check, layer: nn.Module, x: Tensor) -> None:
    got = check.tensor(layer.train()(x.clone()), tuple(x.shape), on=_ON)

    def scaled(dim: int | None, correction: int, eps: float = 1e-5) -> Tensor:
        if dim is None:
            return (x - x.mean()) / (x.var(correction=correction) + eps).sqrt()
        mean, var = x.mean(dim, keepdim=True), x.var(dim, correction=correction, keepdim=True)
        return (x - mean) / (var + eps).sqrt()

    by_std = [(x - x.mean(0)) / (x.std(0, correction=c) + 1e-5).sqrt() for c in (0, 1)]
    mistakes: dict[str, Any] = {
        Mistake.UNBIASED_OUTPUT: scaled(0, 1),
        Mistake.OVER_THE_FEATURES: scaled(1, 0),
        Mistake.OVER_EVERYTHING: scaled(None, 0),
        Mistake.NOT_NORMALIZED: x / (1 + 1e-5) ** 0.5,
        Mistake.DIVIDED_BY_THE_VARIANCE: (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5),
        Mistake.STD_FOR_VARIANCE: min(by_std, key=lambda wrong: (wrong - got).abs().sum()),
        Mistake.NOT_DIVIDED: x - x.mean(0),
    }
    unchanged = agree(got, mistakes[Mistake.NOT_NORMALIZED], 1e-3)
    if unchanged and agree(layer.eval()(x.clone()), scaled(0, 0), 1e-3):
        mistakes = {Mistake.TRAINING_TURNED_AROUND: got}
    check.close(
        "each feature of a batch gets mean 0 and variance 1",
        got,
        scaled(0, 0),
        on=_ON,
        hint="mean and variance are taken over the batch, one for each feature"
        if got.isfinite().all()
        else Mistake.WITHOUT_EPS,
        atol=1e-3,  # rounding in a constant feature is divided by the root of eps
        mistakes=mistakes,
    )


def _learns(check: Check, layer: nn.Module, x: Tensor) -> None:
    parameters = [p for p in layer.parameters() if tuple(p.shape) == (3,)]
    check.that(
        len(parameters) == 2,
        "a scale and a shift for each feature can be learned",
        on="the parameters of a layer for 3 features",
        expected="two of shape (3,)",
        got=[tuple(p.shape) for p in layer.parameters()],
        hint=Mistake.WITHOUT_SCALE_AND_SHIFT
        if len(parameters) < 2
        else "scale and shift are all that is learned; running statistics are buffers",
    )
    plain = layer.train()(x.clone()).detach()
    with torch.no_grad():
        for p in parameters:
            p.mul_(3.0).add_(1.0)  # a scale of 1 becomes 4, a shift of 0 becomes 1
    check.close(
        "a scale and a shift for each feature can be learned",
        layer(x.clone()),
        4 * plain + 1,
        atol=1e-3,
        on=f"{_ON}, scale 4 and shift 1",
        hint="the scale starts at 1 and multiplies, the shift starts at 0 and is added",
    )


def _keeps_running_statistics(check: Check, cls: Callable[..., nn.Module], x: Tensor) -> None:
    layer, oracle = cls(3).train(), nn.BatchNorm1d(3)
    batches = [x, 2 * x + 1]
    for batch in batches:
        out = layer(batch.clone())
        oracle(batch)
    buffers = [b for b in layer.buffers() if tuple(b.shape) == (3,)]
    check.that(
        len(buffers) >= 2,
        "running statistics are buffers, saved with the model",
        on="the buffers of a layer for 3 features",
        expected="two of shape (3,)",
        got=[name for name, _ in layer.named_buffers()],
        hint=Mistake.PLAIN_ATTRIBUTES,
    )
    check.that(
        out.requires_grad and not any(b.requires_grad for b in buffers),
        "running statistics take no part in the gradient",
        on="the buffers after two training batches",
        expected="no gradient on them",
        got="buffers that remember how they were computed",
        hint=Mistake.STATISTICS_IN_THE_GRAPH,
    )
    layer.eval()
    oracle.eval()
    kept = [b.clone() for b in layer.buffers()]
    got, on = layer(x.clone()).detach(), "the same layer in evaluation, after two training batches"
    check.close(
        "evaluation normalizes with the running statistics",
        got,
        oracle(x),
        on=on,
        hint="running_mean starts at 0, running_var at 1; both go 0.1 of the way to the batch's",
        mistakes=_running_mistakes(batches, x),
    )
    check.that(
        all(torch.equal(a, b) for a, b in zip(kept, layer.buffers(), strict=True)),
        "evaluation leaves the running statistics alone",
        on=on,
        expected="the same buffers before and after",
        got="changed buffers",
        hint=Mistake.UPDATED_IN_EVALUATION,
    )
    on = "the first sample alone, in evaluation"
    try:
        alone = layer(x[:1].clone())
    except ValueError as refused:
        what, hint = "evaluation takes one sample", Mistake.REFUSES_IN_EVALUATION
        said = f"ValueError: {refused}"
        check.that(False, what, on=on, expected="an output", got=said, hint=hint)
    check.close(
        "in evaluation an output does not depend on the rest of the batch",
        alone,
        got[:1],
        on=on,
        hint="nothing of the batch may be used in evaluation, neither mean nor variance",
    )


def _running_mistakes(batches: list[Tensor], x: Tensor) -> dict[str, Any]:
    """What an evaluation would give whose running statistics were kept in a wrong way."""

    n = len(x)

    def output(
        momentum: float, correction: int, updates: list[Tensor], factor: float = 1, power: float = 1
    ) -> Tensor:
        mean, var = torch.zeros(3), torch.ones(3)
        for batch in updates:
            mean = mean + momentum * (batch.mean(0) - mean)
            stored = factor * batch.var(0, correction=correction) ** power
            var = var + momentum * (stored - var)
        return (x - mean) / (var + 1e-5).sqrt()

    return {
        Mistake.BATCH_STATISTICS_IN_EVALUATION: (output(1.0, 0, [x])),
        Mistake.BIASED_BUFFER: output(0.1, 0, batches),
        Mistake.DIVIDED_TWICE: output(0.1, 0, batches, factor=1 / (n - 1)),
        Mistake.FACTOR_UPSIDE_DOWN: output(0.1, 0, batches, factor=(n - 1) / n),
        Mistake.STD_FOR_VARIANCE: output(0.1, 1, batches, power=0.5),
        Mistake.MOMENTUM_OF_THE_OLD_VALUE: output(0.9, 1, batches),
        Mistake.NEVER_UPDATED: output(0.1, 1, []),
        Mistake.LAST_BATCH_ONLY: output(1.0, 1, batches),
        Mistake.UPDATED_IN_EVALUATION: output(0.1, 1, [*batches, x]),
    }


def _backpropagates_through_statistics(check: Check, layer: nn.Module, x: Tensor) -> None:
    weights = torch.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, 2.0], [3.0, 1.0, -1.0], [-1.0, 0.0, 1.0]])

    def slope(module: nn.Module) -> Tensor:
        leaf = x[:, :2].clone().requires_grad_()
        full = torch.cat([leaf, torch.tensor([[1.0], [2.0], [4.0], [0.0]])], 1)
        (module.train()(full) * weights).sum().backward()
        return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad

    check.close(
        "the gradient passes through mean and variance",
        slope(layer),
        slope(nn.BatchNorm1d(3)),
        on="4 samples of 3 features, in training mode: the gradient for x",
        hint=Mistake.DETACHED_STATISTICS,
    )
