"""Hooks on parameters, modules and activations."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.fleet import Run
from tests.fuzzing.recipes import Recipe
from tests.fuzzing.traps.registry import Traps

TRAPS = Traps()


def trained(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def layers_of(model: nn.Module) -> list[nn.Module]:
    """Modules with parameters of their own."""
    return [m for m in model.modules() if [*m.parameters(recurse=False)]]


def _half_the_rows(g: Tensor) -> Tensor:
    return g * (torch.arange(len(g)) % 2).view(-1, *[1] * (g.ndim - 1)).to(g) if g.ndim else g


def _in_place(g: Tensor) -> None:
    g.mul_(0.1)


GRADIENTS: dict[str, Callable[[Tensor], Tensor | None]] = {
    "clamp": lambda g: g.clamp(-1e-2, 1e-2),
    "scale": lambda g: 0.1 * g,
    "rows": _half_the_rows,
    "noise": lambda g: g + 0.1 * torch.randn_like(g),
    "dropped": lambda g: g * (torch.rand_like(g) < 0.5),
    "sign": lambda g: 0.01 * torch.tanh(g),
    "unit": lambda g: g / (g.norm() + 1e-3),
    "if": lambda g: g if g.norm() < 0.1 else 0.1 * g,
    "changed in place": _in_place,
    "zeroed": torch.zeros_like,
}


@TRAPS("hook on a parameter's gradient", plain=True)
def parameter(q: Random, recipe: Recipe) -> None:
    name, every = q.choice(list(GRADIENTS)), q.random() < 0.5
    recipe.notes["hook"] = f"{name} on {'each parameter' if every else 'one'}"

    def register(run: Run, value: Any) -> None:
        for p in trained(run.model)[: None if every else 1]:
            p.register_hook(GRADIENTS[name])

    recipe.finish.append(register)


@TRAPS("hook after a gradient is accumulated", plain=True)
def accumulated(q: Random, recipe: Recipe) -> None:
    way = q.choice(["scale", "clip", "steps by itself", "sums", "drops the gradient"])
    recipe.notes["hook"] = way

    def register(run: Run, value: Any) -> None:
        sums: dict[Tensor, Tensor] = {}

        def hook(p: Tensor) -> None:
            assert p.grad is not None
            if way == "scale":
                p.grad.mul_(0.1)
            elif way == "clip":
                nn.utils.clip_grad_norm_([p], 0.01)
            elif way == "sums":
                sums[p] = sums.get(p, torch.zeros_like(p)) + p.grad
                p.grad.copy_(sums[p])
            elif way == "steps by itself":
                with torch.no_grad():
                    p.sub_(p.grad, alpha=0.05)
            else:
                p.grad = None

        for p in trained(run.model)[-2:]:
            p.register_post_accumulate_grad_hook(hook)

    recipe.finish.append(register)


@TRAPS("hook on a module's forward")
def forward(q: Random, recipe: Recipe) -> None:
    way = q.choice(["output", "input", "in place", "other weights", "kept", "noise"])
    recipe.notes["hook"] = way
    kept: list[Tensor] = []

    def after(module: nn.Module, args: Any, output: Tensor) -> Any:
        if way == "kept":
            kept.append(output)
            return 0.9 * output
        if way == "in place":
            output.mul_(0.5)
            return None
        return 0.5 * output if way == "output" else output + 0.1 * torch.rand_like(output)

    def before(module: nn.Module, args: Any) -> Any:
        if way == "other weights":
            with torch.no_grad():
                for p in module.parameters(recurse=False):
                    p.clamp_(-0.3, 0.3)
            return None
        return (args[0] * 0.5,)

    def register(run: Run, value: Any) -> None:
        kept.clear()
        first = layers_of(run.model)[0]
        if way in ("input", "other weights"):
            first.register_forward_pre_hook(before)
        else:
            first.register_forward_hook(after)

    recipe.finish.append(register)


@TRAPS("hook on a module's backward", plain=True)
def backward(q: Random, recipe: Recipe) -> None:
    way = q.choice(["input", "output", "noise", "kept"])
    recipe.notes["hook"] = way
    kept: list[Any] = []

    def scaled(grads: Any) -> Any:
        if way == "noise":
            return tuple(None if g is None else g + 0.1 * torch.randn_like(g) for g in grads)
        return tuple(None if g is None else 0.5 * g for g in grads)

    def full(module: nn.Module, grad_input: Any, grad_output: Any) -> Any:
        kept.append(grad_output[0].norm())
        return None if way == "kept" else scaled(grad_input)

    def register(run: Run, value: Any) -> None:
        last = layers_of(run.model)[-1]
        if way == "output":
            last.register_full_backward_pre_hook(lambda module, grads: scaled(grads))
        else:
            last.register_full_backward_hook(full)

    recipe.finish.append(register)


@TRAPS("hook on an activation")
def activation(q: Random, recipe: Recipe) -> None:
    name = q.choice(["reversed", "noise", "clamp", "scale", "if", "retained"])
    recipe.notes["hook"] = name

    class Hooked(nn.Module):
        last: Tensor | None = None

        def forward(self, h: Tensor) -> Tensor:
            h = torch.sin(h)
            if not h.requires_grad:
                return h
            if name == "retained":  # a penalty-like use of the gradient of the step before
                scale = 1.0
                if self.last is not None and self.last.grad is not None:
                    scale = 1.0 + self.last.grad.norm().item()
                h.retain_grad()
                self.last = h
                return h * scale
            change = (lambda g: -0.5 * g) if name == "reversed" else GRADIENTS[name]
            h.register_hook(change)
            return h

    recipe.inside = lambda width: Hooked()
