"""Layers that a student may have written: each is one idea, and a fleet must train it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Apply(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.scale = nn.Parameter(torch.tensor(0.5))  # a parameter without dimensions

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.inner(x)


class Gated(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.both = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(self.both(x), dim=-1)


class Tied(nn.Module):
    """Down and up again with one matrix."""

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, narrow, bias=False)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(torch.tanh(self.down(x)), self.down.weight.t(), self.bias)


class SharedWeight(nn.Module):
    """Two layers that hold the same parameter."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.sin(self.first(x)))


class Unused(nn.Module):
    """Holds a layer that it never calls."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.used, self.spare = nn.Linear(width, width), nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x)


class Experts(nn.Module):
    """A soft mixture of small layers, with einsum."""

    def __init__(self, width: int, experts: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, experts)
        self.weight = nn.Parameter(torch.randn(experts, width, width) * width**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("ne,eij,nj->ni", self.gate(x).softmax(-1), self.weight, x)


class RunningScale(nn.Module):
    """Divides by a running size kept in a buffer, and counts its batches in another."""

    def __init__(self, width: int, persistent: bool = True) -> None:
        super().__init__()
        self.register_buffer("size", torch.ones(width), persistent=persistent)
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.size.mul_(0.9).add_(0.1 * x.abs().mean(0))
                self.batches += 1
        return x / (self.size + 0.1)


class OwnBatchNorm(nn.Module):
    """From scratch with plain attributes, as in many courses."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.mean, self.var = torch.zeros(width), torch.ones(width)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.mean = 0.9 * self.mean + 0.1 * mean.detach()
            self.var = 0.9 * self.var + 0.1 * var.detach()
        else:
            mean, var = self.mean.to(x.dtype), self.var.to(x.dtype)
        return (x - mean) / (var + 1e-5).sqrt() * self.gamma + self.beta


class DropOwn(nn.Module):
    """Dropout in the ways that people write it."""

    def __init__(self, p: float, way: str) -> None:
        super().__init__()
        self.p, self.way = p, way

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if self.way == "rand_like":
            keep = (torch.rand_like(x) >= self.p).to(x.dtype)
        elif self.way == "rand":
            keep = (torch.rand(x.shape) > self.p).to(x.dtype)
        elif self.way == "bernoulli":
            keep = torch.bernoulli(torch.full_like(x, 1 - self.p))
        elif self.way == "bernoulli_":
            keep = torch.empty_like(x).bernoulli_(1 - self.p)
        else:  # one draw for each sample: stochastic depth
            keep = (torch.rand(len(x), *[1] * (x.ndim - 1)) >= self.p).to(x.dtype)
        return x * keep / (1 - self.p)


class Noisy(nn.Module):
    """Noise in the ways that people write it."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        if self.way == "randn_like":
            return x + 0.1 * torch.randn_like(x)
        if self.way == "normal":
            return x + torch.normal(0.0, 0.1, x.shape).to(x.dtype)
        if self.way == "normal_":
            return x + torch.empty_like(x).normal_(0, 0.1)
        if self.way == "randint_like":
            return x * (1 + 0.1 * torch.randint_like(x, 0, 3))
        if self.way == "randperm":
            return 0.8 * x + 0.2 * x[torch.randperm(len(x))]
        return x * torch.empty(x.shape[-1]).uniform_(0.8, 1.2).to(x.dtype)


class OneHot(nn.Module):
    """Says in a code of zeros and ones which feature is the largest."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.embed = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.embed(F.one_hot(x.argmax(-1), self.width).to(x.dtype))


class Cosine(nn.Module):
    """Angles to learned directions, as in face recognition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(torch.randn(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return 3 * F.normalize(x + 0.1, dim=-1) @ F.normalize(self.directions, dim=0)


class FromLists(nn.Module):
    """Parameters in a list and a dictionary, and fixed random features in a buffer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList([torch.randn(width, width) * 0.3 for _ in range(2)])
        self.shifts = nn.ParameterDict({"in": nn.Parameter(torch.zeros(width))})
        self.register_buffer("fixed", torch.randn(width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cos(x @ self.fixed + self.shifts["in"])
        for weight in self.weights:
            x = x + torch.tanh(x @ weight)
        return x


class Features(nn.Module):
    """Elementwise and sorting operations that reuse one layer in a loop."""

    def __init__(self, width: int, way: str) -> None:
        super().__init__()
        self.layer, self.way = nn.Linear(width, width), way

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.layer(x)
            if self.way == "sort":
                x = x.sort(-1).values
            elif self.way == "where":
                x = torch.where(x > 0, x, 0.1 * x.square())
            elif self.way == "cumsum":
                x = 0.3 * x.cumsum(-1)
            elif self.way == "topk":
                x = x * (x >= x.topk(2, -1).values[..., -1:])
            elif self.way == "standardized":
                x = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 0.1)
            else:
                x = torch.logaddexp(x, -x) - x.logsumexp(-1, keepdim=True)
        return x
