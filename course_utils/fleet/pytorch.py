"""All private parts of PyTorch that the fleet uses, and the versions that they were tested with.

In other versions they may have changed; there the plain engine runs instead of the recorder,
because it needs almost none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch._ops import OpOverload
from torch.optim import optimizer as of_optimizers
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

__all__ = [
    "OpOverload",
    "TorchDispatchMode",
    "WeakTensorKeyDictionary",
    "aten",
    "decompositions",
    "hook_registries",
    "hooks_of_all_optimizers",
    "is_own_gradient",
    "is_tested",
    "is_wrapped",
    "memory_of",
    "settings_of_all",
    "tree_flatten",
    "tree_leaves",
    "without_performance_warnings",
]

aten = torch.ops.aten

#: The suite has passed with the first and the last of these releases.
OLDEST_TESTED, NEWEST_TESTED = (2, 14), (2, 14)


def is_tested() -> bool:
    """Whether the recorder was tested with this PyTorch."""
    release = tuple(int(part) for part in torch.__version__.split(".")[:2])
    return OLDEST_TESTED <= release <= NEWEST_TESTED


def memory_of(t: Tensor) -> int:
    """A number that is equal for tensors in the same memory."""
    return t.untyped_storage()._cdata if t.layout is torch.strided else id(t)


def is_wrapped(t: Tensor) -> bool:
    """Whether a transformation of `torch.func` has wrapped `t`, which then shows no memory."""
    functorch: Any = torch._C._functorch
    return bool(functorch.is_functorch_wrapped_tensor(t))


def decompositions(operations: Iterable[Any]) -> dict[Any, Any]:
    """PyTorch's own decompositions of these operations into others."""
    return get_decompositions(list(operations))


def is_own_gradient(node: Any) -> bool:
    """Whether a node of autograd's graph is a `torch.autograd.Function` written in Python."""
    return isinstance(node, torch.autograd.function.BackwardCFunction)


def hooks_of_all_optimizers() -> list[Any]:
    """The global hooks, which run in each step of any optimizer."""
    hooks = (of_optimizers._global_optimizer_pre_hooks, of_optimizers._global_optimizer_post_hooks)
    return [hook for of_all in hooks for hook in of_all.values()]


def hook_registries() -> list[dict[Any, Any]]:
    """The dicts in which PyTorch keeps hooks on all modules and on all optimizers."""
    kept = {**vars(torch.nn.modules.module), **vars(of_optimizers)}
    return [v for n, v in kept.items() if n.startswith("_global_") and isinstance(v, dict)]


def settings_of_all() -> dict[str, Any]:
    """Settings that affect every module: the default dtype, and hooks on all modules."""
    hooks = {n: v for n, v in vars(torch.nn.modules.module).items() if n.startswith("_global_")}
    kept = {n: list(v.values()) for n, v in hooks.items() if isinstance(v, dict) and v}
    return {"default dtype": torch.get_default_dtype(), "hooks on all modules": kept}


@contextmanager
def without_performance_warnings() -> Iterator[None]:
    """Inside, PyTorch does not warn about operations that `vmap` runs one member at a time."""
    functorch: Any = torch._C._functorch
    functorch._set_vmap_fallback_warning_enabled(False)
    try:
        yield
    finally:
        functorch._set_vmap_fallback_warning_enabled(True)
