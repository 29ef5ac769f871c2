"""Scores of a model on a data set: its loss and accuracy, computed without changing anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.argument_checks import (
    check_loss,
    check_module,
    check_pairs,
    check_samples,
    check_shapes,
    checked_loss,
    explaining,
)
from course_utils.fast_paths import is_plain
from course_utils.snapshot import evaluating

LossFn = Callable[[Tensor, Tensor], Tensor]

#: Samples per forward pass: enough to be fast, small enough to stay in the cache.
CHUNK = 1000
#: This many samples are enough to see whether a model lets them influence each other.
_FEW = 8


class Score(NamedTuple):
    """Means per sample over one data set."""

    loss: float
    acc: float


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, *, loss_fn: LossFn = F.cross_entropy) -> Score:
    """Loss and accuracy of `model` on inputs x [n, ...] and targets y [n], in evaluation mode.

    The loss is what `loss_fn` returns for all n outputs at once, whatever it averages over. The
    data, the mode of every submodule, the gradients and the global random state stay as they are.
    Accuracy is NaN for regression (targets that are not integers).
    """
    check_module(model)
    check_samples(x, y)
    check_loss(loss_fn, y)
    with torch.random.fork_rng(devices=[]), evaluating(model):
        outputs = outputs_of(model, x)
        if y.is_floating_point():
            check_shapes(loss_fn, outputs, y)
        copy = outputs.clone() if isinstance(outputs, Tensor) else outputs  # a loss may write
        with explaining(loss_fn, outputs, y):
            loss = checked_loss(loss_fn(copy, y.clone())).item()
        check_pairs(loss_fn, outputs, y)
        if y.is_floating_point():
            return Score(loss, math.nan)
        return Score(loss, (outputs.argmax(1) == y).sum().item() / len(y))


@torch.no_grad()
def bias_and_variance(
    models: Sequence[nn.Module], x: Tensor, y: Tensor
) -> tuple[list[float], list[float]]:
    """The two parts of the squared error of probabilities, one pair of numbers per model.

    The squared distance of a model's probabilities from the label (all on its class: Brier's
    score) is, on average over the draws that a training depends on, the squared distance of the
    *mean* probabilities from the label (bias², with the noise of the labels in it) plus the mean
    squared distance of each model from that mean (variance). Unlike cross-entropy it splits
    exactly.

    Args:
        models: two or more, alike in all but what is drawn: first weights, batches, noise, ...
        x, y: inputs [n, ...] and class labels [n] that none of them was trained on.

    Returns:
        (bias², variance): each model is compared with the mean of the others, so that the means
        of the two lists are unbiased, and add up to the mean squared error.
    """
    if len(models) < 2:
        raise ValueError(f"variance needs two models at least, got {len(models)}; train more seeds")
    if y.is_floating_point():
        raise ValueError(
            "y must hold class labels (integers), got numbers; probabilities need them"
        )
    each = []
    for model in models:
        with torch.random.fork_rng(devices=[]), evaluating(model):
            each.append(outputs_of(model, x).softmax(1))
    probabilities, k = torch.stack(each), len(models)
    errors = (probabilities - F.one_hot(y, probabilities.shape[-1])).square().sum(-1).mean(1)
    from_mean = (probabilities - probabilities.mean(0)).square().sum(-1).mean(1)
    variance = from_mean * k / (k - 1)
    return (errors - variance).tolist(), variance.tolist()


class ByHalf:
    """Loss and accuracy on each half of the validation set, of all runs in one go.

    Args:
        labels: of each run's validation set.
    """

    def __init__(self, labels: Sequence[Tensor]) -> None:
        self._y = torch.cat(list(labels))
        # Which half of which run a sample belongs to: two numbers for each run, in turn.
        halves = [2 * run + torch.arange(len(y)) % 2 for run, y in enumerate(labels)]
        self._half = torch.cat(halves).to(self._y.device)
        self._sizes = self._half.bincount()

    @torch.no_grad()
    def scores(self, of_runs: Sequence[Tensor]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(losses, accuracies), each [runs, 2], from each run's outputs [n, classes]."""
        outputs = torch.cat(list(of_runs))
        losses = F.cross_entropy(outputs, self._y, reduction="none")
        return self._means(losses), self._means(outputs.argmax(1) == self._y)

    def _means(self, of_samples: Tensor) -> NDArray[np.float64]:
        sums = torch.zeros(len(self._sizes), dtype=torch.float64, device=self._y.device)
        sums.index_add_(0, self._half, of_samples.double())
        means: NDArray[np.float64] = (sums / self._sizes).reshape(-1, 2).cpu().numpy()
        return means


def outputs_of(model: nn.Module, x: Tensor) -> Tensor:
    """The model's outputs for all of x [n, ...], in the mode that it is in.

    It may write into what it is given (``nn.ReLU(inplace=True)`` as a first layer does), so it gets
    copies. It runs on parts of x, unless the outputs of a sample depend on the samples beside it.
    """
    if is_plain(model):
        parts = x.split(CHUNK)
        return model(x) if len(parts) == 1 else torch.cat([model(part) for part in parts])
    if len(x) <= CHUNK or mixes_samples(model, x):
        return model(x.clone())
    return torch.cat([model(part.clone()) for part in x.split(CHUNK)])


def mixes_samples(model: nn.Module, x: Tensor) -> bool:
    """Whether the outputs for one sample depend on the samples in the same batch, as they do where
    evaluation normalizes with the statistics of the batch, or on its place among them. Found out
    with a few samples of x: alone, and amid as many others as are passed at once."""
    few, others = x[:_FEW].clone(), x[_FEW:CHUNK]
    if is_plain(model) or len(x) < 2:
        return False
    if len(others) == 0:
        few, others = few[: len(few) // 2], few[len(few) // 2 :]
    if few.is_floating_point():  # let the others have larger numbers, in case that matters
        few = few.min() + (few - few.min()) / 2
    try:
        before, after = others.tensor_split([(len(others) + 1) // 2])
        together, apart = model(torch.cat([before, few, after])), model(few.clone())
    except Exception:  # it cannot do with few samples, or with such numbers; then it gets them all
        return True
    together = together[len(before) :][: len(apart)]
    finite = together[together.isfinite()].abs()
    size = finite.max().item() if finite.numel() else 0.0
    slack = torch.finfo(together.dtype).eps ** 0.5 * size
    return not torch.allclose(together, apart, rtol=0.0, atol=slack, equal_nan=True)
