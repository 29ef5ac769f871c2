"""Small random data sets: vectors, images or sequences, with classes or numbers as targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from course_utils.data import Dataset
from course_utils.data.seal import SealedTestSet

DataFor = Dataset | Callable[[Any, int], Dataset]

SHAPES = {
    "vectors": [(3,), (5,), (8,), (1, 6)],
    "images": [(1, 5, 5), (2, 4, 4), (1, 6, 4)],
    "sequences": [(4, 6), (3, 4), (5, 8)],
}


@dataclass(frozen=True)
class Problem:
    """What a network must fit: inputs [n, *shape] and one target for each."""

    shape: tuple[int, ...]
    classes: int | None  # None for a regression
    n: int
    n_val: int
    dtype: torch.dtype
    seed: int

    @property
    def outputs(self) -> int:
        """Numbers that the last layer gives for one sample."""
        return 1 if self.classes is None else self.classes

    @property
    def kind(self) -> str:
        """Which networks read it: "vectors", "images" or "sequences"."""
        if len(self.shape) == 3:
            return "images"
        return "sequences" if len(self.shape) == 2 and self.shape[0] > 1 else "vectors"

    def dataset(self, *, n: int | None = None, seed: int = 0, noise: float = 0.0) -> Dataset:
        """`n` training samples; another `seed` draws others, `noise` is a share of new labels."""
        n = self.n if n is None else n
        teacher = torch.Generator().manual_seed(self.seed)
        size = (math.prod(self.shape), self.outputs)
        weights = torch.randn(size, generator=teacher, dtype=torch.float64)
        x_val, y_val = self._samples(self.n_val, weights, teacher)
        x_test, y_test = self._samples(4, weights, teacher)
        draws = torch.Generator().manual_seed(1000 * self.seed + seed)
        x, y = self._samples(n, weights, draws)
        clean = y.clone()
        if noise and self.classes is not None:
            redrawn = torch.rand(n, generator=draws, dtype=torch.float64) < noise
            y = torch.where(redrawn, torch.randint(self.classes, (n,), generator=draws), y)
        test = SealedTestSet(x_test, y_test, name="fuzz")
        return Dataset("fuzz", x, y, x_val, y_val, test, self.classes, clean)

    def _samples(self, n: int, weights: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        x = torch.randn(n, *self.shape, generator=draws, dtype=torch.float64)
        outputs = x.flatten(1) @ weights
        outputs = outputs + 0.5 * torch.randn(outputs.shape, generator=draws, dtype=x.dtype)
        if self.classes is None:
            return x.to(self.dtype), torch.tanh(outputs[:, 0]).to(self.dtype)
        # Each class at least once, so that losses which count classes have something to count.
        y = outputs.argmax(1)
        y[: self.classes] = torch.arange(self.classes)[:n]
        return x.to(self.dtype), y


def problem(q: Random, kind: str | None, dtype: torch.dtype, targets: str | None) -> Problem:
    """A random problem; `kind` and `targets` ("classes", "numbers") where a trap needs them."""
    kind = kind or q.choice(["vectors", "vectors", "vectors", "images", "sequences"])
    targets = targets or q.choice(["classes", "classes", "classes", "numbers"])
    return Problem(
        shape=q.choice(SHAPES[kind]),
        classes=q.randint(2, 4) if targets == "classes" else None,
        n=q.randint(20, 60),
        n_val=q.randint(8, 25),
        dtype=dtype,
        seed=q.randrange(1000),
    )


def data_for(q: Random, task: Problem) -> tuple[DataFor, str]:
    """One data set, or one for each value and seed; and the words that describe it."""
    kind = q.choice(["one", "one", "one", "subset", "noise", "folds", "per value"])
    if kind == "one":
        return task.dataset(), "one data set"
    if kind == "subset":
        n = q.randint(15, task.n)
        return task.dataset().subset(n), f"a subset of {n}"
    cached: dict[Any, Dataset] = {}
    # Which values a callable sees is up to the caller: they are compared by their words.
    step, share = q.choice([0, 0, 1, 3]), q.choice([0.2, 0.5])

    def each(value: Any, seed: int) -> Dataset:
        if kind == "noise":
            key, settings = seed, {"seed": seed, "noise": share}
        elif kind == "folds":
            key, settings = seed, {"seed": seed, "n": task.n - step * (seed % 3)}
        else:
            place = len(repr(value)) % 3
            key, settings = repr(value), {"noise": 0.3 * place, "n": task.n - step * place}
        if key not in cached:
            cached[key] = task.dataset(**settings)
        return cached[key]

    return each, f"data(value, seed): {kind}, sizes differ by {step}"
