"""Functions with a backward of their own, and parts outside of the graph."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from course_utils.regularizers import l2_penalty
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return -0.5 * g


class Straight(torch.autograd.Function):
    """Rounds, with the gradient of the identity."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.round(decimals=1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return g * (x.abs() < 1).to(g.dtype)


class Noised(torch.autograd.Function):
    """Noise in its backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g + 0.1 * torch.randn_like(g)


class Reads(torch.autograd.Function):
    """A backward that looks at numbers."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return x.sin()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return (g if g.norm().item() < ctx.limit else 0.1 * g), None


class Counts(torch.autograd.Function):
    """A backward that counts its calls, in a dictionary."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, seen: dict[str, int]) -> Tensor:
        ctx.seen = seen
        return x * 1.0

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        ctx.seen["calls"] += 1
        return g / ctx.seen["calls"], None


class InPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        return x.clamp_(-0.5, 0.5)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return 0.9 * g


@TRAPS("autograd.Function")
def function(q: Random, recipe: Recipe) -> None:
    way = q.choice(["reversed", "straight", "noised", "reads", "counts", "in place"])
    recipe.notes["function"] = way

    def inside(width: int) -> nn.Module:
        seen = {"calls": 0}
        ways: dict[str, Callable[[Tensor], Tensor]] = {
            "reversed": Reversed.apply,
            "straight": Straight.apply,
            "noised": Noised.apply,
            "reads": lambda h: Reads.apply(h, 0.05),
            "counts": lambda h: Counts.apply(h, seen),
            "in place": lambda h: InPlace.apply(h * 1.0),
        }
        return Apply(ways[way])

    recipe.inside = inside


GRAPHS: dict[str, Callable[[Tensor], Tensor]] = {
    "detach": lambda h: h * h.detach().tanh(),
    "no_grad": lambda h: h + _without(h),
    "straight-through": lambda h: h + (h.round() - h).detach(),
    "checkpoint": lambda h: checkpoint(torch.tanh, h, use_reentrant=False),
    "checkpoint with draws": lambda h: checkpoint(
        lambda x: F.dropout(x, 0.3), h, use_reentrant=False
    ),
    "clone of data": lambda h: h - h.data.mean(0),
    "set_grad_enabled": lambda h: h * _disabled(h),
    "vmap": lambda h: torch.vmap(lambda row: row * row.norm())(h),
    "func.grad": lambda h: torch.func.grad(lambda x: x.tanh().sum())(h),
    "saved tensors": lambda h: _packed(h),
}


@torch.no_grad()
def _without(h: Tensor) -> Tensor:
    return h.mean(0)


def _disabled(h: Tensor) -> Tensor:
    with torch.set_grad_enabled(False):
        return h.sigmoid()


def _packed(h: Tensor) -> Tensor:
    with torch.autograd.graph.saved_tensors_hooks(lambda t: 0.5 * t, lambda t: t):
        return h.square()


@TRAPS("parts outside of the graph")
def graph(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(GRAPHS))
    recipe.notes["graph"] = name
    recipe.inside = lambda width: Apply(GRAPHS[name])


@TRAPS("weights used outside of the graph", plain=True)
def detached_weights(q: Random, recipe: Recipe) -> None:
    """Some have no gradient, or have one in the penalty alone."""
    way = q.choice(["head", "penalty alone", "in training only", "in the first rows"])
    recipe.notes["graph"] = way

    class Partly(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner, self.own = inner, nn.Parameter(torch.ones(3))

        def forward(self, x: Tensor) -> Tensor:
            out = self.inner(x)
            if way == "head":
                return out + self.own.detach().sum()
            if way == "in training only" and self.training:
                return out * self.own.mean()
            if way == "in the first rows" and len(x) > 5:
                return torch.cat([out[:5] * self.own.mean(), out[5:]])
            return out

    network = recipe.network
    recipe.network = lambda value: Partly(network(value))
    recipe.optimizer = lambda model, value: torch.optim.SGD(
        model.parameters(), lr=0.05, weight_decay=0.1, momentum=0.5
    )
    if way == "penalty alone":
        recipe.penalty = lambda model, value: lambda m: m.own.square().sum()
    elif q.random() < 0.5:
        recipe.penalty = lambda model, value: lambda m: 0.01 * l2_penalty(m)
