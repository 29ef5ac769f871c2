"""Random networks: a body that ends in [n, width], room for one more layer, and a head."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.models import MLP
from course_utils.regularizers import BatchNorm1d, Dropout
from tests.fuzzing import layers
from tests.fuzzing.pieces import ACTIVATIONS, Knobs, activation, dropout, norm
from tests.fuzzing.problems import Problem


def network(
    q: Random, task: Problem, knobs: Knobs, inside: Callable[[int], nn.Module] | None = None
) -> nn.Module:
    """A network for `task`. The same state of `q` gives the same structure; weights are torch's."""
    width = q.randint(3, 9) if knobs.width is None else knobs.width
    bodies = {"vectors": vectors, "images": images, "sequences": sequences}
    body = simple if knobs.simple else bodies[task.kind]
    parts = [*body(q, task, knobs, width)]
    if inside is not None:
        parts.append(inside(width))
    head = nn.Linear(width, task.outputs, bias=q.random() < 0.8)
    if q.random() < 0.1:
        nn.init.zeros_(head.weight)
    parts.append(head)
    if task.classes is None:
        parts.append(layers.Apply(lambda x: x.squeeze(-1)))
    model = nn.Sequential(*parts)
    if q.random() < 0.1 and not knobs.simple:
        parts[1].requires_grad_(False)  # a frozen layer
    return model


def simple(q: Random, task: Problem, knobs: Knobs, width: int) -> list[nn.Module]:
    """One or two layers of [n, width], with a smooth activation and perhaps dropout."""
    act = q.choice([nn.Tanh, nn.GELU, nn.Softplus])
    named = ACTIVATIONS[knobs.activation] if knobs.activation else act
    parts: list[nn.Module] = [nn.Flatten(), nn.Linear(math.prod(task.shape), width), named()]
    if q.random() < 0.5:
        parts += [nn.Linear(width, width), act()]
    if knobs.dropout is not None or q.random() < 0.3:
        parts.append(q.choice([nn.Dropout, Dropout])(knobs.dropout or 0.2))
    return parts


def vectors(q: Random, task: Problem, knobs: Knobs, width: int) -> list[nn.Module]:
    """Flatten, one layer, and up to three blocks."""
    size = math.prod(task.shape)
    if q.random() < 0.1 and not knobs.activation:  # the course's own network as a body
        scale = q.choice([None, BatchNorm1d]) if knobs.normalized else None
        p = q.choice([None, 0.3]) if knobs.dropout is None else knobs.dropout
        layer = q.choice([nn.Dropout, Dropout])
        body = MLP(size, [5, 4], width, norm_layer=scale, dropout=p, dropout_layer=layer)
        return [body, activation(q, knobs)]
    bias = q.random() < 0.8
    parts = [nn.Flatten(), nn.Linear(size, width, bias=bias), activation(q, knobs)]
    for _ in range(q.randint(0, 3)):
        parts.append(block(q, knobs, width))
    parts.append(dropout(q, knobs))
    if q.random() < 0.1:  # the same block once more: one module in two places
        parts.append(parts[-2] if len(parts) > 4 else parts[2])
    return parts


def block(q: Random, knobs: Knobs, width: int) -> nn.Module:
    """A layer or a few of them, [n, width] to the same."""
    plain = nn.Sequential(nn.Linear(width, width), norm(q, knobs, width), activation(q, knobs))
    kinds: list[Callable[[], nn.Module]] = [
        lambda: plain,
        lambda: nn.Sequential(plain, dropout(q, knobs)),
        lambda: layers.Residual(plain),
        lambda: layers.Gated(width),
        lambda: layers.Tied(width, max(1, width // 2)),
        lambda: layers.SharedWeight(width),
        lambda: layers.Unused(width),
        lambda: layers.Experts(width, 3),
        lambda: layers.RunningScale(width, persistent=q.random() < 0.6),
        lambda: layers.Noisy(
            q.choice(["randn_like", "normal", "normal_", "randint_like", "randperm", "uniform_"])
        ),
        lambda: layers.OneHot(width),
        lambda: layers.Cosine(width),
        lambda: layers.FromLists(width),
        lambda: layers.Features(
            width, q.choice(["sort", "where", "cumsum", "topk", "standardized", "logs"])
        ),
        lambda: nn.Sequential(*[nn.Linear(width, width), nn.Tanh()] * 2),  # layers used twice
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(width, width)),
    ]
    if knobs.normalized:
        kinds.append(lambda: layers.OwnBatchNorm(width))
    return q.choice(kinds)()


def images(q: Random, task: Problem, knobs: Knobs, width: int) -> list[nn.Module]:
    """A convolution or two, pooling, and a layer."""
    channels, c = task.shape[0], q.choice([2, 4])
    parts: list[nn.Module] = [
        nn.Conv2d(channels, c, 3, padding=1, stride=q.choice([1, 1, 2]), bias=q.random() < 0.8),
    ]
    norms = [nn.Identity]
    if knobs.normalized:
        norms += [
            lambda: nn.BatchNorm2d(c),
            lambda: nn.GroupNorm(2, c),
            lambda: nn.InstanceNorm2d(c, affine=True),
        ]
    parts += [q.choice(norms)(), activation(q, knobs)]
    more: list[Callable[[], nn.Module]] = [
        nn.Identity,
        lambda: nn.Conv2d(c, c, 2, padding=1, groups=q.choice([1, c])),
        lambda: nn.ConvTranspose2d(c, c, 2),
        lambda: nn.Conv2d(c, c, 3, padding=2, dilation=2, padding_mode=q.choice(["zeros"])),
        lambda: nn.Upsample(scale_factor=2, mode=q.choice(["nearest", "bilinear"])),
        lambda: nn.Dropout2d(0.3 if knobs.dropout is None else knobs.dropout),
        lambda: layers.Apply(lambda h: h * h.mean((2, 3), keepdim=True).sigmoid()),
        lambda: layers.Apply(lambda h: F.pad(h, (1, 1, 1, 0))),
    ]
    parts += [q.choice(more)(), activation(q, knobs)]
    pools = [nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(2), nn.AdaptiveAvgPool2d((1, 2))]
    pool = q.choice(pools)
    size = c * (2 if pool is pools[2] else 4)
    return [*parts, pool, nn.Flatten(), nn.Linear(size, width), dropout(q, knobs)]


class Attention(nn.Module):
    """One attention over the positions of [n, length, size], in one of three spellings."""

    def __init__(self, size: int, way: str, p: float) -> None:
        super().__init__()
        self.way, self.p = way, p
        if way == "module":
            self.attention = nn.MultiheadAttention(size, 2, dropout=p, batch_first=True)
        else:
            self.qkv = nn.Linear(size, 3 * size)

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "module":
            return x + self.attention(x, x, x, need_weights=False)[0]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        p = self.p if self.training else 0.0
        if self.way == "function":
            return x + F.scaled_dot_product_attention(q, k, v, dropout_p=p)
        scores = F.dropout((q @ k.mT / q.shape[-1] ** 0.5).softmax(-1), p, self.training)
        return x + scores @ v


def sequences(q: Random, task: Problem, knobs: Knobs, width: int) -> list[nn.Module]:
    """A position code, attention or a convolution over time, and the mean over time."""
    size = task.shape[1]
    p = q.choice([0.0, 0.2]) if knobs.dropout is None else knobs.dropout

    def encoder() -> nn.Module:
        return nn.TransformerEncoderLayer(
            size, 2, 2 * size, dropout=p, batch_first=True, norm_first=q.random() < 0.5
        )

    kinds: list[Callable[[], nn.Module]] = [
        lambda: layers.Apply(torch.tanh),
        lambda: nn.Sequential(
            layers.Apply(lambda x: x.mT),
            nn.Conv1d(size, size, 3, padding=1),
            nn.Tanh(),
            layers.Apply(lambda x: x.transpose(1, 2)),
        ),
        lambda: nn.Sequential(nn.Linear(size, size), activation(q, knobs)),
    ]
    if knobs.normalized:
        ways = ["module", "function", "by hand"]
        kinds += 2 * [lambda: Attention(size, q.choice(ways), p), encoder]
        kinds += [lambda: nn.LayerNorm(size)]
    pool = q.choice([lambda x: x.mean(1), lambda x: x[:, -1], lambda x: x.amax(1)])
    return [
        q.choice([nn.Identity(), layers.Apply(lambda x: x + x.cumsum(1))]),
        nn.Linear(size, size),
        q.choice(kinds)(),
        layers.Apply(pool),
        nn.Linear(size, width),
        activation(q, knobs),
    ]
