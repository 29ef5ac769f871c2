"""What an optimizer must be: anything with step() and zero_grad(), PyTorch's or the learner's."""

from __future__ import annotations

import inspect
from types import FunctionType, MethodType
from typing import Any

from torch import nn


def check_optimizer(optimizer: Any, model: nn.Module) -> None:
    """Raise an error if the optimizer could not train `model`.

    Whether one without `param_groups` (written by hand, for example) holds the model's weights is
    not checked.
    """
    if isinstance(optimizer, type):
        raise TypeError(
            f"optimizer must be built on the model's weights, got the class {optimizer.__name__}; "
            f"write {optimizer.__name__}(model.parameters(), lr=0.1)"
        )
    for method in ("step", "zero_grad"):
        if not callable(getattr(optimizer, method, None)):
            raise TypeError(
                f"optimizer must have step() and zero_grad(), got {optimizer!r} without "
                f"{method}(); use for example torch.optim.SGD(model.parameters(), lr=0.1)"
            )
        if needed := _needed(_without_schedule(optimizer, method)):
            raise TypeError(
                f"optimizer.{method}() must work without arguments, got "
                f"{type(optimizer).__name__}, whose {method}() needs {needed}; use one that steps "
                "once for each gradient, such as torch.optim.SGD or torch.optim.Adam"
            )
    groups = getattr(optimizer, "param_groups", None)
    if groups is None:
        return
    own = {id(p) for p in model.parameters()}
    held = {id(p): p for group in groups for p in group["params"]}
    if own.isdisjoint(held):
        raise ValueError(
            "the optimizer holds none of this model's parameters, so the model would never change; "
            "build it on this model: torch.optim.SGD(model.parameters(), lr=0.1)"
        )
    _check_no_layer_was_replaced(model, held)
    on_cpu = any(p.device.type == "cpu" for p in held.values())
    if on_cpu and any(group.get("capturable") is True for group in groups):
        raise ValueError(
            "capturable must be False for weights on the CPU, got capturable=True, which is for "
            f"CUDA graphs; build the {type(optimizer).__name__} without it"
        )


def _check_no_layer_was_replaced(model: nn.Module, held: dict[int, nn.Parameter]) -> None:
    """Raise an error if the optimizer trains a parameter that has no place in the model, while one
    of the same shape in the model is not trained: it was built before a layer was replaced."""
    own = {id(p) for p in model.parameters()}
    elsewhere = {p.shape for key, p in held.items() if key not in own}
    for name, p in model.named_parameters():
        if p.requires_grad and id(p) not in held and p.shape in elsewhere:
            raise ValueError(
                f"the optimizer must hold the parameters that train, got one without {name}, which "
                f"holds another parameter of shape {tuple(p.shape)} that is not in the model: a "
                "layer was replaced after it was built. Build the optimizer last, or freeze what "
                "shall not train: .requires_grad_(False)"
            )


def lr_now(optimizer: Any) -> str:
    """The first learning rate as text, e.g. " (now 0.1)"; "" if the optimizer has none."""
    groups = getattr(optimizer, "param_groups", None)
    return f" (now {groups[0]['lr']})" if groups and "lr" in groups[0] else ""


def _without_schedule(optimizer: Any, name: str) -> Any:
    """The method as the optimizer's class defines it: a learning-rate schedule hides step() behind
    a function that shows step()'s `self` as an argument, although it does not need it."""
    method = getattr(type(optimizer), name, None)
    return (
        MethodType(method, optimizer)
        if isinstance(method, FunctionType)
        else getattr(optimizer, name)
    )


def _needed(method: Any) -> str:
    """The first argument that `method` requires; "" if there is none."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except ValueError:  # compiled code may not show its arguments
        return ""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for parameter in parameters:
        if parameter.default is inspect.Parameter.empty and parameter.kind not in variable:
            return parameter.name
    return ""
