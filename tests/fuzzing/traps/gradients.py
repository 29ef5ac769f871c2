"""Gradients that a learner takes inside a step: in a forward, a penalty, an augmentation."""

from __future__ import annotations

from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


class InputGradient(nn.Module):
    """Uses the gradient of its network with respect to the input."""

    def __init__(self, inner: nn.Module, way: str) -> None:
        super().__init__()
        self.inner, self.way = inner, way

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            out = self.inner(x)
            keep = self.way == "double backward"
            (grad,) = torch.autograd.grad(out.sum(), x, create_graph=keep)
            if self.way == "FGSM":
                return self.inner(x.detach() + 0.1 * grad.sign())
            if self.way == "steps":
                x = x.detach() - 0.1 * grad / (grad.norm() + 0.1)
                return self.inner(x)
        scale = 1 + 0.1 * grad.square().mean()
        return out * (scale if self.training else scale.detach())


@TRAPS("gradient taken inside a forward", plain=True)
def inside_forward(q: Random, recipe: Recipe) -> None:
    way, network = q.choice(["double backward", "FGSM", "steps"]), recipe.network
    recipe.notes["gradient"] = way
    recipe.network = lambda value: InputGradient(network(value), way)


@TRAPS("gradient taken inside a penalty", plain=True)
def inside_penalty(q: Random, recipe: Recipe) -> None:
    ways = ["autograd.grad", "jacrev", "func.grad", "functional.jacobian", "jvp", "hvp"]
    way = q.choice(ways)
    recipe.notes["gradient"] = way
    shape, dtype = recipe.task.shape, recipe.task.dtype

    def factory(model: nn.Module, value: Any) -> Any:
        probe = torch.randn(4, *shape).to(dtype)

        def penalty(m: nn.Module) -> Tensor:
            if way == "autograd.grad":
                x = probe.clone().requires_grad_(True)
                (grad,) = torch.autograd.grad(m(x).sum(), x, create_graph=True)
                return 0.1 * grad.square().sum(-1).mean()
            if way == "jacrev":
                return 0.1 * torch.func.jacrev(lambda x: m(x).sum(0))(probe).square().mean()
            if way == "func.grad":
                return 0.1 * torch.func.grad(lambda x: m(x).square().sum())(probe).abs().mean()
            if way == "functional.jacobian":
                jacobian = torch.autograd.functional.jacobian(
                    lambda x: m(x).sum(0), probe, create_graph=True
                )
                return 0.1 * jacobian.square().mean()
            if way == "jvp":
                _, change = torch.func.jvp(m, (probe,), (torch.ones_like(probe),))
                return 0.1 * change.square().mean()
            weights = [p for p in m.parameters() if p.requires_grad]
            grads = torch.autograd.grad(
                m(probe).square().mean(), weights, create_graph=True, allow_unused=True
            )
            return 0.1 * sum(g.square().sum() for g in grads if g is not None)

        return penalty

    recipe.penalty = factory


@TRAPS("adversarial augmentation", plain=True)
def adversarial(q: Random, recipe: Recipe) -> None:
    """An augmentation that asks the model, and takes gradients."""
    way = q.choice(["autograd.grad", "backward", "no_grad"])
    recipe.notes["gradient"] = way
    network, made = recipe.network, {}

    def kept(value: Any) -> nn.Module:
        made["model"] = network(value)
        return made["model"]

    def factory(value: Any) -> Any:
        model = made["model"]

        def augment(x: Tensor) -> Tensor:
            if way == "no_grad":
                with torch.no_grad():
                    return x + 0.1 * model(x).mean()
            probe = x.clone().requires_grad_(True)
            if way == "backward":
                model(probe).square().sum().backward()
                grad = probe.grad
            else:
                (grad,) = torch.autograd.grad(model(probe).square().sum(), probe)
            return x + 0.1 * torch.tanh(grad)

        return augment

    recipe.network, recipe.augment = kept, factory
