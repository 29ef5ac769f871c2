"""What speaks against training a run together with others before its code has run once."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from course_utils.fleet.content import Look
from course_utils.fleet.memory import look_at
from course_utils.fleet.optimizers import is_elementwise
from course_utils.fleet.run import Run


def first_objection(run: Run) -> str | None:
    """Why `run` must train alone, as far as its parts show it without being called; or None."""
    if any(map(nn.parameter.is_lazy, run.model.parameters())):
        return "it has lazy layers, which get their weights in the first call"
    if not isinstance(run.optimizer, torch.optim.Optimizer):
        return "its optimizer is not one of PyTorch's kind"
    if _hooks_on_gradients(run.model):
        return "it has hooks that run while gradients are computed"
    if _trains_something_else(run):
        return "its optimizer also trains something that is not in the model"
    return None


def _hooks_on_gradients(model: nn.Module) -> bool:
    of_tensors = ("_backward_hooks", "_post_accumulate_grad_hooks")
    of_modules = ("_backward_hooks", "_backward_pre_hooks")
    return any(getattr(p, hooks, None) for p in model.parameters() for hooks in of_tensors) or any(
        getattr(module, hooks, None) for module in model.modules() for hooks in of_modules
    )


def _trains_something_else(run: Run) -> bool:
    own = {id(p) for p in run.model.parameters()}
    return any(id(p) not in own for group in run.optimizer.param_groups for p in group["params"])


def look_at_optimizer(run: Run) -> Look:
    """What an optimizer's own code reaches; nothing for one of PyTorch's."""
    optimizer = run.optimizer
    if is_elementwise(optimizer):
        return Look()
    parts: dict[str, Any] = {"optimizer's class": type(optimizer), **vars(optimizer)}
    for not_code in ("param_groups", "state", "defaults"):
        parts.pop(not_code, None)
    state = [*run.model.named_parameters(), *run.model.named_buffers()]
    return look_at(parts, [*state, ("optimizer", optimizer)])
