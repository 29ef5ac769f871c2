"""Modules that share, keep or depend on something."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


@TRAPS("one layer in several places", plain=True)
def twice(q: Random, recipe: Recipe) -> None:
    way = q.choice(["sequential", "list", "attribute", "buffer", "weight", "transposed", "nested"])
    recipe.notes["layer"] = way

    class Shares(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)
            self.register_buffer("scale", torch.ones(width, dtype=recipe.task.dtype))
            if way == "attribute":
                self.b = self.a
            elif way == "list":
                self.many = nn.ModuleList([self.a, self.b, self.a])
            elif way == "buffer":
                self.register_buffer("same", self.scale)
            elif way == "weight":
                self.b.weight, self.b.bias = self.a.weight, self.a.bias
            elif way == "nested":
                self.all = nn.Sequential(self.a, nn.Sequential(self.b, self.a))

        def forward(self, h: Tensor) -> Tensor:
            if way == "transposed":
                return F.linear(self.a(h).tanh(), self.a.weight.mT) + self.b(h)
            if way == "buffer" and self.training:
                self.scale.mul_(0.9)
                return self.a(h) * self.same + self.b(h)
            return self.b(self.a(h).tanh()) * self.scale

    def inside(width: int) -> nn.Module:
        layer = nn.Linear(width, width)
        act = nn.Tanh()
        return nn.Sequential(layer, act, layer, act) if way == "sequential" else Shares(width)

    recipe.inside = inside


class Keeps(nn.Module):
    """Keeps an activation where it does not belong, and uses it or not."""

    def __init__(self, way: str, width: int) -> None:
        super().__init__()
        self.way, self.layer = way, nn.Linear(width, width)
        self.seen: list[Any] = []
        self.register_buffer("first", None)
        self.register_buffer("hidden", torch.zeros(width), persistent=False)
        self.last: Tensor | None = None

    def forward(self, h: Tensor) -> Tensor:
        h = self.layer(h).tanh()
        if self.way == "list":
            self.seen.append(h)
        elif self.way == "list of detached":
            self.seen.append(h.detach())
        elif self.way == "shape":
            self.seen.append(np.array(h.shape))
        elif self.way == "buffer that began as None":
            if self.first is None:
                self.first = h.detach().mean(0)
            return h - self.first
        elif self.way == "buffer replaced" and self.training:
            self.hidden = 0.5 * self.hidden + 0.5 * h.detach().mean(0)
            return h - self.hidden
        elif self.way == "dict":
            self.__dict__["kept"] = {"h": h, "n": len(h)}
        elif self.way == "extra state":
            self.last = h.detach().mean(0)
            return h + 0.1 * self.last
        else:
            self.last = h
        return h

    def get_extra_state(self) -> Any:
        return {"way": self.way}

    def set_extra_state(self, state: Any) -> None:
        self.way = state["way"]


@TRAPS("module that keeps activations")
def keeps(q: Random, recipe: Recipe) -> None:
    ways = ["list", "list of detached", "shape", "buffer that began as None", "buffer replaced"]
    way = q.choice([*ways, "dict", "extra state", "attribute"])
    recipe.notes["module"] = way
    recipe.inside = lambda width: Keeps(way, width)
    if way in ("attribute", "list") and q.random() < 0.7:
        recipe.notes["penalty"] = "on the kept activation"

        def penalty(model: nn.Module, value: Any) -> Any:
            module = next(m for m in model.modules() if isinstance(m, Keeps))
            return lambda m: 0.1 * (module.seen[-1] if way == "list" else module.last).abs().mean()

        recipe.penalty = penalty


class Modes(nn.Module):
    """Depends on its mode, or sets it."""

    def __init__(self, way: str, width: int) -> None:
        super().__init__()
        self.way = way
        self.norm, self.layer = nn.BatchNorm1d(width), nn.Linear(width, width)
        self.only_eval = nn.Linear(width, width)

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        if self.way == "frozen norm":
            self.norm.eval()
        return self

    def forward(self, h: Tensor) -> Tensor:
        if self.way == "other layer" and not self.training:
            return self.only_eval(h)
        if self.way == "always training":
            return F.batch_norm(h, None, None, training=True)
        if self.way == "sets itself":
            self.norm.train(len(h) % 2 == 0 and self.training)
        if self.way == "momentum":
            self.norm.momentum = 0.5
        return self.layer(self.norm(h))


@TRAPS("module that depends on its mode")
def modes(q: Random, recipe: Recipe) -> None:
    way = q.choice(["frozen norm", "other layer", "always training", "sets itself", "momentum"])
    recipe.notes["module"] = way
    recipe.inside = lambda width: Modes(way, width)
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.05)
