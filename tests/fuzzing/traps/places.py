"""Where a number that changes from call to call can act on a run."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.fleet import Run
from course_utils.regularizers import l2_penalty
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.signals import Count

#: Gives a number in [0, 1] at each call.
Signal = Callable[[], float]
#: Makes the signal of one build.
MakeSignal = Callable[[], Signal]


def timed(q: Random, recipe: Recipe, count: Callable[[], Count]) -> MakeSignal:
    """A signal made of a counter: soon, late, in turns, slowly, or once."""
    late = q.randint(1, max(1, recipe.steps - 2))
    epoch = max(1, recipe.steps // recipe.epochs)
    times: dict[str, Callable[[int], float]] = {
        f"after {late} calls": lambda n: float(n > late),
        "from the ninth call": lambda n: float(n >= 9),
        "from the third epoch": lambda n: float(n > 2 * epoch),
        "in turns": lambda n: float(n % 2),
        "every third": lambda n: float(n % 3 == 0),
        "rising": lambda n: min(1.0, n / 20),
        "falling": lambda n: 0.9**n,
        f"only at call {late + 1}": lambda n: float(n == late + 1),
    }
    if recipe.steps < 11:
        del times["from the ninth call"]
    if recipe.epochs < 3:
        del times["from the third epoch"]
    name = q.choice(list(times))
    recipe.notes["when"] = name

    def make() -> Signal:
        counter = count()
        return lambda: times[name](counter())

    return make


def penalty(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """The strength of a penalty, or whether there is one."""
    branches = q.random() < 0.5

    def factory(model: nn.Module, value: Any) -> Any:
        signal = make()
        if branches:
            return lambda m: l2_penalty(m) * 0.05 if signal() > 0.5 else 0.0 * l2_penalty(m)
        return lambda m: (0.01 + 0.1 * signal()) * l2_penalty(m)

    recipe.penalty = factory


def augment(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """How much, or whether, a batch is changed."""
    ways: list[Callable[[Tensor, float], Tensor]] = [
        lambda x, s: x * (1 + 0.2 * s),
        lambda x, s: x.flip(-1) if s > 0.5 else x,
        lambda x, s: x + s,
        lambda x, s: x + 0.3 * s * torch.randn_like(x),
    ]
    way = q.choice(ways)

    def factory(value: Any) -> Any:
        signal = make()
        return lambda x: way(x, signal())

    recipe.augment = factory


def layer(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """A layer that computes something else."""
    ways: list[Callable[[Tensor, float], Tensor]] = [
        lambda h, s: h * (1 + 0.2 * s),
        lambda h, s: h.tanh() if s > 0.5 else h.sigmoid(),
        lambda h, s: h.roll(int(2 * s), -1),
        lambda h, s: torch.cat([h[:, :1] * s, h[:, 1:]], 1),
    ]
    way = q.choice(ways)

    def factory(width: int) -> nn.Module:
        signal = make()
        return Apply(lambda h: way(h, signal()))

    recipe.inside = factory


class ScheduledDropout(nn.Module):
    def __init__(self, signal: Signal) -> None:
        super().__init__()
        self.signal = signal

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.6 * self.signal(), training=True) if self.training else x


def dropout(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """The p of a dropout."""
    recipe.inside = lambda width: ScheduledDropout(make())


def forward_hook(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """A hook on the first layer."""

    def hook(run: Run, value: Any) -> None:
        signal = make()
        first = next(m for m in run.model.modules() if [*m.parameters(recurse=False)])
        first.register_forward_hook(lambda module, args, output: output * (1 + 0.2 * signal()))

    recipe.finish.append(hook)


def gradient_hook(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """A hook on one parameter."""

    def hook(run: Run, value: Any) -> None:
        signal = make()
        weight = next(p for p in run.model.parameters() if p.requires_grad)
        weight.register_hook(lambda g: g * signal())

    recipe.finish.append(hook)


def activation_hook(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """A hook on an activation."""

    def factory(width: int) -> nn.Module:
        signal = make()

        def watch(h: Tensor) -> Tensor:
            h = h * 1.0
            if h.requires_grad:
                h.register_hook(lambda g: g * (0.5 + signal()))
            return h

        return Apply(watch)

    recipe.inside = factory


def step_hook(q: Random, recipe: Recipe, make: MakeSignal) -> None:
    """The learning rate, set before each step."""

    def hook(run: Run, value: Any) -> None:
        signal = make()
        rates = [group["lr"] for group in run.optimizer.param_groups]

        def set_rates(optimizer: Any, args: Any, kwargs: Any) -> None:
            now = signal()
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * (1 - 0.5 * now)

        run.optimizer.register_step_pre_hook(set_rates)

    recipe.finish.append(hook)


#: By name.
PLACES = {
    "a penalty": penalty,
    "an augmentation": augment,
    "a layer": layer,
    "a dropout": dropout,
    "a forward hook": forward_hook,
    "a gradient hook": gradient_hook,
    "an activation hook": activation_hook,
    "a step hook": step_hook,
}
