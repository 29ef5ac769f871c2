"""What model, loss and penalty may return. The checks run at every step, so each is a quick one."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.argument_checks.pairing import LossFn, check_shapes


def checked_outputs(outputs: object, y: Tensor, num_classes: int | None, loss_fn: LossFn) -> Tensor:
    """`outputs`, unless their shape does not fit the targets and the loss (PyTorch would broadcast
    or crash)."""
    if not isinstance(outputs, Tensor):
        raise TypeError(
            f"the model must return one tensor, got {_described(outputs)}; let forward() return "
            "the logits alone, or train a module around this one that picks them out"
        )
    if num_classes is None:
        check_shapes(loss_fn, outputs, y)
    elif outputs.ndim != 2 or outputs.shape[1] != num_classes or len(outputs) != len(y):
        raise ValueError(
            f"the model returned shape {tuple(outputs.shape)} for {len(y)} samples of "
            f"{num_classes} classes; its last layer must give [{len(y)}, {num_classes}] logits"
        )
    return outputs


def checked_batch(x: object, y: Tensor) -> Tensor:
    """What an augmentation made of a batch, unless it is no batch for the targets `y`."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"augment(x) must return a tensor, got {_described(x)}; let it return the changed batch"
        )
    if x.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"augment(x) must return as many samples as it got, got shape {tuple(x.shape)} for a "
            f"batch of {len(y)}; change samples, and leave none out"
        )
    return x


def checked_loss(value: object, *, traced: bool = False) -> Tensor:
    """`value` if it is a scalar tensor (and, where gradients are on, has one), else an error.

    While it is `traced`, a tensor does not show whether it will have a gradient.
    """
    if not isinstance(value, Tensor) or value.ndim != 0:
        raise TypeError(
            f"loss_fn must return a scalar tensor, got {_described(value)}; "
            + (
                'average over the samples: reduction="mean", or loss.mean()'
                if isinstance(value, Tensor)
                else "return what PyTorch computed, without .item()"
            )
        )
    if not traced and torch.is_grad_enabled() and not value.requires_grad:
        raise ValueError(
            "the loss has no gradient, so nothing would train: some weights must have "
            "requires_grad=True, and neither forward() nor loss_fn may leave PyTorch's record "
            "(.detach(), .data, .item(), .numpy(), torch.no_grad())"
        )
    return value


def checked_penalty(
    value: object, model: nn.Module | None = None, *, traced: bool = False
) -> Tensor:
    """`value` if it is a scalar tensor of 0 or more, else an error that says what to change.

    With `model`, a NaN is an error unless the weights are the cause (a run that diverges has an
    error of its own). While it is `traced`, a tensor has no value yet that could be checked.
    """
    if not isinstance(value, Tensor) or value.ndim != 0 or value.is_complex():
        raise TypeError(
            f"penalty(model) must return a scalar tensor, got {_described(value)}; "
            "sum over all weights, for example sum(w.abs().square().sum() for w in ...)"
        )
    if traced:
        return value
    number = value.item()
    if number < 0:
        raise negative_penalty(f"{number:.4g}")
    if math.isnan(number):
        if model is not None and all(bool(p.isfinite().all()) for p in model.parameters()):
            raise ValueError(
                "penalty(model) must be a number of 0 or more, got nan from finite weights; look "
                "for 0/0, or the logarithm or root of a number that has none"
            )
    elif number != 0 and torch.is_grad_enabled() and not value.requires_grad:
        raise ValueError(
            f"penalty(model) must have a gradient, got the constant {number:.4g}, which trains as "
            "λ = 0; compute it from weights that train, without .detach(), .data, .item() or "
            "torch.no_grad()"
        )
    return value


def checked_decision(value: Any) -> bool:
    """What a rule for stopping decided, unless it is nothing that can be yes or no."""
    if isinstance(value, str) or callable(value) or getattr(value, "ndim", 0) > 0:
        raise TypeError(
            f"early_stopping(history) must return True or False, got {_described(value)}; compare "
            "single numbers, such as history.val_loss[-1], and pass early_stopping(patience=5) "
            "itself as the rule"
        )
    return bool(value)


def negative_penalty(got: str) -> ValueError:
    """The error about a penalty below 0."""
    return ValueError(
        f"penalty(model) must be 0 or more, got {got}: a negative one rewards large weights "
        "without bound; use a strength λ of 0 or more, and a plus sign"
    )


def check_reaches(penalty: Tensor, model: nn.Module, optimizer: Any = None) -> None:
    """Raise an error if the gradient of `penalty` reaches no weight of `model` and nothing else
    that the optimizer trains (but the weights of another model, for example). This walks through
    the penalty's graph, so only the first step of an epoch does it."""
    groups = getattr(optimizer, "param_groups", [])
    trained = [*model.parameters(), *(p for group in groups for p in group["params"])]
    own = {id(p) for p in trained if p.requires_grad}
    if not penalty.requires_grad or not own or id(penalty) in own:
        return
    waiting = [penalty.grad_fn]
    seen = {None, *waiting}
    while waiting:
        node = waiting.pop()
        # A function of the learner's own may use weights that it does not show.
        hides = isinstance(node, torch.autograd.function.BackwardCFunction)
        if hides or id(getattr(node, "variable", None)) in own:
            return
        following = {after for after, _ in getattr(node, "next_functions", ())} - seen
        seen |= following
        waiting += following
    raise ValueError(
        "penalty(model) must depend on the weights of the model that it is given, got one that "
        "depends on other tensors alone, which trains as λ = 0; use its argument, as in "
        "lambda model: lam * l2_penalty(model)"
    )


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return f"shape {tuple(value.shape)}" + (" of complex numbers" * value.is_complex())
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if value is None:
        return "None (is a return missing?)"
    return repr(value)
