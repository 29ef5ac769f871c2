"""Hooks on the optimizer, and hooks that only watch."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.fleet import Run
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.hooks import layers_of, trained
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


@TRAPS("hook on the optimizer, before its step", plain=True)
def before_step(q: Random, recipe: Recipe) -> None:
    ways = ["clip norm", "clip value", "noise", "centralize", "drop", "decay by hand", "clip one"]
    way = q.choice(ways)
    recipe.notes["hook"] = way

    def hook(optimizer: Any, args: Any, kwargs: Any) -> None:
        all_of_them = [p for g in optimizer.param_groups for p in g["params"]]
        parameters = [p for p in all_of_them if p.grad is not None]
        if way == "clip norm":
            nn.utils.clip_grad_norm_(parameters, 0.1)
        elif way == "clip value":
            nn.utils.clip_grad_value_(parameters, 0.01)
        elif way == "clip one":
            nn.utils.clip_grad_norm_(parameters[-1:], 0.01)
        else:
            for p in parameters:
                if way == "noise":
                    p.grad.add_(0.1 * torch.randn_like(p))
                elif way == "centralize" and p.ndim > 1:
                    p.grad.sub_(p.grad.mean(1, keepdim=True))
                elif way == "drop" and p.ndim == 1:
                    p.grad = None
                elif way == "decay by hand":
                    p.grad.add_(p.detach(), alpha=0.1)

    recipe.finish.append(lambda run, value: run.optimizer.register_step_pre_hook(hook))


@TRAPS("hook on the optimizer, after its step", plain=True)
def after_step(q: Random, recipe: Recipe) -> None:
    ways = ["largest norm", "non-negative", "average", "mask", "sparse", "zero bias"]
    way = q.choice(ways)
    recipe.notes["hook"] = way

    def register(run: Run, value: Any) -> None:
        start = [p.detach().clone() for p in run.model.parameters()]
        average = [p.detach().clone() for p in run.model.parameters()]

        def hook(optimizer: Any, args: Any, kwargs: Any) -> None:
            with torch.no_grad():
                for p, first, mean in zip(run.model.parameters(), start, average, strict=True):
                    if way == "largest norm" and p.ndim > 1:
                        p.copy_(torch.renorm(p, 2, 0, 0.5))
                    elif way == "non-negative":
                        p.clamp_(min=0)
                    elif way == "average":
                        mean.lerp_(p, 0.2)
                        p.copy_(mean)
                    elif way == "mask":
                        p.mul_(first > 0)
                    elif way == "sparse" and p.numel() > 2:
                        p.masked_fill_(p.abs() < p.abs().quantile(0.3), 0.0)
                    elif way == "zero bias" and p.ndim == 1:
                        p.zero_()

        run.optimizer.register_step_post_hook(hook)

    recipe.finish.append(register)


@TRAPS("schedule stepped by a hook")
def schedule(q: Random, recipe: Recipe) -> None:
    schedules = torch.optim.lr_scheduler
    kinds: dict[str, Callable[[Any], Any]] = {
        "StepLR": lambda o: schedules.StepLR(o, step_size=q_step, gamma=0.3),
        "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.9),
        "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, T_max=7),
        "LinearLR": lambda o: schedules.LinearLR(o, start_factor=0.1, total_iters=5),
        "LambdaLR": lambda o: schedules.LambdaLR(o, lambda step: 1.0 if step < 9 else 0.1),
    }
    q_step, name = q.randint(2, 6), q.choice(list(kinds))
    recipe.notes["hook"] = name

    def register(run: Run, value: Any) -> None:
        scheduler = kinds[name](run.optimizer)
        run.optimizer.register_step_post_hook(lambda *_: scheduler.step())

    recipe.finish.append(register)


@TRAPS("hook that only watches", plain=True)
def watching(q: Random, recipe: Recipe) -> None:
    """Changes nothing; what it keeps must be real tensors afterwards."""
    way = q.choice(["parameter", "module", "activation"])
    recipe.notes["hook"] = way

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kept: list[Tensor] = []

        def forward(self, h: Tensor) -> Tensor:
            if way == "activation" and h.requires_grad:
                h = h * 2
                h.register_hook(lambda g: self.kept.append(g.detach()))
            return h

    def register(run: Run, value: Any) -> None:
        watch = next(m for m in run.model.modules() if isinstance(m, Watched))
        if way == "parameter":
            trained(run.model)[0].register_hook(lambda g: watch.kept.append(g.detach()))
        elif way == "module":
            layers_of(run.model)[0].register_forward_hook(
                lambda m, args, out: watch.kept.append(out.detach())
            )

    recipe.inside = lambda width: Watched()
    recipe.finish.append(register)
