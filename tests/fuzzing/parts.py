"""Random penalties, augmentations and losses: what a student adds to a training step."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import augmentation
from course_utils.regularizers import elastic_net, l1_penalty, l2_penalty
from tests.fuzzing.problems import Problem

Penalty = Callable[[nn.Module], Tensor]
Augment = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def penalty(q: Random, model: nn.Module, strength: float) -> Penalty:
    """A random penalty; some remember the weights that `model` starts from."""
    start = [p.detach().clone() for p in model.parameters()]
    kinds: dict[str, Penalty] = {
        "l2": l2_penalty,
        "l1": l1_penalty,
        "elastic": lambda m: elastic_net(m, 0.3),
        "biases too": lambda m: sum(p.square().sum() for p in m.parameters()),
        "to the start": lambda m: sum(
            (p - s).square().sum() for p, s in zip(m.parameters(), start, strict=True)
        ),
        "groups": lambda m: sum(
            (p.square().sum(1) + 1e-6).sqrt().sum() for p in m.parameters() if p.ndim == 2
        ),
        "largest row": lambda m: torch.stack(
            [F.relu(p.flatten(1).norm(dim=1) - 0.5).sum() for p in m.parameters() if p.ndim > 1]
        ).sum(),
        "orthogonal": lambda m: sum(
            (p.mT @ p - torch.eye(p.shape[1], dtype=p.dtype)).square().mean()
            for p in m.parameters()
            if p.ndim == 2
        ),
        "by name": lambda m: sum(
            (1 + len(name) % 3) * p.abs().mean()
            for name, p in m.named_parameters()
            if "weight" in name
        ),
        "linear layers": lambda m: sum(
            layer.weight.square().mean() for layer in m.modules() if isinstance(layer, nn.Linear)
        ),
        "smooth l1": lambda m: sum(F.smooth_l1_loss(p, 0 * p) for p in m.parameters()),
        "noisy": lambda m: sum(
            (p + 0.1 * torch.randn_like(p)).square().mean() for p in m.parameters() if p.ndim > 1
        ),
        "log": lambda m: torch.cat([p.flatten() for p in m.parameters()]).abs().log1p().sum(),
    }
    name = q.choice(list(kinds))
    return _named(f"{strength} * {name}", lambda m: strength * kinds[name](m))


def augment(q: Random, task: Problem, strength: float) -> Augment:
    """A random transform of batches; `strength` in [0, 1]."""
    kinds: dict[str, Augment] = {
        "noise": augmentation.GaussianNoise(strength),
        "scaled": lambda x: x * (1 + strength * torch.rand(len(x), *[1] * (x.ndim - 1)).to(x)),
        "flip": lambda x: torch.where(_coins(x, 0.5), x.flip(-1), x),
        "roll": lambda x: x.roll(1, -1),
        "erase": lambda x: x.masked_fill(torch.rand_like(x) < 0.3 * strength, 0.0),
        "mixed": lambda x: (1 - 0.3 * strength) * x + 0.3 * strength * x[torch.randperm(len(x))],
        "shifted": lambda x: (
            x + strength * torch.normal(0.0, 0.2, (len(x),)).to(x).view(-1, *[1] * (x.ndim - 1))
        ),
        "quantized": lambda x: (x * (2 + 8 * strength)).round() / (2 + 8 * strength),
        "swapped": lambda x: torch.where(_coins(x, strength), x.roll(1, 0), x),
    }
    if task.kind == "images":
        kinds |= {
            "affine": augmentation.RandomAffine(degrees=20 * strength, shift=strength),
            "shift": augmentation.RandomShift(1),
            "random flip": augmentation.RandomFlip(0.5 * strength),
        }
    name = q.choice(list(kinds))
    return _named(f"{name}, {strength}", lambda x: kinds[name](x))


def _named(name: str, function: Callable[[Any], Tensor]) -> Callable[[Any], Tensor]:
    """The function, with a name for who prints it."""
    function.__name__ = name
    return function


def _coins(x: Tensor, p: float) -> Tensor:
    """One coin for each sample, in a shape that fits `x`."""
    return (torch.rand(len(x)) < p).view(-1, *[1] * (x.ndim - 1))


def loss(q: Random, task: Problem, *, simple: bool = False) -> tuple[str, Loss]:
    """A loss that is a mean over samples, with its name; a `simple` one is the usual one."""
    if simple:
        usual: Loss = F.mse_loss if task.classes is None else F.cross_entropy
        return usual.__name__, usual
    if task.classes is None:
        kinds: dict[str, Loss] = {
            "mse_loss": F.mse_loss,
            "MSELoss": nn.MSELoss(),
            "l1_loss": F.l1_loss,
            "smooth l1": nn.SmoothL1Loss(beta=0.5),
            "huber": nn.HuberLoss(delta=0.3),
            "log cosh": lambda o, y: (o - y).cosh().log().mean(),
            "quantile": lambda o, y: torch.maximum(0.8 * (y - o), -0.2 * (y - o)).mean(),
            "poisson": lambda o, y: F.poisson_nll_loss(o, y + 1.0),
            "unreduced": lambda o, y: F.mse_loss(o, y, reduction="none").mean(),
            "sum over n": lambda o, y: F.mse_loss(o, y, reduction="sum") / len(y),
        }
    else:
        classes = task.classes
        kinds = {
            "cross_entropy": F.cross_entropy,
            "CrossEntropyLoss": nn.CrossEntropyLoss(),
            "smoothed": nn.CrossEntropyLoss(label_smoothing=0.1),
            "nll": lambda o, y: F.nll_loss(o.log_softmax(1), y),
            "margin": F.multi_margin_loss,
            "Brier": lambda o, y: (
                (o.softmax(1) - F.one_hot(y, classes).to(o.dtype)).square().sum(1).mean()
            ),
            "focal": lambda o, y: _focal(F.cross_entropy(o, y, reduction="none")),
            "confident": lambda o, y: (
                F.cross_entropy(o, y) + 0.1 * (o.softmax(1) * o.log_softmax(1)).sum(1).mean()
            ),
            "one against all": lambda o, y: F.binary_cross_entropy_with_logits(
                o, F.one_hot(y, classes).to(o.dtype)
            ),
            "gathered": lambda o, y: -o.log_softmax(1).gather(1, y[:, None]).mean(),
        }
    name = q.choice(["cross_entropy", *kinds] if task.classes else list(kinds))
    return name, kinds[name]


def _focal(entropy: Tensor) -> Tensor:
    return ((1 - (-entropy).exp()).square() * entropy).mean()
