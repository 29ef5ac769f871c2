"""What a case is made of; a trap changes one ingredient or adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import torch
from torch import nn, optim

from course_utils.fleet import Run
from tests.fuzzing import networks, optimizers, parts
from tests.fuzzing.pieces import Knobs
from tests.fuzzing.problems import DataFor, Problem, data_for, problem


@dataclass
class Needs:
    """What a trap needs of the case that it is set in; None leaves it to chance."""

    kind: str | None = None  # "vectors", "images", "sequences"
    targets: str | None = None  # "classes", "numbers"
    #: A usual optimizer, no norms, one data set: nothing that could drown the trap.
    plain: bool = False


@dataclass
class Recipe:
    """One case: `build` and everything else that `fit` and `train_fleet` are given.

    A trap replaces attributes. `network`, `optimizer`, `penalty` and `augment` are called in each
    build, in this order, and must do the same for the same value and the same random state of
    PyTorch; whatever they keep in Python must start anew there.
    """

    task: Problem
    data: DataFor
    network: Callable[[Any], nn.Module]
    optimizer: Callable[[nn.Module, Any], optim.Optimizer]
    penalty: Callable[[nn.Module, Any], parts.Penalty | None]
    augment: Callable[[Any], parts.Augment | None]
    loss_fn: parts.Loss
    values: list[Any]
    seeds: list[int]
    epochs: int
    batch_size: int
    #: Replaces PyTorch's default while the case runs.
    default_dtype: torch.dtype = torch.float32
    #: A layer before the head: width -> module. Called in each build.
    inside: Callable[[int], nn.Module] | None = None
    #: Called at the end of each build, e.g. to register hooks.
    finish: list[Callable[[Run, Any], None]] = field(default_factory=list)
    #: Called at the very start of each build, before weights are drawn.
    prepare: list[Callable[[], None]] = field(default_factory=list)
    #: Whether the same run alone gives the same numbers twice. If not, it must be said.
    repeatable: bool = True
    #: Whether the learner's own code moves global random generators.
    moves_generators: bool = False
    #: Largest difference that rounding may make.
    tolerance: float = 1e-9
    notes: dict[str, str] = field(default_factory=dict)

    def build(self, value: Any) -> Run:
        """The learner's function."""
        for prepare in self.prepare:
            prepare()
        model = self.network(value).to(self.task.dtype)
        optimizer = self.optimizer(model, value)
        run = Run(model, optimizer, self.penalty(model, value), self.augment(value))
        for finish in self.finish:
            finish(run, value)
        return run

    @property
    def steps(self) -> int:
        """Steps of the shortest run, roughly."""
        return self.epochs * (self.task.n // self.batch_size)


#: What the values of a fleet may stand for.
ROLES: dict[str, list[Any]] = {
    "rate": [1.0, 0.3, 0.1],
    "dropout": [0.0, 0.3, 0.6],
    "penalty": [0.0, 1e-3, 1e-2],
    "maybe": [None, 1e-2, 1e-3],
    "augment": [0.0, 0.2, 1.0],
    "width": [4, 7, 5],
    "activation": ["tanh", "gelu", "relu"],
    "pair": [("tanh", 4), ("silu", 4), ("tanh", 6)],
    "optimizer": ["SGD", "Adam", "RMSprop"],
    "name": ["a", "b", "c"],  # labels only: each value is the same run
}


def recipe(q: Random, needs: Needs | None = None, *, simple: bool = False) -> Recipe:
    """A random ordinary case, float64 but for one in ten; or a `simple` one, which any fleet must
    train together, for a trap that should be the only thing in its way."""
    needs = needs or Needs()
    plain = needs.plain or simple
    dtype = torch.float32 if q.random() < 0.1 and not plain else torch.float64
    task = problem(q, needs.kind, dtype, needs.targets)
    role = q.choice(list(ROLES))
    values = ROLES[role][: q.choice([1, 2, 2, 3])]
    kinds = list(optimizers.KINDS)
    if plain or dtype == torch.float32:
        kinds = ["SGD", "SGD", "Adam", "RMSprop"] if plain else ["SGD"]
    name = q.choice(kinds)
    normalized = name not in optimizers.SIGN_LIKE and not plain
    # Each part draws from a generator of its own that starts anew in each build: the structure is
    # the same each time, and changing one part leaves the others as they are.
    shape, settings, extra, batch = (q.getrandbits(32) for _ in range(4))
    often = 0.0 if simple else 0.3
    has_penalty = role in ("penalty", "maybe") or q.random() < often
    has_augment = role == "augment" or q.random() < often

    def network(value: Any) -> nn.Module:
        knobs = Knobs(normalized=normalized, simple=simple, **_knobs(role, value))
        return networks.network(Random(shape), task, knobs, made.inside)

    def optimizer(model: nn.Module, value: Any) -> optim.Optimizer:
        chosen = value if role == "optimizer" else name
        factor = value if role == "rate" else 1.0
        return optimizers.optimizer(Random(settings), chosen, model, factor)

    def penalty(model: nn.Module, value: Any) -> parts.Penalty | None:
        strength = value if role in ("penalty", "maybe") else 1e-3
        if strength is None or not has_penalty:
            return None
        return parts.penalty(Random(extra), model, strength)

    def augment(value: Any) -> parts.Augment | None:
        strength = value if role == "augment" else 0.5
        return parts.augment(Random(batch), task, strength) if has_augment else None

    data, words = (task.dataset(), "one data set") if plain else data_for(q, task)
    loss_name, loss_fn = parts.loss(q, task, simple=simple)
    made = Recipe(
        task=task,
        data=data,
        network=network,
        optimizer=optimizer,
        penalty=penalty,
        augment=augment,
        loss_fn=loss_fn,
        values=values,
        seeds=sorted(q.sample(range(12), q.choice([2, 2, 2, 3])), key=lambda s: (s * 7) % 5),
        epochs=q.choice([2, 2, 3, 4]),
        batch_size=q.randint(7, 16),
        default_dtype=torch.float64 if q.random() < 0.05 and dtype.itemsize == 8 else torch.float32,
        # In float32 rounding grows over the steps; without kinks of Adam it stays below this.
        tolerance=1e-9 if dtype == torch.float64 else 2e-3,
    )
    made.notes = {
        "values": f"{role}: {values}",
        "data": f"{words}; {task}",
        "optimizer": name,
        "loss": loss_name,
    }
    return made


def _knobs(role: str, value: Any) -> dict[str, Any]:
    if role == "pair":
        return {"activation": value[0], "width": value[1]}
    return {role: value} if role in ("width", "dropout", "activation") else {}
