"""Decide, before a run's code has run once, whether its parts prevent training it with others."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from course_utils.fleet.code import CannotTellError
from course_utils.fleet.content import Look, address
from course_utils.fleet.memory import look_at
from course_utils.fleet.optimizers import is_pytorchs
from course_utils.fleet.pytorch import hooks_of_all_optimizers
from course_utils.fleet.run import Run


def first_objection(run: Run) -> str | None:
    """Why `run` must train alone, from its parts without calling them; None if nothing shows."""
    if any(map(nn.parameter.is_lazy, run.model.parameters())):
        return "it has lazy layers, which get their weights in the first call"
    if not isinstance(run.optimizer, torch.optim.Optimizer):
        return "its optimizer is not one of PyTorch's kind"
    if _hooks_on_gradients(run.model):
        return "it has hooks that run while gradients are computed"
    if _has_own_modes(run.model):
        return "it has a train() or eval() of its own, which may do more than set the mode"
    if any(_has_own(m, nn.Module, name) for m in run.model.modules() for name in _PARTS):
        return "it has a parameters() of its own, or the like, which may leave some out"
    if _trains_something_else(run):
        return "its optimizer also trains something that is not in the model"
    return None


#: Methods that list the parts of a model.
_PARTS = {
    *("parameters", "buffers", "modules", "children"),
    *("named_parameters", "named_buffers", "named_modules", "named_children"),
}


def _has_own_modes(model: nn.Module) -> bool:
    modes = ("train", "eval")
    return any(_has_own(m, nn.Module, name) for m in model.modules() for name in modes)


def look_at_optimizer(run: Run) -> Look:
    """What the code of a learner's own optimizer reaches, besides the weights that it trains.

    Nothing for one of PyTorch's optimizers.

    Raises:
        CannotTellError: it may behave differently in a later step.
    """
    optimizer = run.optimizer
    if is_pytorchs(optimizer):
        return Look()
    if _has_own(optimizer, torch.optim.Optimizer, "zero_grad"):
        raise CannotTellError(
            "its optimizer has a zero_grad() of its own, which may keep gradients"
        )
    kind = type(optimizer)
    parts: dict[str, Any] = {"optimizer's class": kind, **vars(optimizer)}
    parts |= {"step": kind.step, "hooks on all optimizers": hooks_of_all_optimizers()}
    for not_code in ("param_groups", "state", "defaults"):
        parts.pop(not_code, None)
    trained = {id(p): p for g in optimizer.param_groups for p in g["params"] if p.requires_grad}
    named = {n: p for n, p in run.model.named_parameters() if id(p) in trained}
    look = look_at(parts, named, [optimizer])
    others = {address(t) for t in (*run.model.parameters(), *run.model.buffers())}
    others -= {address(t) for t in named.values()}
    if not look.addresses.isdisjoint(others):
        raise CannotTellError("its optimizer uses buffers or weights that it does not train")
    return look


def _has_own(thing: object, base: type, name: str) -> bool:
    """Whether `thing` overrides the method `name` of `base`."""
    return getattr(type(thing), name) is not getattr(base, name) or name in vars(thing)


def _hooks_on_gradients(model: nn.Module) -> bool:
    of_tensors = ("_backward_hooks", "_post_accumulate_grad_hooks")
    of_modules = ("_backward_hooks", "_backward_pre_hooks")
    return any(getattr(p, hooks, None) for p in model.parameters() for hooks in of_tensors) or any(
        getattr(module, hooks, None) for module in model.modules() for hooks in of_modules
    )


def _trains_something_else(run: Run) -> bool:
    own = {id(p) for p in run.model.parameters()}
    return any(id(p) not in own for group in run.optimizer.param_groups for p in group["params"])
