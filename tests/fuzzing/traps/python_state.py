"""What a step changes in Python: counters, generators of random numbers, the clock, memories."""

from __future__ import annotations

import collections
import random
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps import places, shared_signals, signals
from tests.fuzzing.traps.places import MakeSignal
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _counter(place: str) -> Callable[[Random, Recipe], None]:
    def trap(q: Random, recipe: Recipe) -> None:
        name = q.choice(list(signals.OWN))
        recipe.notes["counter"] = f"{name}, in {place}"
        places.PLACES[place](q, recipe, places.timed(q, recipe, signals.OWN[name]))

    return trap


for _place in places.PLACES:
    TRAPS(f"counter in {_place}")(_counter(_place))


@TRAPS("counter that runs share")
def shared(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(shared_signals.SHARED))
    place = q.choice(list(places.PLACES))
    recipe.notes["counter"] = f"{name}, in {place}"
    places.PLACES[place](q, recipe, places.timed(q, recipe, shared_signals.SHARED[name]))


def _torch_generator() -> places.Signal:
    generator = torch.Generator().manual_seed(0)
    return lambda: torch.rand(1, generator=generator).item()


OWN_GENERATORS: dict[str, MakeSignal] = {
    "random.Random": lambda: random.Random(0).random,
    "numpy default_rng": lambda: np.random.default_rng(0).random,
    "numpy RandomState": lambda: np.random.RandomState(0).rand,
    "torch.Generator": _torch_generator,
    "shuffled list": lambda: iter(Random(0).sample(range(400), 400)).__next__,
}


@TRAPS("own generator of random numbers")
def own_generator(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(OWN_GENERATORS))
    place = q.choice(list(places.PLACES))
    recipe.notes["generator"] = f"{name}, in {place}"
    make = OWN_GENERATORS[name]
    scale = 1 / 400 if name == "shuffled list" else 1.0

    def scaled() -> places.Signal:
        signal = make()
        return lambda: scale * signal()

    places.PLACES[place](q, recipe, scaled)


def _seeded_random() -> places.Signal:
    random.seed(3)
    return random.random


def _seeded_numpy() -> places.Signal:
    np.random.seed(3)  # noqa: NPY002
    return np.random.rand


@TRAPS("global generator, seeded in build")
def global_generator(q: Random, recipe: Recipe) -> None:
    make = q.choice([_seeded_random, _seeded_numpy])
    place = q.choice(list(places.PLACES))
    recipe.notes["generator"] = f"{make.__name__}, in {place}"
    recipe.moves_generators = True
    places.PLACES[place](q, recipe, make)


UNREPEATABLE: dict[str, MakeSignal] = {
    "random": lambda: random.SystemRandom().random,
    "fresh default_rng": lambda: lambda: np.random.default_rng().random(),
    "time": lambda: lambda: time.time() % 1e-3 * 1e3,
    "perf_counter": lambda: lambda: time.perf_counter_ns() % 1000 / 1000,
    "datetime": lambda: lambda: datetime.now().microsecond % 1000 / 1000,
    "secrets": lambda: lambda: secrets.randbelow(1000) / 1000,
    "uuid": lambda: lambda: uuid.uuid4().int % 1000 / 1000,
    "shared random.random": lambda: random.random,
    "fresh torch.Generator": lambda: lambda: _from_fresh_generator(),
}


def _from_fresh_generator() -> float:
    generator = torch.Generator()
    generator.seed()
    return torch.rand(1, generator=generator).item()


@TRAPS("numbers that no seed repeats")
def unrepeatable(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(UNREPEATABLE))
    # Where the number itself acts, not only whether it is above a threshold.
    place = q.choice(["a dropout", "a forward hook", "a gradient hook", "a step hook"])
    recipe.notes["generator"] = f"{name}, in {place}"
    recipe.repeatable, recipe.moves_generators = False, True
    places.PLACES[place](q, recipe, UNREPEATABLE[name])


class Counts(nn.Module):
    """Counts its calls in an attribute, or becomes something else after some."""

    def __init__(self, way: str, late: int) -> None:
        super().__init__()
        self.way, self.late, self.calls = way, late, 0
        self.act: Callable[[Tensor], Tensor] = torch.tanh
        self.memory: list[float] = []
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def forward(self, h: Tensor) -> Tensor:
        self.calls += 1
        if self.way == "attribute":
            return h * (1 + 0.1 * self.calls)
        if self.way == "swapped activation":
            if self.calls > self.late:
                self.act = torch.sin
            return self.act(h)
        if self.way == "another class":
            if self.calls > self.late:
                self.__class__ = Doubles
            return h.tanh()
        if self.way == "another forward":
            if self.calls > self.late:
                self.forward = torch.sigmoid
            return h.tanh()
        if self.way == "buffer that is asked":
            self.seen += 1
            return h.tanh() if self.seen > self.late else h.sigmoid()
        # Only training steps count.
        if self.training:
            self.memory.append(1.0)
        return h * (1 + 0.1 * sum(self.memory))


class Doubles(Counts):
    def forward(self, h: Tensor) -> Tensor:
        return 2 * h.tanh()


@TRAPS("module that changes itself")
def changing_module(q: Random, recipe: Recipe) -> None:
    ways = ["attribute", "swapped activation", "another class", "another forward"]
    way = q.choice([*ways, "buffer that is asked", "list of training steps"])
    late = q.randint(1, 6)
    recipe.notes["module"] = f"{way}, after {late} calls"
    recipe.inside = lambda width: Counts(way, late)


class Remembers(nn.Module):
    """Mixes in what it computed in the step before."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.kept: Any = collections.deque(maxlen=2) if way == "deque" else []
        self.state: Tensor | None = None

    def forward(self, h: Tensor) -> Tensor:
        if not self.training:
            return h
        mean = h.detach().mean(0)
        if self.way in ("deque", "list"):
            before = self.kept[-1] if self.kept else mean
            self.kept.append(mean)
        elif self.way == "tensor that began as None":
            before = mean if self.state is None else self.state
            self.state = 0.5 * before + 0.5 * mean
        else:  # a tensor changed in place
            if self.state is None:
                self.state = mean.clone()
            before = self.state.clone()
            self.state.lerp_(mean, 0.5)
        return h + 0.5 * before


@TRAPS("activations remembered from step to step")
def remembered(q: Random, recipe: Recipe) -> None:
    way = q.choice(["deque", "list", "tensor that began as None", "tensor changed in place"])
    recipe.notes["memory"] = way
    recipe.inside = lambda width: Remembers(way)


@TRAPS("state that another part reads")
def read_elsewhere(q: Random, recipe: Recipe) -> None:
    """The optimizer's count of steps, or what the last gradient was, read in the penalty."""
    way = q.choice(["optimizer's step", "last gradient", "weights of the step before"])
    recipe.notes["read"] = way
    made: dict[str, Any] = {}

    def optimizer(model: nn.Module, value: Any) -> torch.optim.Optimizer:
        made["now"] = torch.optim.Adam(model.parameters(), lr=0.01)
        return made["now"]

    def penalty(model: nn.Module, value: Any) -> Any:
        adam, before = made["now"], {"norm": 0.0}

        def strength(m: nn.Module) -> Tensor:
            weights = [p for p in m.parameters() if p.requires_grad]
            total = sum(p.square().sum() for p in weights)
            if way == "optimizer's step":
                step = adam.state[weights[0]].get("step", 0) if weights[0] in adam.state else 0
                return 0.01 * float(step) * total
            if way == "last gradient":
                grad = weights[0].grad
                return 0.01 * total * (1.0 if grad is None else 1 + float(grad.norm()))
            result = (0.01 + 0.01 * before["norm"]) * total
            before["norm"] = float(total.detach())
            return result

        return strength

    recipe.optimizer, recipe.penalty = optimizer, penalty
