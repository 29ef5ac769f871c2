"""Losses that do not fit their targets, where PyTorch would silently compute something else."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CROSS_ENTROPY = {
    "F.cross_entropy": F.cross_entropy,
    "nn.CrossEntropyLoss": nn.CrossEntropyLoss.forward,
}
_LABELS_ONLY = {"F.nll_loss": F.nll_loss, "nn.NLLLoss": nn.NLLLoss.forward}
_NUMBERS_ONLY = {
    "F.mse_loss": F.mse_loss,
    "nn.MSELoss": nn.MSELoss.forward,
    "F.l1_loss": F.l1_loss,
    "nn.L1Loss": nn.L1Loss.forward,
    "F.smooth_l1_loss": F.smooth_l1_loss,
    "nn.SmoothL1Loss": nn.SmoothL1Loss.forward,
    "F.huber_loss": F.huber_loss,
    "nn.HuberLoss": nn.HuberLoss.forward,
    "F.binary_cross_entropy": F.binary_cross_entropy,
    "nn.BCELoss": nn.BCELoss.forward,
    "F.binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
    "nn.BCEWithLogitsLoss": nn.BCEWithLogitsLoss.forward,
}


def check_loss(loss_fn: Any, y: Tensor) -> None:
    """Raise an error if `loss_fn` is one of PyTorch's losses and `y` are targets of the wrong kind.

    Cross-entropy, for example, takes [n] floating-point targets for the class probabilities of one
    sample and returns a number. A loss that the learner wrote is not checked.
    """
    if isinstance(loss_fn, type) or not callable(loss_fn):
        got = f"the class {loss_fn.__name__}" if isinstance(loss_fn, type) else repr(loss_fn)
        raise TypeError(
            f"loss_fn must be called as loss_fn(outputs, targets), got {got}; use for example "
            "F.cross_entropy or nn.CrossEntropyLoss(), with brackets"
        )
    name = name_of(loss_fn)
    if y.is_floating_point():
        if name in _CROSS_ENTROPY and y.ndim > 1:
            _check_probabilities(y, name)
        elif name in _CROSS_ENTROPY or name in _LABELS_ONLY:
            raise ValueError(
                f"{name} needs class labels, got {y.dtype} targets such as "
                f"{float(y.flatten()[0]):.4g}; for a regression pass loss_fn=F.mse_loss, for "
                "classes make the labels whole numbers: Dataset.from_tensors(x, y.long())"
            )
    elif name in _NUMBERS_ONLY:
        raise ValueError(
            f"{name} needs floating-point targets, got {y.dtype} class labels; for classes use "
            "loss_fn=F.cross_entropy, for a regression or a single logit "
            "Dataset.from_tensors(x, y.float())"
        )


def _check_probabilities(y: Tensor, name: str) -> None:
    """Raise an error unless `y` [n, classes, ...] is 0 or more and its classes sum to 1."""
    sums = y.sum(1)
    furthest = sums.flatten()[(sums - 1).abs().argmax()]
    if y.shape[1] < 2 or y.min() < 0 or abs(furthest - 1) > 1e-3:
        raise ValueError(
            f"{name} needs class labels [n], or class probabilities [n, classes] of 0 or more that "
            f"sum to 1, got {list(y.shape)} with a smallest of {float(y.min()):.4g} and a sum of "
            f"{float(furthest):.4g}; for a regression pass loss_fn=F.mse_loss, for several labels "
            "at once F.binary_cross_entropy_with_logits"
        )


def check_log_probabilities(loss_fn: Any, outputs: Any) -> None:
    """Raise an error if `loss_fn` wants logarithms of probabilities, and `outputs` [n, classes,
    ...] are none: of logits it makes a number without a lower bound."""
    name = name_of(loss_fn)
    if name not in _LABELS_ONLY or not isinstance(outputs, Tensor) or outputs.ndim < 2:
        return
    sums = outputs.detach().logsumexp(1).flatten()
    furthest = float(sums[sums.abs().argmax()])
    if abs(furthest) > 0.01:
        raise ValueError(
            f"{name} needs logarithms of probabilities, which sum to 1, got outputs whose "
            f"exponentials sum to {math.exp(min(furthest, 700)):.4g}; use loss_fn=F.cross_entropy, "
            "or end the model with nn.LogSoftmax(1)"
        )


@contextmanager
def explaining(loss_fn: Any, outputs: Any, y: Tensor) -> Iterator[None]:
    """Inside, `loss_fn` is called with `outputs` and class labels `y`; if PyTorch refuses them, the
    error says what to change."""
    check_log_probabilities(loss_fn, outputs)
    try:
        yield
    except (RuntimeError, IndexError) as error:  # of PyTorch's own
        if why := _misfit(loss_fn, outputs, y):
            raise ValueError(why) from error
        raise


def _misfit(loss_fn: Any, outputs: Any, y: Tensor) -> str:
    """What is wrong with the labels `y` for `outputs` [n, classes]; "" if that is not known."""
    if not isinstance(outputs, Tensor) or outputs.ndim != 2 or y.is_floating_point():
        return ""
    n, classes = outputs.shape
    if n != len(y):
        return ""
    if y.ndim > 1:
        return (
            f"y must have one entry per sample, shape [{n}], got {list(y.shape)}; use y.squeeze(1) "
            "for a column, y.argmax(1) for one-hot labels"
        )
    if y.dtype != torch.int64:
        return f"class labels must be torch.int64, got {y.dtype}; use y.long()"
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        return (
            f"labels must be in 0 .. {classes - 1} for a model of {classes} outputs, got "
            f"{low if low < 0 else high}; number the classes from 0, or let the model return "
            "more outputs"
        )
    with contextlib.suppress(Exception), torch.no_grad():
        loss_fn(y.clone(), outputs.clone())
        return (
            "loss_fn must be called as loss_fn(outputs, targets), got one that takes the targets "
            "first; exchange its arguments"
        )
    return ""


def compares_elements(loss_fn: Any) -> bool:
    """Whether it is one of PyTorch's losses that compare each output with the target in the same
    place, and so need equal shapes."""
    return name_of(loss_fn) in _NUMBERS_ONLY


def name_of(loss_fn: Any) -> str:
    """The usual name of the PyTorch loss that `loss_fn` is or wraps; "" for any other loss."""
    while isinstance(loss_fn, functools.partial):
        loss_fn = loss_fn.func
    if isinstance(loss_fn, nn.Module):
        loss_fn = loss_fn.forward
    code = getattr(loss_fn, "__func__", loss_fn)
    known = _CROSS_ENTROPY | _LABELS_ONLY | _NUMBERS_ONLY
    return next((name for name, function in known.items() if function is code), "")
