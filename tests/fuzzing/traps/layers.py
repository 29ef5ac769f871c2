"""Layers of PyTorch that keep a state, rewrite their weights, or are rare."""

from __future__ import annotations

import functools
from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


class Reader(nn.Module):
    """Reads a sequence [n, length, size], or features one by one, with a recurrent layer."""

    def __init__(self, way: str, size: int) -> None:
        super().__init__()
        kind, self.way = way.partition(" ")[0], way
        settings: dict[str, Any] = {} if "cell" in way else {"batch_first": True}
        if "two layers" in way:
            settings |= {"num_layers": 2, "dropout": 0.3}
        if "both ways" in way:
            settings["bidirectional"] = True
        name = f"{kind}Cell" if "cell" in way else kind
        self.inner = getattr(nn, name)(size, 4, **settings)

    def forward(self, x: Tensor) -> Tensor:
        if "cell" not in self.way:
            return self.inner(x)[0][:, -1]
        state = None
        for t in range(x.shape[1]):
            state = self.inner(x[:, t], state)
        return state[0] if isinstance(state, tuple) else state


@TRAPS("recurrent layer", kind="sequences")
def recurrent(q: Random, recipe: Recipe) -> None:
    forms = ["", " cell", " two layers", " both ways"]
    way = q.choice(["LSTM", "GRU", "RNN"]) + q.choice(forms)
    recipe.notes["layer"] = way
    task = recipe.task
    wide = 8 if "both ways" in way else 4

    def network(value: Any) -> nn.Module:
        parts = [Reader(way, task.shape[1]), nn.Linear(wide, task.outputs)]
        return nn.Sequential(*parts, *_flat(task.classes))

    recipe.network = network


def _flat(classes: int | None) -> list[nn.Module]:
    return [] if classes else [Apply(lambda x: x.squeeze(-1))]


@TRAPS("lazy layer", kind="vectors")
def lazy(q: Random, recipe: Recipe) -> None:
    way = q.choice(["LazyLinear", "LazyBatchNorm1d", "two", "made in forward", "with sizes known"])
    recipe.notes["layer"] = way
    task = recipe.task

    class Late(nn.Module):
        """Makes a buffer in its first call."""

        def forward(self, h: Tensor) -> Tensor:
            if not hasattr(self, "scale"):
                self.register_buffer("scale", 1 / (1 + h.detach().abs().mean(0)))
            return h * self.scale

    def network(value: Any) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten(), nn.LazyLinear(6), nn.Tanh()]
        if way == "LazyBatchNorm1d":
            layers.append(nn.LazyBatchNorm1d())
        if way == "two":
            layers += [nn.LazyLinear(5), nn.Tanh()]
        if way == "made in forward":
            layers.append(Late())
        layers += [nn.LazyLinear(task.outputs), *_flat(task.classes)]
        model = nn.Sequential(*layers)
        if way == "with sizes known":  # the dry run that the documentation asks for
            model(torch.zeros(2, *task.shape))
        return model

    recipe.network = network
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.1)
    recipe.penalty = lambda model, value: None


def _old(wrap: Callable[[nn.Module], nn.Module]) -> Callable[[int], nn.Module]:
    return lambda width: nn.Sequential(wrap(nn.Linear(width, width)), nn.Tanh())


class Symmetric(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return w.triu() + w.triu(1).mT


def _symmetric(layer: nn.Module) -> nn.Module:
    parametrize.register_parametrization(layer, "weight", Symmetric())
    return layer


REWRITTEN: dict[str, Callable[[int], nn.Module]] = {
    "pruned by size": _old(lambda m: prune.l1_unstructured(m, "weight", 0.4)),
    "pruned at random": _old(lambda m: prune.random_unstructured(m, "weight", 0.4)),
    "pruned twice": _old(
        lambda m: prune.l1_unstructured(prune.random_structured(m, "weight", 1, dim=0), "weight", 3)
    ),
    "pruned bias": _old(lambda m: prune.random_unstructured(m, "bias", 0.5)),
    "weight_norm, old": _old(nn.utils.weight_norm),
    "weight_norm": _old(parametrizations.weight_norm),
    "spectral_norm, old": _old(nn.utils.spectral_norm),
    "spectral_norm": _old(parametrizations.spectral_norm),
    "orthogonal": _old(parametrizations.orthogonal),
    "symmetric": _old(_symmetric),
}


@TRAPS("pruned or normalized weights", plain=True)
def rewritten(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(REWRITTEN))
    recipe.notes["layer"] = name
    recipe.inside = REWRITTEN[name]
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.1)


SPECIAL: dict[str, Callable[[int], nn.Module]] = {
    "max_norm": lambda w: Looked(w, nn.Embedding(5, w, max_norm=0.5)),
    "embedding": lambda w: Looked(w, nn.Embedding(5, w, padding_idx=0)),
    "scaled by frequency": lambda w: Looked(w, nn.Embedding(5, w, scale_grad_by_freq=True)),
    "bag": lambda w: Looked(w, nn.EmbeddingBag(5, w, mode="max"), bag=True),
    "scripted": lambda w: torch.jit.script(nn.Sequential(nn.Linear(w, w), nn.Tanh())),
    "partial": lambda w: Apply(functools.partial(F.leaky_relu, negative_slope=0.3)),
    "cached": lambda w: Apply(functools.lru_cache(maxsize=None)(torch.sin)),
    "sparse": lambda w: Sparse(w),
    "bilinear": lambda w: Twin(nn.Bilinear(w, w, w)),
    "svd": lambda w: Apply(
        lambda h: h @ torch.linalg.svd(h.mT @ h / len(h) + torch.eye(w).to(h))[0].abs()
    ),
    "solve": lambda w: Apply(lambda h: torch.linalg.solve(h.mT @ h + torch.eye(w).to(h), h.mT).mT),
    "cdist": lambda w: Apply(lambda h: h + torch.cdist(h, h.detach() + 1).mean(1, keepdim=True)),
    "unfold": lambda w: Apply(lambda h: h.unfold(1, 2, 1).sum(-1).cumsum(1)[:, :1] + h),
    "scatter": lambda w: Apply(lambda h: torch.zeros_like(h).scatter_add(1, h.argsort(1), h)),
    "index_put": lambda w: Apply(lambda h: h.index_put((torch.tensor([0]),), h[-1:])),
}


class Looked(nn.Module):
    """Rounds features to words and looks them up."""

    def __init__(self, width: int, table: nn.Module, bag: bool = False) -> None:
        super().__init__()
        self.table, self.bag = table, bag

    def forward(self, h: Tensor) -> Tensor:
        words = (h[:, :2].detach() * 2).long().clamp(-2, 2) + 2
        return h + (self.table(words) if self.bag else self.table(words).sum(1))


class Twin(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, h: Tensor) -> Tensor:
        return self.inner(h, h.tanh())


class Sparse(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, h: Tensor) -> Tensor:
        graph = torch.eye(h.shape[1], dtype=h.dtype).roll(1, 0).to_sparse()
        return torch.sparse.mm(graph, (h * self.scale).mT).mT


@TRAPS("layer that few know", plain=True)
def special(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(SPECIAL))
    recipe.notes["layer"] = name
    recipe.inside = SPECIAL[name]
    recipe.optimizer = lambda model, value: torch.optim.SGD(model.parameters(), lr=0.05)
