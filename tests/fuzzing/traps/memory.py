"""Changes in place: of inputs, of activations through an alias, of weights."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _subtract(x: Tensor) -> Tensor:
    x -= 0.3
    x *= 1.5
    return x


def _first_column(x: Tensor) -> Tensor:
    x[..., 0] = 0.5
    return x


def _row(x: Tensor) -> Tensor:
    x[0] = x[0] * 2
    return x


def _masked(x: Tensor) -> Tensor:
    x[x < -1] = -1
    return x


def _with_out(x: Tensor) -> Tensor:
    torch.mul(x, 0.7, out=x)
    return x


def _through_numpy(x: Tensor) -> Tensor:
    x.detach().numpy()[..., 0] *= 0.5
    return x


def _noise(x: Tensor) -> Tensor:
    return x.add_(0.1 * torch.randn_like(x))


INPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "x -= mean": _subtract,
    "relu_": lambda x: F.relu(x, inplace=True),
    "column": _first_column,
    "row": _row,
    "masked": _masked,
    "out=": _with_out,
    "through NumPy": _through_numpy,
    "flatten, then clamp_": lambda x: x.flatten(1).clamp_(-0.5, 0.5).view(x.shape),
    "data": lambda x: x.data.mul_(0.9),
    "noise": _noise,
    "transposed": lambda x: x.transpose(0, -1).mul_(0.9).transpose(0, -1),
    "copy_": lambda x: x.copy_(x.flip(0)),
    "hardtanh": lambda x: nn.Hardtanh(inplace=True)(x),
    "dropout": lambda x: nn.Dropout(0.2, inplace=True)(x),
    "zero_ a part": lambda x: (x[: len(x) // 2].zero_(), x)[1],
    "detached": lambda x: (x.detach().mul_(0.9), x)[1],
    "resized by expand": lambda x: x.unsqueeze(0)[0].sub_(0.1),
    "index_fill_": lambda x: x.index_fill_(0, torch.tensor([0]), 0.0),
}


class First(nn.Module):
    """A function before a network."""

    def __init__(self, function: Callable[[Tensor], Tensor], inner: nn.Module) -> None:
        super().__init__()
        self.function, self.inner = function, inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.function(x))


@TRAPS("input changed in place by the network")
def inputs(q: Random, recipe: Recipe) -> None:
    name, network = q.choice(list(INPUTS)), recipe.network
    recipe.notes["change"] = name
    recipe.network = lambda value: First(INPUTS[name], network(value))


@TRAPS("batch changed in place by an augmentation")
def batches(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(INPUTS))
    recipe.notes["change"] = name
    recipe.augment = lambda value: INPUTS[name]


@TRAPS("outputs or targets changed in place by the loss")
def in_loss(q: Random, recipe: Recipe) -> None:
    way = q.choice(["outputs", "targets", "detached outputs"])
    recipe.notes["change"] = way
    inner = recipe.loss_fn

    def changing(o: Tensor, y: Tensor) -> Tensor:
        if way == "outputs":
            o = o.mul_(0.9)
        elif way == "targets":
            y = y.mul_(1).add_(0) if y.is_floating_point() else y.clamp_(max=1)
        else:
            o.data.mul_(0.9)
        return inner(o, y)

    recipe.loss_fn = changing


def _halved(view: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """In place on something that may or may not share memory with `h`."""

    def change(h: Tensor) -> Tensor:
        h = torch.sin(h)
        view(h).mul_(0.5)
        return h

    return change


def _half_of_it(h: Tensor) -> Tensor:
    h = 1.0 * h
    h[:, ::2] *= 0.5
    return h


ALIASES: dict[str, Callable[[Tensor], Tensor]] = {
    "reshape": _halved(lambda h: h.reshape(-1)),
    "reshape of a transpose": _halved(lambda h: h.t().reshape(-1)),
    "contiguous": _halved(lambda h: h.contiguous()),
    "contiguous of a transpose": _halved(lambda h: h.t().contiguous()),
    "flatten": _halved(lambda h: h.flatten()),
    "ravel": _halved(lambda h: h.ravel()),
    "view": _halved(lambda h: h.view(-1)),
    "to the same dtype": _halved(lambda h: h.to(h.dtype)),
    "double": _halved(lambda h: h.double()),
    "detach": _halved(lambda h: h.detach()),
    "data": _halved(lambda h: h.data),
    "narrow": _halved(lambda h: h.narrow(1, 0, 1)),
    "diagonal": _halved(lambda h: h[:1].diagonal()),
    "split": _halved(lambda h: h.split(1, 1)[0]),
    "expand_as": _halved(lambda h: h.expand_as(h)),
    "as_strided": _halved(lambda h: h.as_strided((2,), (1,))),
    "columns": _half_of_it,
    "real": _halved(lambda h: h.real),
    "squeeze": _halved(lambda h: h.squeeze()),
    "clamp_": lambda h: (h + 0).clamp_(-0.5, 0.5),
    "relu_ of a sum": lambda h: F.relu(h + h.mean(0), inplace=True),
    "cumulative": lambda h: torch.cumsum(1.0 * h, 1).div_(2),
}


@TRAPS("activation changed in place through an alias")
def aliases(q: Random, recipe: Recipe) -> None:
    name, narrow = q.choice(list(ALIASES)), q.random() < 0.5
    recipe.notes["change"] = f"{name}{', one unit wide' if narrow else ''}"

    def inside(width: int) -> nn.Module:
        # A layer of one or two units: matrix products give such results other strides in a fleet.
        middle = q_width if narrow else width
        return nn.Sequential(
            nn.Linear(width, middle), Apply(ALIASES[name]), nn.Linear(middle, width)
        )

    q_width = q.choice([1, 2])
    recipe.inside = inside


@TRAPS("weight changed in place by a forward")
def own_weight(q: Random, recipe: Recipe) -> None:
    way = q.choice(["no_grad", "data", "renorm", "copy_", "buffer"])
    recipe.notes["change"] = way

    class Clamps(nn.Linear):
        def __init__(self, width: int) -> None:
            super().__init__(width, width)
            self.register_buffer("largest", torch.zeros(()))

        def forward(self, h: Tensor) -> Tensor:
            if way == "data":
                self.weight.data.clamp_(-0.3, 0.3)
            elif way == "buffer":
                self.largest.copy_(torch.maximum(self.largest, self.weight.detach().abs().max()))
                return super().forward(h) / (1 + self.largest)
            elif self.training:
                with torch.no_grad():
                    if way == "no_grad":
                        self.weight.clamp_(-0.3, 0.3)
                    elif way == "renorm":
                        self.weight.renorm_(2, 0, 0.5)
                    else:
                        self.weight.copy_(self.weight.round(decimals=2))
            return super().forward(h)

    recipe.inside = Clamps
