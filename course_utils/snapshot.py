"""Saving and restoring a model: everything that a forward pass may depend on, or its mode alone."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

#: Weights, buffers, submodules, hooks and the mode, which every module has.
_OF_EVERY_MODULE = vars(nn.Module()).keys()


def snapshot(model: nn.Module) -> Callable[[], None]:
    """Save the current state of `model`; the function returned restores it, in place.

    That is more than its ``state_dict()``: buffers that are not persistent, plain attributes (a
    running mean kept as ``self.mean``), and what ``get_extra_state`` returns. Parameters and
    buffers stay the same objects, so that optimizers go on holding them.
    """
    kept = {id(t): t for t in (*model.modules(), *model.parameters(), *model.buffers())}
    return_all = [_remember(module, kept) for module in model.modules()]

    def bring_back() -> None:
        for return_one in return_all:
            return_one()

    return bring_back


def _remember(module: nn.Module, kept: dict[int, Any]) -> Callable[[], None]:
    if isinstance(module, torch.jit.ScriptModule):
        return _remember_compiled(module)
    tensors = {
        register: {
            name: (t, None if t is None else t.detach().clone())
            for name, t in vars(module)[register].items()
        }
        for register in ("_parameters", "_buffers")
    }
    attributes = {
        name: _copied(value, kept, f"{type(module).__name__}.{name}")
        for name, value in vars(module).items()
        if name not in _OF_EVERY_MODULE
    }
    has_extra = type(module).get_extra_state is not nn.Module.get_extra_state
    extra = copy.deepcopy(module.get_extra_state()) if has_extra else None

    def bring_back() -> None:
        for name in vars(module).keys() - attributes.keys() - _OF_EVERY_MODULE:
            del vars(module)[name]
        # Copied once more, so that it can be brought back again.
        vars(module).update({n: _copied(v, kept, n) for n, v in attributes.items()})
        with torch.no_grad():
            for register, named in tensors.items():
                for made_since in vars(module)[register].keys() - named.keys():
                    del vars(module)[register][made_since]
                for name, (t, content) in named.items():
                    if t is not None and content is not None:
                        t.copy_(content)
                    vars(module)[register][name] = t
        if has_extra:
            module.set_extra_state(copy.deepcopy(extra))

    return bring_back


def _remember_compiled(module: nn.Module) -> Callable[[], None]:
    """A compiled module has no attributes in Python, and its weights stay the same objects."""
    tensors = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    contents = [(t, t.detach().clone()) for t in tensors]

    def bring_back() -> None:
        with torch.no_grad():
            for t, content in contents:
                t.copy_(content)

    return bring_back


def _copied(value: Any, kept: dict[int, Any], name: str) -> Any:
    """A copy that keeps the model's own modules, parameters and buffers instead of copying them."""
    if isinstance(value, Tensor) and id(value) not in kept:
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        return type(value)(_copied(v, kept, name) for v in value)
    try:
        return copy.deepcopy(value, dict(kept))
    except Exception as error:  # of whatever kind the object's own copying raises
        warnings.warn(
            f"{name} cannot be copied ({error}), so it keeps its newest value when the model of an "
            "earlier epoch is brought back",
            stacklevel=2,
        )
        return value


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards each submodule is back in the mode that it was in."""
    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in was_training:
            module.training = training
