"""Optimizers that have a past, odd groups, or parameters without a gradient."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.regularizers import l2_penalty
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


@TRAPS("optimizer with a past", plain=True)
def past(q: Random, recipe: Recipe) -> None:
    ways = ["warm Adam", "warm SGD", "copied", "preset", "step", "first of Adagrad", "pickled"]
    way = q.choice([*ways, "warm Rprop", "one parameter"])
    recipe.notes["state"] = way
    optim = torch.optim

    def optimizer(model: nn.Module, value: Any) -> optim.Optimizer:
        params = list(model.parameters())
        if way == "first of Adagrad":
            return optim.Adagrad(params, lr=0.1, initial_accumulator_value=0.1)
        if way == "warm SGD":
            made: Any = optim.SGD(params, lr=0.05, momentum=0.9)
        elif way == "warm Rprop":
            made = optim.Rprop(params, lr=0.01)
        else:
            made = optim.Adam(params, lr=0.01)
        # Two steps on made-up gradients, which leave the weights elsewhere too.
        for k in range(2):
            for p in params[: 1 if way == "one parameter" else None]:
                p.grad = torch.full_like(p, 0.1 * (k + 1)) if p.requires_grad else None
            made.step()
        made.zero_grad()
        if way in ("copied", "pickled"):
            state = copy.deepcopy(made.state_dict())
            made = optim.Adam(params, lr=0.01)
            made.load_state_dict(state)
        elif way == "preset":
            for p in made.state:
                made.state[p]["exp_avg"].fill_(0.05)
        elif way == "step":
            for p in made.state:
                made.state[p]["step"].fill_(500.0)
        return made

    recipe.optimizer = optimizer


@TRAPS("optimizer with odd groups", plain=True)
def groups(q: Random, recipe: Recipe) -> None:
    ways = ["added later", "stranger", "rate of zero", "rate is a tensor", "maximize one"]
    more = ["betas by group", "decay by group", "head only", "changed after", "differentiable"]
    way = q.choice([*ways, *more, "empty group", "capturable"])
    recipe.notes["groups"] = way
    optim = torch.optim

    def optimizer(model: nn.Module, value: Any) -> optim.Optimizer:
        params = list(model.parameters())
        first, rest = params[:1], params[1:]
        if way == "stranger":  # a tensor that is not the model's
            other = nn.Parameter(torch.ones(3))
            return optim.SGD([*params, other], lr=0.05, weight_decay=0.1)
        if way == "rate is a tensor":
            return optim.Adam(params, lr=torch.tensor(0.01))
        if way == "betas by group":
            return optim.Adam([{"params": first, "betas": (0.5, 0.9)}, {"params": rest}], lr=0.01)
        if way == "decay by group":
            return optim.AdamW([{"params": first, "weight_decay": 0.9}, {"params": rest}], lr=0.01)
        if way == "head only":
            return optim.SGD(params[-1:], lr=0.1)
        if way == "rate of zero":
            return optim.SGD([{"params": first, "lr": 0.0}, {"params": rest}], lr=0.1, momentum=0.9)
        if way == "maximize one":
            return optim.SGD([{"params": first, "maximize": True}, {"params": rest}], lr=0.01)
        if way == "differentiable":
            return optim.SGD(params, lr=0.05, differentiable=True)
        if way == "capturable":
            return optim.Adam(params, lr=0.01, capturable=False, foreach=False)
        if way == "empty group":
            return optim.SGD([{"params": []}, {"params": params}], lr=0.1)
        made = optim.SGD(rest, lr=0.05, momentum=0.5)
        if way == "added later":
            made.add_param_group({"params": first, "lr": 0.2, "momentum": 0.0})
        else:
            made.param_groups[0]["weight_decay"] = 0.2
            made.param_groups[0]["nesterov"] = True
        return made

    recipe.optimizer = optimizer


class Spare(nn.Module):
    """Has a layer that it does not use, or not always."""

    def __init__(self, inner: nn.Module, way: str) -> None:
        super().__init__()
        self.inner, self.way = inner, way
        self.spare, self.calls = nn.Linear(3, 2), 0

    def forward(self, x: Tensor) -> Tensor:
        out = self.inner(x)
        if self.way == "times zero":
            return out + 0.0 * self.spare.weight.sum()
        if self.training:
            self.calls += self.way == "used at first"
            if self.way == "used in large batches" and len(x) > 6:
                return out * self.spare.weight.mean()
            if self.way == "used at first" and self.calls <= 2:
                return out + self.spare.weight.sum()
        return out


@TRAPS("layer without a gradient, and weight decay", plain=True)
def unused(q: Random, recipe: Recipe) -> None:
    ways = ["never used", "used in large batches", "used at first", "times zero", "penalty alone"]
    way = q.choice(ways)
    kind = q.choice(["SGD", "Adam", "AdamW", "RMSprop", "NAdam", "Adagrad"])
    settings = {"momentum": 0.9} if kind == "SGD" else {}
    recipe.notes["layer"], recipe.notes["optimizer"] = way, f"{kind} {settings}"
    network, make = recipe.network, getattr(torch.optim, kind)
    recipe.network = lambda value: Spare(network(value), way)
    recipe.optimizer = lambda model, value: make(
        model.parameters(), lr=0.01, weight_decay=0.3, **settings
    )
    recipe.penalty = lambda model, value: None
    if way == "penalty alone":
        recipe.penalty = lambda model, value: lambda m: 0.1 * m.spare.weight.square().sum()
    elif q.random() < 0.3:  # a penalty over everything gives each a gradient
        recipe.penalty = lambda model, value: lambda m: 0.01 * l2_penalty(m)


@TRAPS("layers thawed or frozen on the way", plain=True)
def thawed(q: Random, recipe: Recipe) -> None:
    way = q.choice(["thawed by a hook", "frozen by a hook", "frozen in forward", "frozen weight"])
    late = q.randint(1, max(1, recipe.steps - 2))
    recipe.notes["layers"] = f"{way}, after {late} steps"

    def finish(run: Any, value: Any) -> None:
        weight = next(p for p in run.model.parameters() if p.requires_grad)
        seen = [0]

        def hook(*_: Any) -> None:
            seen[0] += 1
            if seen[0] == late:
                weight.requires_grad_(way == "thawed by a hook")
                weight.grad = None

        if way in ("thawed by a hook", "frozen weight"):
            weight.requires_grad_(False)
        if way in ("thawed by a hook", "frozen by a hook"):
            run.optimizer.register_step_post_hook(hook)
        if way == "frozen in forward":
            run.model.register_forward_pre_hook(lambda *_: hook())

    recipe.optimizer = lambda model, value: torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.05
    )
    recipe.finish.append(finish)


class TwoStep(torch.optim.SGD):
    """Does a thing now and then, or keeps what PyTorch's state does not know."""

    way = "momentum by name"

    def __init__(self, params: Any, lr: float, way: str) -> None:
        super().__init__(params, lr=lr)
        self.way, self.kept, self.steps = way, [], 0

    def step(self, closure: Any = None) -> Any:
        self.steps += 1
        params = [p for g in self.param_groups for p in g["params"] if p.grad is not None]
        with torch.no_grad():
            if self.way == "accumulates" and self.steps % 2:
                self.kept = [p.grad.clone() for p in params]
                return None
            if self.way == "accumulates":
                for p, kept in zip(params, self.kept, strict=True):
                    p.grad.add_(kept)
            elif self.way == "trust":
                for p in params:
                    p.grad.mul_(float(p.norm()) / (float(p.grad.norm()) + 1e-3))
            elif self.way == "noise":
                for p in params:
                    p.grad.add_(0.05 * torch.randn_like(p))
            elif self.way == "warm-up":
                self.param_groups[0]["lr"] = 0.1 * min(1.0, self.steps / 9)
            elif self.way == "median":
                self.kept.append([p.grad.clone() for p in params])
                for p, *past in zip(params, *self.kept[-3:], strict=True):
                    p.grad.copy_(torch.stack(past).median(0).values)
            elif self.way == "gradients shared":
                torch.nn.utils.clip_grad_norm_([p for p in params if p.ndim > 1], 0.05)
        return super().step(closure)


@TRAPS("own optimizer with state in Python", plain=True)
def own(q: Random, recipe: Recipe) -> None:
    ways = ["accumulates", "trust", "noise", "warm-up", "median", "gradients shared"]
    way = q.choice(ways)
    recipe.notes["optimizer"] = f"own: {way}"
    recipe.optimizer = lambda model, value: TwoStep(
        [p for p in model.parameters() if p.requires_grad], 0.05, way
    )


@TRAPS("two parameters whose gradients are one", plain=True)
def same_gradient(q: Random, recipe: Recipe) -> None:
    """What is added to both gets the same gradient; a clip must not scale it twice."""
    way = q.choice(["clip in a step hook", "clip each", "scaled in place"])
    recipe.notes["clip"] = way

    class Both(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.a, self.b = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.ones(width))

        def forward(self, h: Tensor) -> Tensor:
            return h + self.a + self.b

    def hook(optimizer: Any, args: Any, kwargs: Any) -> None:
        params = [p for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        for p in params:
            if way == "scaled in place":
                p.grad.mul_(0.5)
            elif way == "clip each":
                nn.utils.clip_grad_norm_([p], 0.01)
        if way == "clip in a step hook":
            nn.utils.clip_grad_norm_(params, 0.05)

    recipe.inside = Both
    recipe.finish.append(lambda run, value: run.optimizer.register_step_pre_hook(hook))
