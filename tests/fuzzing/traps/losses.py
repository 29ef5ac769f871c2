"""Losses and layers for which a mean of chunks is not the loss of the whole set."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.fuzzing.problems import Problem
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _large(q: Random, recipe: Recipe) -> None:
    """Validation data of more samples than are scored at once, for half of the cases."""
    if q.random() < 0.5:
        task = recipe.task
        recipe.task = Problem(
            task.shape, task.classes, task.n, q.choice([1001, 1300, 2100]), task.dtype, task.seed
        )
        recipe.data = recipe.task.dataset()
        recipe.notes["data"] = f"{recipe.task.n_val} validation samples"


def _slow(recipe: Recipe, lr: float = 1e-3) -> None:
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=lr)
    recipe.notes["optimizer"] = f"SGD, lr={lr}"


@TRAPS("class weights or a label to ignore", targets="classes", plain=True)
def weighted(q: Random, recipe: Recipe) -> None:
    classes, dtype = recipe.task.classes, recipe.task.dtype
    weight = torch.linspace(1, 9, classes, dtype=dtype)
    ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "CrossEntropyLoss": nn.CrossEntropyLoss(weight=weight),
        "cross_entropy": lambda o, y: F.cross_entropy(o, y, weight=weight),
        "NLLLoss": lambda o, y: F.nll_loss(o.log_softmax(1), y, weight),
        "ignore_index": nn.CrossEntropyLoss(ignore_index=0),
        "ignored by hand": lambda o, y: F.cross_entropy(o[y != 1], y[y != 1]),
        "by counts": lambda o, y: F.cross_entropy(o, y, weight=_counts(y, classes).to(dtype)),
        "balanced": lambda o, y: _balanced(F.cross_entropy(o, y, reduction="none"), y, classes),
        "weights and smoothing": nn.CrossEntropyLoss(weight=weight, label_smoothing=0.1),
    }
    name = q.choice(list(ways))
    recipe.loss_fn, recipe.notes["loss"] = ways[name], name
    _large(q, recipe)


def _counts(y: Tensor, classes: int | None) -> Tensor:
    return 1.0 / (1 + torch.bincount(y, minlength=classes))


def _balanced(each: Tensor, y: Tensor, classes: int | None) -> Tensor:
    member = F.one_hot(y, classes).to(each.dtype)
    return ((each @ member) / (member.sum(0) + 1e-3)).mean()


@TRAPS("sum instead of a mean", plain=True)
def summed(q: Random, recipe: Recipe) -> None:
    _slow(recipe)
    if recipe.task.classes is None:
        ways: dict[str, Any] = {
            "mse sum": nn.MSELoss(reduction="sum"),
            "by hand": lambda o, y: ((o - y) ** 2).sum(),
            "l1 sum": lambda o, y: F.l1_loss(o, y, reduction="sum"),
        }
    else:
        ways = {
            "CrossEntropyLoss": nn.CrossEntropyLoss(reduction="sum"),
            "by hand": lambda o, y: -o.log_softmax(1)[torch.arange(len(y)), y].sum(),
            "divided by a constant": lambda o, y: F.cross_entropy(o, y, reduction="sum") / 8,
        }
    name = q.choice(list(ways))
    recipe.loss_fn, recipe.notes["loss"] = ways[name], name
    _large(q, recipe)


@TRAPS("loss of the whole batch", targets="numbers", plain=True)
def whole(q: Random, recipe: Recipe) -> None:
    _slow(recipe, 0.02)
    ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "RMSE": lambda o, y: F.mse_loss(o, y).sqrt(),
        "R2": lambda o, y: F.mse_loss(o, y) / (y.var(unbiased=False) + 0.1),
        "largest": lambda o, y: (o - y).abs().max(),
        "median": lambda o, y: (o - y).abs().median(),
        "correlation": lambda o, y: 1 - F.cosine_similarity(o - o.mean(), y - y.mean(), dim=0),
        "log of the mean": lambda o, y: F.mse_loss(o, y).log1p(),
        "norm": lambda o, y: torch.linalg.vector_norm(o - y) / len(y),
        "pairs": lambda o, y: (o[:, None] - o - (y[:, None] - y)).square().mean(),
    }
    name = q.choice(list(ways))
    recipe.loss_fn, recipe.notes["loss"] = ways[name], name
    _large(q, recipe)


class OverBatch(nn.Module):
    """Looks at the other samples of its batch, in evaluation too."""

    def __init__(self, way: str, width: int) -> None:
        super().__init__()
        self.way = way
        self.norm = nn.BatchNorm1d(width, track_running_stats=False)

    def forward(self, h: Tensor) -> Tensor:
        if self.way == "norm":
            return self.norm(h)
        if self.way == "centered":
            return h - h.mean(0)
        if self.way == "softmax":
            return h * h.softmax(0) * len(h)
        if self.way == "attention":
            return h + (h @ h.mT / 3).softmax(-1) @ h
        if self.way == "ranks":
            return h + 0.1 * h.argsort(0).argsort(0).to(h.dtype)
        if self.way == "size":
            return h * (1 + 0.01 * len(h))
        return h / (h.norm() + 0.1)


@TRAPS("network that looks at the whole batch in evaluation", plain=True)
def over_batch(q: Random, recipe: Recipe) -> None:
    way = q.choice(["norm", "centered", "softmax", "attention", "ranks", "size", "scale"])
    recipe.notes["layer"] = way
    recipe.inside = lambda width: OverBatch(way, width)
    _slow(recipe, 0.05)
    _large(q, recipe)
