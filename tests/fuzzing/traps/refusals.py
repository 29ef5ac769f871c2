"""What `fit` refuses, at once or late, and runs that diverge."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.regularizers import l2_penalty
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


@TRAPS("penalty that turns negative", plain=True)
def negative(q: Random, recipe: Recipe) -> None:
    way = q.choice(["no abs", "counter", "one value", "log", "minus", "difference"])
    late = q.randint(1, max(1, recipe.steps - 1))
    recipe.notes["penalty"] = f"{way}, {late}"
    last = repr(recipe.values[-1])

    def factory(model: nn.Module, value: Any) -> Any:
        seen = [0]
        start = l2_penalty(model).detach()

        def counted(m: nn.Module) -> Tensor:
            seen[0] += 1
            return l2_penalty(m) * (-0.01 if seen[0] > late else 0.01)

        sign = -1.0 if repr(value) == last else 1.0
        ways: dict[str, Callable[[nn.Module], Tensor]] = {
            "no abs": lambda m: 0.1 + 0.02 * sum(p.sum() for p in m.parameters()),
            "counter": counted,
            "one value": lambda m: 0.01 * sign * l2_penalty(m),
            "log": lambda m: 0.02 * (l2_penalty(m) / (0.98 * start)).log(),
            "minus": lambda m: -0.01 * l2_penalty(m),
            "difference": lambda m: 0.1 * (l2_penalty(m) - 0.999 * start),
        }
        return ways[way]

    recipe.penalty = factory


@TRAPS("penalty that is none", plain=True)
def no_penalty(q: Random, recipe: Recipe) -> None:
    ways: dict[str, Callable[[nn.Module], Any]] = {
        "number": lambda m: 0.5,
        "detached": lambda m: 0.1 * l2_penalty(m).detach(),
        "data": lambda m: 0.1 * sum(p.data.square().sum() for p in m.parameters()),
        "item": lambda m: 0.1 * torch.tensor(l2_penalty(m).item()),
        "vector": lambda m: 0.1 * l2_penalty(m)[None],
        "None": lambda m: None,
        "of buffers": lambda m: sum((b.double().sum() for b in m.buffers()), torch.zeros(())),
        "infinite": lambda m: 1.0 / (0.0 * l2_penalty(m)),
        "NaN": lambda m: (l2_penalty(m) - 1e9).sqrt(),
        "zero": lambda m: torch.zeros(()),
        "raises": lambda m: 0.1 * m.no_such_layer.weight.sum(),
    }
    name = q.choice(list(ways))
    recipe.notes["penalty"] = name
    recipe.penalty = lambda model, value: ways[name]


@TRAPS("learner's code that raises, at once or late", plain=True)
def raises(q: Random, recipe: Recipe) -> None:
    place, late = q.choice(["layer", "augment", "penalty", "loss", "hook"]), q.randint(0, 5)
    error = q.choice([KeyError, RuntimeError, ValueError, ZeroDivisionError, AssertionError])
    recipe.notes["raises"] = f"{error.__name__} in {place}, after {late} calls"

    def counted() -> Callable[[], None]:
        seen = [0]

        def call() -> None:
            seen[0] += 1
            if seen[0] > late:
                raise error("the learner's own words about what went wrong here")

        return call

    def layer(width: int) -> nn.Module:
        call = counted()
        return Apply(lambda h: (call(), h)[1])

    def hook(run: Any, value: Any) -> None:
        call = counted()
        run.optimizer.register_step_pre_hook(lambda *_: call())

    def augment(value: Any) -> Any:
        call = counted()
        return lambda x: (call(), x)[1]

    def penalty(model: nn.Module, value: Any) -> Any:
        call = counted()
        return lambda m: (call(), 0.01 * l2_penalty(m))[1]

    if place == "layer":
        recipe.inside = layer
    elif place == "hook":
        recipe.finish.append(hook)
    elif place == "augment":
        recipe.augment = augment
    elif place == "penalty":
        recipe.penalty = penalty
    else:
        inner, size = recipe.loss_fn, recipe.batch_size

        def loss(o: Tensor, y: Tensor) -> Tensor:
            if len(o) != size and o.requires_grad:  # the last batch of an epoch
                raise error("the learner's own words about what went wrong here")
            return inner(o, y)

        recipe.loss_fn = loss


@TRAPS("run that diverges", plain=True)
def diverges(q: Random, recipe: Recipe) -> None:
    way = q.choice(["rate of one value", "rate of one seed", "infinity late", "overflow", "log"])
    late = q.randint(1, max(1, recipe.steps - 1))
    recipe.notes["diverges"] = f"{way}, {late}"
    high = repr(q.choice(recipe.values))
    odd: dict[str, float] = {}
    recipe.prepare.append(lambda: odd.update(u=torch.rand(1).item()))
    recipe.penalty = lambda model, value: None
    recipe.augment = lambda value: None

    def optimizer(model: nn.Module, value: Any) -> Any:
        huge = (way == "rate of one value" and repr(value) == high) or (
            way == "rate of one seed" and odd["u"] > 0.5
        )
        return torch.optim.SGD(model.parameters(), lr=1e160 if huge else 0.1)

    def layer(width: int) -> nn.Module:
        seen = [0]

        def forward(h: Tensor) -> Tensor:
            seen[0] += h.requires_grad
            if way == "infinity late" and seen[0] > late and h.requires_grad:
                return h * float("inf")
            if way == "overflow":
                return h.exp().exp().exp() * 1e-3
            return (h + 0.2).log() if way == "log" else h

        return Apply(forward)

    recipe.optimizer, recipe.inside = optimizer, layer


class Hidden(nn.Module):
    """Weights that become NaN, and outputs that do not show it."""

    def __init__(self, width: int, way: str) -> None:
        super().__init__()
        self.way, self.w = way, nn.Parameter(torch.full((width,), 0.1))

    def forward(self, h: Tensor) -> Tensor:
        if self.way == "sqrt":
            return h + (self.w - 0.1).abs().sqrt().nan_to_num(0.0)  # an infinite gradient at once
        if self.way == "division":
            return h + ((self.w - 0.1) / (self.w - 0.1).abs()).nan_to_num(0.0)
        if self.way == "where":
            return h + torch.where(self.w > 1, (self.w - 2).log(), 0.0 * self.w)
        return h + (0.1 * self.w.log()).nan_to_num(0.5)  # NaN once it is negative


@TRAPS("NaN behind nan_to_num", plain=True)
def hidden_nan(q: Random, recipe: Recipe) -> None:
    way = q.choice(["sqrt", "division", "where", "log"])
    recipe.notes["layer"] = way
    recipe.inside = lambda width: Hidden(width, way)
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.5)


@TRAPS("outputs that do not fit the targets", plain=True)
def shapes(q: Random, recipe: Recipe) -> None:
    ways = ["tuple", "too many classes", "column", "scalar", "late", "in evaluation", "detached"]
    way = q.choice([*ways, "list", "dict", "integers"])
    recipe.notes["outputs"] = way
    network = recipe.network

    class Wrong(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner, self.calls = inner, 0

        def forward(self, x: Tensor) -> Any:
            out = self.inner(x)
            self.calls += 1
            ways: dict[str, Callable[[], Any]] = {
                "tuple": lambda: (out, None),
                "list": lambda: [out],
                "dict": lambda: {"logits": out},
                "too many classes": lambda: F.pad(out, (0, 1)),
                "column": lambda: out[..., None],
                "scalar": out.mean,
                "late": lambda: out if self.calls < 5 else out[..., None],
                "in evaluation": lambda: out if self.training else out[..., None],
                "detached": out.detach,
                "integers": lambda: out.round().long(),
            }
            return ways[way]()

    recipe.network = lambda value: Wrong(network(value))


@TRAPS("normalization of a single sample, or one that cannot start", plain=True)
def last_batch(q: Random, recipe: Recipe) -> None:
    way = q.choice(["last batch of one", "batches of one", "batch larger than the data", "frozen"])
    recipe.notes["batches"] = way
    recipe.inside = nn.BatchNorm1d
    recipe.batch_size = {
        "last batch of one": recipe.task.n - 1,
        "batches of one": 1,
        "batch larger than the data": recipe.task.n + 5,
        "frozen": recipe.batch_size,
    }[way]
    if way == "frozen":
        recipe.finish.append(lambda run, value: run.model.requires_grad_(False))
