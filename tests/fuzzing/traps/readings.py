"""Numbers read out of tensors, which a recording would take for constants."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.regularizers import l2_penalty
from tests.fuzzing.layers import Apply
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def _halved(h: Tensor) -> Tensor:
    while h.norm() > 2:
        h = h / 2
    return h


def _rounds(h: Tensor) -> Tensor:
    for _ in range(int(h.detach().abs().mean() * 5) % 4):
        h = torch.tanh(1.5 * h)
    return h


def _numpy_tanh(h: Tensor) -> Tensor:
    shift = np.tanh(h.detach().numpy()).mean(0)
    return h + torch.from_numpy(shift)


def _out_of_place(h: Tensor) -> Tensor:
    kept = h.detach().clone()
    array = kept.numpy()
    array[array < 0] = 0  # changes `kept`, behind PyTorch's back
    return h + kept


def _largest_row(h: Tensor) -> Tensor:
    rows = sorted(range(len(h)), key=lambda i: float(h[i].sum()))
    return h + h[rows[-1]]


def _by_text(h: Tensor) -> Tensor:
    return h * (1 + float(f"{h.detach().mean():.3f}"))


#: What a forward may read out of an activation [n, width].
LAYERS: dict[str, Callable[[Tensor], Tensor]] = {
    "tolist": lambda h: h * (1.2 if sum(h.detach().flatten().tolist()) > 0 else 0.8),
    "numpy": lambda h: h / (1 + float(h.detach().numpy().std())),
    "np.asarray": lambda h: h / (1 + abs(float(np.asarray(h.detach()).mean()))),
    "from_numpy": _numpy_tanh,
    "changed through NumPy": _out_of_place,
    "dlpack": lambda h: h * (1 + float(np.from_dlpack(h.detach()).mean())),
    "item": lambda h: h / (1 + h.abs().max().item()),
    "float": lambda h: h * (1 + 0.1 * float(h.mean())),
    "int": lambda h: h + 0.1 * int(10 * h.mean()),
    "if": lambda h: h.tanh() if h.mean() > 0 else h.sigmoid(),
    "if any": lambda h: h.clamp(max=0.5) if (h > 0.5).any() else 2 * h,
    "if of one": lambda h: h + 1 if h[0, 0] > 0 else h - 1,
    "while": _halved,
    "range": _rounds,
    "nonzero": lambda h: h * len((h > 0).nonzero()) / h.numel(),
    "boolean index": lambda h: h - (h[h > 0].mean() if (h > 0).any() else 0.0),
    "unique": lambda h: h / h.detach().round().unique().numel(),
    "masked_select": lambda h: h * (1 + 0.01 * h.masked_select(h > 0).numel()),
    "equal": lambda h: h if torch.equal(h, h.abs()) else h.abs(),
    "allclose": lambda h: h if torch.allclose(h, h.clamp(-1, 1)) else h.clamp(-1, 1),
    "math.sqrt": lambda h: h / math.sqrt(1 + h.var(unbiased=False)),
    "list": lambda h: torch.stack([r * (1 + 0.1 * bool(r.sum() > 0)) for r in list(h)]),
    "argmax": lambda h: h + h[:, int(h.detach().sum(0).argmax())][:, None],
    "sorted": _largest_row,
    "text": _by_text,
    "deepcopy": lambda h: h + copy.deepcopy(h.detach()).mean(),
    "pickle": lambda h: h + pickle.loads(pickle.dumps(h.detach().mean(0))),
    "new tensor": lambda h: h + torch.tensor([float(c) for c in h.detach().mean(0)]).to(h),
    "min and max": lambda h: (h - min(h.detach().flatten())) / (1 + max(h.detach().flatten())),
    "round": lambda h: h + 0.1 * round(h.detach().sum().item()),
    "is_nonzero": lambda h: h * (2 if torch.is_nonzero((h > 0.3).sum() % 2) else 1),
    "index": lambda h: h + 0.1 * [0.0, 1.0, 2.0][(h > 0).sum() % 3],
}


@TRAPS("number read in a layer")
def in_layer(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(LAYERS))
    recipe.notes["read"] = name
    recipe.inside = lambda width: Apply(LAYERS[name])


@TRAPS("number read in a layer, while training or in evaluation only")
def in_one_mode(q: Random, recipe: Recipe) -> None:
    name, mode = q.choice(list(LAYERS)), q.random() < 0.7
    recipe.notes["read"] = f"{name}, {'training' if mode else 'evaluation'} only"

    class OneMode(nn.Module):
        def forward(self, h: Tensor) -> Tensor:
            return LAYERS[name](h) if self.training == mode else h

    recipe.inside = lambda width: OneMode()


@TRAPS("number read late in a layer")
def late(q: Random, recipe: Recipe) -> None:
    """A rule that no early step breaks: what it reads moves past it as the weights grow."""
    way = q.choice(["norm of a weight", "size of activations", "running mean"])
    limit = 1 + q.choice([0.01, 0.05, 0.2])
    recipe.notes["read"] = f"{way}, {limit} times its start"

    class Late(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(width))
            self.register_buffer("mean", torch.ones(width))

        def forward(self, h: Tensor) -> Tensor:
            # A pull outward, so that the scale does move.
            h = h * self.scale + self.scale
            if self.training:
                with torch.no_grad():
                    self.mean.mul_(0.9).add_(0.1 * h.abs().mean(0) + 0.1)
            size = {
                "norm of a weight": (self.scale - 1).abs().max() + 1,
                "size of activations": h.detach().abs().mean(),
                "running mean": self.mean.mean(),
            }[way]
            return 0.5 * h if size > limit else h

    recipe.inside = Late


#: What a penalty may read out of the weights; w is the first one.
PENALTIES: dict[str, Callable[[Tensor, Tensor], Tensor | float]] = {
    "strength by item": lambda w, total: total * 0.01 * w.norm().item(),
    "if": lambda w, total: 0.05 * total if w.sum() > 0 else 0.01 * total,
    "by rank": lambda w, total: total * 0.01 * int(torch.linalg.matrix_rank(w.detach(), atol=0.3)),
    "numpy quantile": lambda w, total: (
        0.1 * F.relu(w.abs() - float(np.quantile(w.detach().abs().numpy(), 0.5))).sum()
    ),
    "count of small ones": lambda w, total: total * 0.01 * int((w.abs() < 0.1).sum()),
    "selected": lambda w, total: 0.1 * w[w.abs() > 0.2].abs().sum(),
    "tolist": lambda w, total: total * 0.01 * max(map(abs, w.detach().flatten().tolist())),
    "normalized by its value": lambda w, total: 0.1 * total / (1e-3 + float(total)),
}


@TRAPS("number read in a penalty", plain=True)
def in_penalty(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(PENALTIES))
    recipe.notes["read"] = name

    def penalty(model: nn.Module, value: Any) -> Any:
        def read(m: nn.Module) -> Any:
            first = next(p for p in m.parameters() if p.ndim > 1)
            return PENALTIES[name](first.flatten(1), l2_penalty(m))

        return read

    recipe.penalty = penalty


AUGMENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "if mean": lambda x: x.flip(-1) if x.mean() > 0 else x,
    "max": lambda x: x / x.abs().max().item(),
    "numpy": lambda x: torch.from_numpy(np.ascontiguousarray(x.numpy()[..., ::-1])),
    "per sample": lambda x: torch.stack([s.flip(-1) if s.sum() > 0 else s for s in x]),
    "coin": lambda x: x.flip(-1) if torch.rand(1) < 0.5 else x,
    "coin by item": lambda x: x * (1 + 0.5 * torch.rand(()).item()),
    "choice of a shift": lambda x: x.roll(int(torch.randint(0, 3, (1,))), -1),
    "another number of draws": lambda x: sum(
        (0.1 * torch.randn_like(x) for _ in range(int(torch.randint(1, 4, (1,))))), x
    ),
    "where, sorted": lambda x: x[sorted(range(len(x)), key=lambda i: x[i].sum().item())],
    "cut": lambda x: x.clamp(max=np.float64(x.std().item())),
}


@TRAPS("number read in an augmentation")
def in_augment(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(AUGMENTS))
    recipe.notes["read"] = name
    recipe.augment = lambda value: AUGMENTS[name]


def _flooded(loss: Tensor) -> Tensor:
    return loss if loss.item() > 0.9 else 2 * 0.9 - loss


def _hard_half(each: Tensor) -> Tensor:
    keep = each.detach() >= float(np.median(each.detach().numpy()))
    return each[keep].sum() / len(each)


def _counted(o: Tensor, y: Tensor) -> Tensor:
    counts = np.bincount(y.numpy(), minlength=o.shape[1])
    return F.cross_entropy(o, y) * (1 + 0.1 * float(counts.std()))


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "flooding": lambda o, y: _flooded(F.cross_entropy(o, y)),
    "hardest half": lambda o, y: _hard_half(F.cross_entropy(o, y, reduction="none")),
    "counts in NumPy": _counted,
    "classes in the batch": lambda o, y: F.cross_entropy(o, y) * (1 + 0.1 * len(y.unique())),
    "if all right": lambda o, y: (
        F.cross_entropy(o, y) * (0.5 if (o.argmax(1) == y).float().mean() > 0.5 else 1.0)
    ),
    "largest logit": lambda o, y: F.cross_entropy(o / max(1.0, o.detach().max().item()), y),
}


@TRAPS("number read in a loss", targets="classes")
def in_loss(q: Random, recipe: Recipe) -> None:
    name = q.choice(list(LOSSES))
    recipe.notes["loss"] = name
    recipe.loss_fn = LOSSES[name]
