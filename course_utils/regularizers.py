"""The regularizers of lessons 02 to 06, written out: penalties, dropout, batch norm, patience.

PyTorch's own versions are the oracle that each of them is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from course_utils.data.argument_checks import whole
from course_utils.history import History


def penalized_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The tensors that penalties act on, by name: weights with two or more dimensions.

    Biases and the scales of normalization layers have one dimension and are not penalized: they
    cannot make a function wiggle, and shrinking them only shifts it.
    """
    return ((name, p) for name, p in model.named_parameters() if p.ndim >= 2)


def l2_penalty(model: nn.Module) -> Tensor:
    """Sum of squared weights, a scalar. Without the ½ that SGD's ``weight_decay`` carries."""
    return _total(model, lambda w: (w.abs() if w.is_complex() else w).square().sum())


def l1_penalty(model: nn.Module) -> Tensor:
    """Sum of absolute weights, a scalar (Tibshirani 1996)."""
    return _total(model, lambda w: w.abs().sum())


def elastic_net(model: nn.Module, alpha: float) -> Tensor:
    """``alpha * L1 + (1 - alpha) * L2``, a scalar (Zou and Hastie 2005).

    Multiply it by one overall strength λ; alpha in [0, 1] only mixes the two.
    """
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must be in [0, 1], got {alpha}; 0 is pure L2, 1 is pure L1")
    return alpha * l1_penalty(model) + (1.0 - alpha) * l2_penalty(model)


def strength(value: float) -> float:
    """`value` itself, if it is usable as a penalty's strength λ."""
    if not 0.0 <= value < float("inf"):
        raise ValueError(
            f"a penalty's strength must be 0 or more and finite, got {value}; "
            "a negative one rewards large weights without bound"
        )
    return value


def soft_threshold(w: Tensor, threshold: float) -> Tensor:
    """The proximal step of ``threshold * |w|``: shrink every entry by `threshold`, and cut at zero.

    Unlike a subgradient step it makes exact zeros. Any shape; returns a new tensor.
    """
    strength(threshold)
    return w.sign() * (w.abs() - threshold).clamp(min=0.0)


def _total(model: nn.Module, term: Callable[[Tensor], Tensor]) -> Tensor:
    terms = [term(w) for _, w in penalized_weights(model)]
    if not terms:
        raise ValueError("the model has no weights with two or more dimensions to penalize")
    return torch.stack(terms).sum()


class Dropout(nn.Module):
    """Inverted dropout from scratch: while training, drop each unit with probability p and divide
    the survivors by 1 - p; in evaluation, do nothing (Srivastava et al. 2014)."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p must be in [0, 1), got {p}; p is the share of units dropped")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = torch.rand_like(x) >= self.p
        return x * keep / (1.0 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class BatchNorm1d(nn.Module):
    """Batch normalization of x [n, num_features] from scratch (Ioffe and Szegedy 2015).

    Training normalizes with the batch's mean and *biased* variance, and moves the running
    statistics, which store the *unbiased* variance, by `momentum` towards the batch's. Evaluation
    uses the running statistics, so that an output does not depend on the rest of the batch.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(
                f"momentum must be in [0, 1], got {momentum}; it is the weight of the newest batch"
            )
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != len(self.weight):
            raise ValueError(
                f"this layer normalizes x of shape [n, {len(self.weight)}], got {tuple(x.shape)}; "
                "num_features must be the width of the layer before it"
            )
        mean, var = self.running_mean, self.running_var
        if self.training:
            if len(x) < 2:
                raise ValueError(
                    f"batch norm needs at least 2 samples in a training batch, got {len(x)}: the "
                    "variance of one is 0; use a larger batch, or drop the last incomplete one"
                )
            mean, var = x.mean(0), x.var(0, correction=0)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (x.var(0, correction=1) - self.running_var)
                self.num_batches_tracked += 1
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


def early_stopping(patience: int, min_delta: float = 0.0) -> Callable[[History], bool]:
    """A rule for `fit`: stop after `patience` epochs in a row without a real improvement.

    An improvement is a validation loss lower than the last improvement's by more than `min_delta`
    (in units of the loss). A tie is none, and neither is NaN.
    """

    def rule(history: History) -> bool:
        return stopping_epoch(history.val_loss, patience, min_delta) is not None

    stopping_epoch([], patience, min_delta)  # bad settings fail here, not after the first epoch
    return rule


def stopping_epoch(
    val_losses: Sequence[float], patience: int, min_delta: float = 0.0
) -> int | None:
    """The epoch after which patience runs out on a recorded curve, or None if it never does."""
    if isinstance(patience, History):
        raise TypeError(
            "early_stopping must be given its patience first, got a History; pass what it returns: "
            "early_stopping=early_stopping(patience=5)"
        )
    if whole(patience) is None:
        raise ValueError(f"patience must be a whole number of epochs, got {patience!r}")
    if patience < 1:
        raise ValueError(f"patience must be at least 1 epoch, got {patience}")
    if not min_delta >= 0.0:
        raise ValueError(f"min_delta must be 0 or more, got {min_delta}; it is a loss difference")
    best, waited = float("inf"), 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, waited = loss, 0
        else:
            waited += 1
        if waited >= patience:
            return epoch
    return None
