"""Random optimizers: PyTorch's own with random settings, and ones that students write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import torch
from torch import Tensor, nn, optim


class SignSGD(optim.Optimizer):
    """Steps of one size, whatever the gradient's."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(p.grad.sign(), alpha=group["lr"])


class Lion(optim.Optimizer):
    """Chen et al. 2023: the sign of a mixture of momentum and gradient."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.01, decay: float = 0.01) -> None:
        super().__init__(params, {"lr": lr, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["decay"])
                p.sub_((0.9 * momentum + 0.1 * p.grad).sign(), alpha=group["lr"])
                momentum.mul_(0.99).add_(p.grad, alpha=0.01)


class OwnAdam(optim.Optimizer):
    """From the paper, with the step counted in Python."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})
        self.t = 0

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        self.t += 1
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * p.grad
                state["v"] = 0.99 * state.get("v", 0.0) + 0.01 * p.grad.square()
                m, v = state["m"] / (1 - 0.9**self.t), state["v"] / (1 - 0.99**self.t)
                p -= group["lr"] * m / (v.sqrt() + 1e-6)


class Clipped(optim.SGD):
    """SGD that first shortens the gradient of all parameters together."""

    def step(self, closure: Any = None) -> Any:
        nn.utils.clip_grad_norm_([p for g in self.param_groups for p in g["params"]], 0.1)
        return super().step(closure)


class Decaying(optim.SGD):
    """SGD whose learning rate shrinks with every step."""

    def step(self, closure: Any = None) -> Any:
        result = super().step(closure)
        for group in self.param_groups:
            group["lr"] *= 0.9
        return result


class Lookahead(optim.SGD):
    """Every third step, halfway back to slow weights (Zhang et al. 2019)."""

    def step(self, closure: Any = None) -> Any:
        result = super().step(closure)
        with torch.no_grad():
            for p in (p for g in self.param_groups for p in g["params"]):
                state = self.state[p]
                slow = state.setdefault("slow", p.clone())
                state["count"] = state.get("count", 0) + 1
                if state["count"] % 3 == 0:
                    slow.lerp_(p, 0.5)
                    p.copy_(slow)
        return result


class Proximal(optim.SGD):
    """A plain step, then soft thresholding: exact zeros."""

    def step(self, closure: Any = None) -> Any:
        result = super().step(closure)
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.copy_(p.sign() * (p.abs() - 0.01 * group["lr"]).clamp(min=0))
        return result


Make = Callable[[Iterable[Any], float], optim.Optimizer]

#: For each name, how to draw one: its settings come from `q`, its parameters and rate from a build.
KINDS: dict[str, Callable[[Random], Make]] = {
    "SGD": lambda q: _kwargs(optim.SGD, momentum=q.choice([0, 0.9]), **_sgd(q)),
    "SGD with Nesterov": lambda q: _kwargs(optim.SGD, momentum=0.8, nesterov=True, **_decay(q)),
    "SGD with dampening": lambda q: _kwargs(optim.SGD, momentum=0.7, dampening=0.2, **_decay(q)),
    "Adam": lambda q: _kwargs(optim.Adam, betas=_betas(q), amsgrad=q.random() < 0.3, **_decay(q)),
    "AdamW": lambda q: _kwargs(optim.AdamW, eps=q.choice([1e-8, 1e-3]), **_decay(q)),
    "Adamax": lambda q: _kwargs(optim.Adamax, betas=_betas(q), **_decay(q)),
    "NAdam": lambda q: _kwargs(
        optim.NAdam,
        momentum_decay=q.choice([4e-3, 0.1]),
        decoupled_weight_decay=q.random() < 0.5,
        **_decay(q),
    ),
    "RAdam": lambda q: _kwargs(optim.RAdam, betas=(0.8, q.choice([0.9, 0.999])), **_decay(q)),
    "Adagrad": lambda q: _kwargs(optim.Adagrad, lr_decay=q.choice([0, 0.1]), **_decay(q)),
    "Adadelta": lambda q: _kwargs(optim.Adadelta, rho=q.choice([0.9, 0.5]), **_decay(q)),
    "RMSprop": lambda q: _kwargs(
        optim.RMSprop, momentum=q.choice([0, 0.5]), centered=q.random() < 0.4, **_decay(q)
    ),
    "Rprop": lambda q: _kwargs(optim.Rprop, etas=q.choice([(0.5, 1.2), (0.7, 1.1)])),
    "ASGD": lambda q: _kwargs(optim.ASGD, lambd=q.choice([1e-4, 1e-2]), t0=q.choice([3, 1e6])),
    "Adafactor": lambda q: _kwargs(optim.Adafactor, **_decay(q)),
    "SignSGD": lambda q: SignSGD,
    "Lion": lambda q: Lion,
    "own Adam": lambda q: OwnAdam,
    "clipped": lambda q: _kwargs(Clipped, momentum=q.choice([0, 0.9])),
    "decaying": lambda q: Decaying,
    "lookahead": lambda q: Lookahead,
    "proximal": lambda q: Proximal,
}
# Muon is left out: it computes in bfloat16, where equal runs may differ in the third digit.

#: Their steps are large even where a gradient is zero but for rounding. (Adamax divides the decay
#: of such a weight by 1e-8, and so makes rounding errors grow from step to step.)
SIGN_LIKE = {"Adagrad", "Adamax", "Rprop", "Adafactor", "SignSGD", "Lion"}

#: A usual learning rate, where 0.1 is too much.
RATE = {"SGD": 0.1, "ASGD": 0.1, "Adadelta": 1.0, "clipped": 0.3, "proximal": 0.1, "decaying": 0.2}


def optimizer(q: Random, name: str, model: nn.Module, factor: float = 1.0) -> optim.Optimizer:
    """The optimizer `name` for `model`, its learning rate times `factor`."""
    make = KINDS[name](q)
    lr = factor * q.choice([0.3, 1.0]) * RATE.get(name, 0.01)
    parameters = [p for p in model.parameters() if p.requires_grad]
    way = q.choice(["all", "all", "named", "weights and biases", "one each", "last", "frozen too"])
    if way == "named":
        return make(model.named_parameters(), lr)
    if way == "weights and biases":
        weights = [p for p in parameters if p.ndim > 1]
        biases = [p for p in parameters if p.ndim <= 1]
        rate = q.choice([0.5 * lr, 0.0])
        return make([{"params": weights}, {"params": biases, "lr": rate}], lr)
    if way == "one each":
        return make([{"params": [p], "lr": lr / (1 + i)} for i, p in enumerate(parameters)], lr)
    if way == "last":
        return make(parameters[-2:], lr)
    return make(model.parameters() if way == "frozen too" else parameters, lr)


def _kwargs(kind: type[optim.Optimizer], **settings: Any) -> Make:
    return lambda params, lr: kind(params, lr=lr, **settings)


def _betas(q: Random) -> tuple[float, float]:
    return q.choice([(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)])


def _decay(q: Random) -> dict[str, Any]:
    settings: dict[str, Any] = {"weight_decay": q.choice([0, 0, 0.01, 0.1])}
    if q.random() < 0.3:
        settings["foreach"] = q.random() < 0.5
    return settings


def _sgd(q: Random) -> dict[str, Any]:
    return {**_decay(q), "maximize": False}
