"""Small parts of networks that a value may set: activations, normalizations, dropout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.regularizers import BatchNorm1d, Dropout
from tests.fuzzing import layers

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu in place": lambda: nn.ReLU(inplace=True),
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "leaky": lambda: nn.LeakyReLU(0.2),
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "hardtanh": lambda: nn.Hardtanh(-0.5, 0.5),
    "prelu": nn.PReLU,
    "mish": nn.Mish,
    "sine": lambda: layers.Apply(torch.sin),
    "squared relu": lambda: layers.Apply(lambda x: F.relu(x).square()),
}


@dataclass(frozen=True)
class Knobs:
    """What a value may set; None leaves it to chance."""

    width: int | None = None
    dropout: float | None = None
    activation: str | None = None
    #: Whether layers may stand in it that leave a gradient at zero but for rounding (a bias before
    #: a normalization), which optimizers that look at a gradient's sign would blow up.
    normalized: bool = True
    #: Only what everybody uses, so that nothing but a trap can be in a fleet's way.
    simple: bool = False


def activation(q: Random, knobs: Knobs) -> nn.Module:
    """A random one, or the one that the value names."""
    name = q.choice(list(ACTIVATIONS))
    return ACTIVATIONS[knobs.activation or name]()


def norm(q: Random, knobs: Knobs, width: int) -> nn.Module:
    """A normalization of [n, width], or none."""
    kinds: list[Callable[[], nn.Module]] = [
        lambda: nn.BatchNorm1d(width),
        lambda: nn.BatchNorm1d(width, affine=False, momentum=None),
        lambda: BatchNorm1d(width),
        lambda: nn.LayerNorm(width),
        lambda: nn.RMSNorm(width),
        lambda: nn.GroupNorm(1, width),
        nn.Identity,
        nn.Identity,
    ]
    return q.choice(kinds if knobs.normalized else kinds[-2:])()


def dropout(q: Random, knobs: Knobs) -> nn.Module:
    """A random kind of dropout; a value may set its p."""
    p = q.choice([0.0, 0.2, 0.5]) if knobs.dropout is None else knobs.dropout
    kinds: list[Callable[[], nn.Module]] = [
        lambda: nn.Dropout(p),
        lambda: nn.Dropout(p, inplace=True),
        lambda: Dropout(p),
        lambda: nn.AlphaDropout(p),
        lambda: nn.FeatureAlphaDropout(p),
        *[
            lambda way=way: layers.DropOwn(p, way)
            for way in ("rand_like", "rand", "bernoulli", "bernoulli_", "per sample")
        ],
        nn.Identity,
        nn.Identity,
    ]
    return q.choice(kinds)()
