"""Settings and structure that are drawn in build, so that they differ by seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.regularizers import l1_penalty, l2_penalty
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


class Draw:
    """A number in [0, 1] drawn at the start of each build, so by the seed.

    With `odd`, it is 0 for all seeds but one, which is often the last: nobody speaks for it.
    """

    def __init__(self, q: Random, recipe: Recipe) -> None:
        self.u = 0.0
        self.odd = q.random() < 0.5
        self.chosen = recipe.seeds[q.choice([0, -1, -1])]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.chosen)
            self.mark = torch.rand(1).item()
        recipe.prepare.append(self.draw)
        recipe.notes["drawn"] = f"odd for seed {self.chosen}" if self.odd else "for each seed"

    def draw(self) -> None:
        drawn = torch.rand(1).item()
        self.u = float(abs(drawn - self.mark) < 1e-6) if self.odd else drawn


@TRAPS("setting of the optimizer drawn in build")
def optimizer_setting(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    way = q.choice(["lr", "momentum", "weight_decay", "betas", "eps", "class", "groups", "later"])
    recipe.notes["setting"] = way
    optim = torch.optim

    def optimizer(model: nn.Module, value: Any) -> optim.Optimizer:
        params, u = list(model.parameters()), draw.u
        if way == "lr":
            return optim.SGD(params, lr=0.1 * (1 - 0.9 * u))
        if way == "momentum":
            return optim.SGD(params, lr=0.05, momentum=0.9 * u)
        if way == "weight_decay":
            return optim.AdamW(params, lr=0.01, weight_decay=u)
        if way == "betas":
            return optim.Adam(params, lr=0.01, betas=(0.9 * u, 0.99))
        if way == "eps":
            return optim.RMSprop(params, lr=0.01, eps=1e-8 + u)
        if way == "class":
            return (optim.Adam if u > 0.5 else optim.AdamW)(params, lr=0.01, weight_decay=0.1)
        if way == "groups":
            few = params[: 1 if u > 0.5 else 2]
            rest = [p for p in params if all(p is not other for other in few)]
            return optim.SGD([{"params": few, "lr": 0.01}, {"params": rest}], lr=0.1)
        made = optim.SGD(params, lr=0.1)
        made.param_groups[0]["weight_decay"] = 0.3 * u
        return made

    recipe.optimizer = optimizer


@TRAPS("penalty drawn in build")
def penalty(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    way = q.choice(["strength", "target", "kind", "exponent", "which layer", "none"])
    recipe.notes["penalty"] = way

    def factory(model: nn.Module, value: Any) -> Any:
        u = draw.u
        target = [u * torch.rand_like(p) for p in model.parameters()]
        if way == "strength":
            return lambda m: 0.1 * u * l2_penalty(m)
        if way == "kind":
            return lambda m: 0.01 * (l1_penalty(m) if u > 0.5 else l2_penalty(m))
        if way == "none":
            return (lambda m: 0.05 * l2_penalty(m)) if u > 0.5 else None
        if way == "exponent":
            power = 1.5 + u
            return lambda m: sum(0.01 * (p.abs() + 1e-3).pow(power).sum() for p in m.parameters())
        if way == "which layer":
            return lambda m: [0.05 * p.square().sum() for p in m.parameters()][-1 if u > 0.5 else 0]
        return lambda m: sum(
            0.05 * (p - t).square().sum() for p, t in zip(m.parameters(), target, strict=True)
        )

    recipe.penalty = factory


class Chosen(nn.Module):
    """A layer with something that was drawn when it was made, as plain Python or a plain tensor."""

    def __init__(self, way: str, u: float, width: int) -> None:
        super().__init__()
        self.way, self.u = way, u
        self.mask = torch.rand(width) > 0.5  # drawn per seed, and in no buffer
        self.order = torch.randperm(width).tolist()
        self.linear = nn.Linear(width, width)
        if way == "parameter's size":
            self.extra = nn.Parameter(torch.ones(2 if u > 0.5 else 3))
        if way == "buffer's value":
            self.register_buffer("scale", torch.tensor(u))

    def forward(self, h: Tensor) -> Tensor:
        if self.way == "mask":
            return F.linear(h, self.linear.weight * self.mask.to(h.dtype), self.linear.bias)
        if self.way == "order":
            return self.linear(h[:, self.order])
        if self.way == "branch":
            return self.linear(h).tanh() if self.u > 0.5 else self.linear(h).sigmoid()
        if self.way == "dropout":
            return F.dropout(self.linear(h), 0.8 * self.u, self.training)
        if self.way == "depth":
            for _ in range(1 + int(2.5 * self.u)):
                h = self.linear(h)
            return h
        if self.way == "parameter's size":
            return self.linear(h) * self.extra.sum()
        if self.way == "buffer's value":
            return self.linear(h) * (1 + self.scale)
        return self.linear(h) * (1 + self.u)


@TRAPS("structure drawn in build")
def structure(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    ways = ["mask", "order", "branch", "dropout", "depth", "scale"]
    way = q.choice([*ways, "parameter's size", "buffer's value"])
    recipe.notes["structure"] = way
    recipe.inside = lambda width: Chosen(way, draw.u, width)


@TRAPS("width or layers drawn in build")
def width(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    way = q.choice(["width", "activation", "norm", "slope", "frozen", "bias"])
    recipe.notes["structure"] = way

    def inside(width: int) -> nn.Module:
        u = draw.u
        if way == "width":
            middle = 3 + int(3 * u)
            return nn.Sequential(nn.Linear(width, middle), nn.Tanh(), nn.Linear(middle, width))
        if way == "activation":
            return nn.Sequential(nn.Linear(width, width), nn.Tanh() if u > 0.5 else nn.Softsign())
        if way == "norm":
            return nn.LayerNorm(width) if u > 0.5 else nn.Identity()
        if way == "slope":
            return nn.LeakyReLU(u)
        if way == "bias":
            return nn.Linear(width, width, bias=u > 0.5)
        layer = nn.Linear(width, width)
        return layer.requires_grad_(u > 0.5)

    recipe.inside = inside


@TRAPS("augmentation drawn in build")
def augment(q: Random, recipe: Recipe) -> None:
    draw = Draw(q, recipe)
    way = q.choice(["strength", "fixed noise", "branch", "none", "shift", "number of draws"])
    recipe.notes["augment"] = way
    shape = recipe.task.shape

    def factory(value: Any) -> Any:
        u, fixed = draw.u, torch.randn(shape)
        ways: dict[str, Callable[[Tensor], Tensor] | None] = {
            "strength": lambda x: x + u * torch.randn_like(x),
            "fixed noise": lambda x: x + 0.3 * fixed.to(x.dtype),
            "branch": lambda x: x.flip(-1) if u > 0.5 else x,
            "none": (lambda x: x + 0.3 * torch.rand_like(x)) if u > 0.5 else None,
            "shift": lambda x: x.roll(1 + int(2 * u), -1),
            "number of draws": lambda x: sum(
                (0.2 * torch.randn_like(x) for _ in range(1 + int(2.5 * u))), x
            ),
        }
        return ways[way]

    recipe.augment = factory
