"""Random numbers drawn in ways that a recording, or a seed, may not know."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.regularizers import l2_penalty
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _like(x: Tensor, drawn: Tensor) -> Tensor:
    return drawn.to(x.dtype)


def _beta(h: Tensor) -> Tensor:
    share = torch.distributions.Beta(0.5, 0.5).sample((len(h), 1)).to(h.dtype)
    return share * h + (1 - share) * h.flip(0)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "alpha_dropout": lambda h: F.alpha_dropout(h, 0.3, True),
    "feature_alpha_dropout": lambda h: F.feature_alpha_dropout(h[..., None], 0.3, True)[..., 0],
    "dropout1d": lambda h: F.dropout1d(h[..., None], 0.3, True)[..., 0],
    "dropout2d": lambda h: F.dropout2d(h[..., None, None], 0.3, True)[..., 0, 0],
    "rrelu": lambda h: F.rrelu(h, 0.1, 0.5, training=True),
    "gumbel_softmax": lambda h: h * F.gumbel_softmax(h, 1.0),
    "hard gumbel": lambda h: h * F.gumbel_softmax(h, 1.0, hard=True),
    "multinomial": lambda h: h + h.gather(1, torch.multinomial(h.detach().softmax(1), 1)),
    "poisson": lambda h: h * torch.poisson(torch.ones_like(h)),
    "exponential_": lambda h: h * torch.empty_like(h).exponential_(),
    "geometric_": lambda h: h / torch.empty_like(h).geometric_(0.5),
    "cauchy_": lambda h: h + 0.1 * torch.tanh(torch.empty_like(h).cauchy_()),
    "log_normal_": lambda h: h * torch.empty_like(h).log_normal_(0, 0.1),
    "random_": lambda h: h * (1 + 0.1 * torch.empty_like(h).random_(0, 3)),
    "normal of tensors": lambda h: torch.normal(h.detach(), 0.1) + h,
    "normal with a size": lambda h: h + torch.normal(0.0, 0.1, h.shape).to(h.dtype),
    "randint": lambda h: h * (1 + 0.1 * torch.randint(0, 3, h.shape).to(h.dtype)),
    "large randint": lambda h: h * (torch.randint(2**26, h.shape) % 2).to(h.dtype),
    "randint_like": lambda h: h + 0.1 * torch.randint_like(h, 3),
    "bernoulli of h": lambda h: h * torch.bernoulli(h.detach().sigmoid()),
    "bernoulli with p": lambda h: h * torch.bernoulli(torch.empty_like(h), 0.6),
    "complex randn": lambda h: h + 0.1 * torch.randn(h.shape, dtype=torch.complex128).imag.to(h),
    "randperm": lambda h: 0.7 * h + 0.3 * h[torch.randperm(len(h))],
    "randperm of units": lambda h: h[:, torch.randperm(h.shape[1])] + h,
    "distributions": _beta,
    "rsample": lambda h: torch.distributions.Normal(h, 0.1).rsample(),
    "trunc_normal_": lambda h: h + nn.init.trunc_normal_(torch.empty_like(h), std=0.1),
    "kaiming_": lambda h: h + nn.init.kaiming_uniform_(torch.empty_like(h)),
    "float32 in float64": lambda h: h + 0.1 * torch.randn(h.shape, dtype=torch.float32),
    "half": lambda h: h + 0.1 * torch.rand(h.shape, dtype=torch.float16).to(h.dtype),
    "attention": lambda h: F.scaled_dot_product_attention(
        h[:, None], h[:, None], h[:, None], dropout_p=0.3
    )[:, 0],
    "one number": lambda h: h * (0.5 + torch.rand(())).to(h.dtype),
    "empty draw": lambda h: h + torch.rand(0).sum() + 0.1 * torch.rand_like(h),
    "thrown away": lambda h: (torch.rand(3), h + 0.1 * torch.rand_like(h))[1],
    "many small": lambda h: (
        h + 0.1 * torch.stack([torch.rand(h.shape[1]) for _ in range(3)]).sum(0)
    ),
    "by rows": lambda h: torch.stack([row + 0.1 * torch.randn_like(row) for row in h]),
}


class OnlyTraining(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, h: Tensor) -> Tensor:
        return self.function(h) if self.training else h


@TRAPS("random function in a layer", plain=True)
def functions(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(FUNCTIONS))
    recipe.notes["draw"] = name
    recipe.inside = lambda width: OnlyTraining(FUNCTIONS[name])


OUT: dict[str, Callable[[Tensor], Tensor]] = {
    "rand": lambda b: torch.rand(b.shape, out=b),
    "randn": lambda b: torch.randn(b.shape, out=b),
    "bernoulli": lambda b: torch.bernoulli(torch.full_like(b, 0.5), out=b),
    "normal": lambda b: torch.normal(torch.zeros_like(b), 1.0, out=b),
    "normal_": lambda b: b.normal_(),
    "uniform_": lambda b: b.uniform_(),
    "randint": lambda b: torch.randint(0, 2, b.shape, out=b),
}


@TRAPS("random numbers drawn into one buffer", plain=True)
def into_buffer(q: Random, recipe: Recipe) -> None:
    name, place = q.choice(list(OUT)), q.choice(["layer", "augmentation", "buffer of the module"])
    recipe.notes["draw"] = f"{name} into a {place}"

    class Filled(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            kept = torch.zeros(width, dtype=recipe.task.dtype)
            if place == "layer":
                self.kept = kept
            else:
                self.register_buffer("kept", kept)

        def forward(self, h: Tensor) -> Tensor:
            if self.training:
                OUT[name](self.kept)
            return h + 0.1 * self.kept

    def augment(value: Any) -> Any:
        kept = torch.zeros(recipe.task.shape, dtype=recipe.task.dtype)

        def noisy(x: Tensor) -> Tensor:
            OUT[name](kept)
            return x + 0.1 * kept

        return noisy

    if place == "augmentation":
        recipe.augment = augment
    else:
        recipe.inside = Filled


@TRAPS("draws in evaluation, or another number of them")
def in_evaluation(q: Random, recipe: Recipe) -> None:
    ways = ["always", "evaluation only", "by size", "every second", "large batches"]
    way = q.choice(ways)
    recipe.notes["draw"] = way

    class Drawing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, h: Tensor) -> Tensor:
            self.calls += self.training
            if way == "always":
                return F.dropout(h, 0.3, training=True)
            if way == "evaluation only":
                return h if self.training else h + 0.1 * torch.randn_like(h)
            if not self.training:
                return h
            if way == "by size":
                return h + sum(0.1 * torch.rand(()).item() for _ in range(len(h)))
            if way == "every second" and self.calls % 2:
                return h
            if way == "large batches" and len(h) < 7:
                return h
            return h + 0.1 * torch.randn_like(h)

    recipe.inside = lambda width: Drawing()


@TRAPS("draws in a loss, a penalty or a step")
def elsewhere(q: Random, recipe: Recipe) -> None:
    way = q.choice(["loss", "penalty", "step", "penalty on a random probe", "reseeded"])
    recipe.notes["draw"] = way
    inner = recipe.loss_fn
    task = recipe.task
    if way == "loss":
        recipe.loss_fn = lambda o, y: inner(o + 0.1 * torch.randn_like(o) * o.requires_grad, y)
    elif way == "penalty":
        recipe.penalty = lambda model, value: (
            lambda m: 0.02 * l2_penalty(m) * torch.rand(()).to(task.dtype)
        )
    elif way == "penalty on a random probe":
        recipe.penalty = lambda model, value: (
            lambda m: 0.1 * (m(torch.randn(4, *task.shape, dtype=task.dtype)).square().mean())
        )
    elif way == "reseeded":
        recipe.moves_generators = True

        def augment(x: Tensor) -> Tensor:
            torch.manual_seed(5)
            return x + 0.1 * torch.randn_like(x)

        recipe.augment = lambda value: augment
    else:

        def noise(optimizer: Any, *_: Any) -> None:
            with torch.no_grad():
                for p in (p for g in optimizer.param_groups for p in g["params"]):
                    p.add_(0.01 * torch.randn_like(p))

        recipe.finish.append(lambda run, value: run.optimizer.register_step_post_hook(noise))
