"""Fast paths of a training step. The results are the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import optimizer as _of_optimizers

from course_utils.models import MLP, SmallCNN

#: As PyTorch and the course wrote them; a subclass may do otherwise.
_PLAIN = {
    *(MLP, SmallCNN, nn.Sequential, nn.Identity, nn.Flatten, nn.Linear, nn.Conv2d),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm),
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Tanh, nn.Sigmoid),
}


def is_plain(model: nn.Module) -> bool:
    """Whether a forward pass is known to draw no random numbers, to leave its inputs alone, and, in
    evaluation, to treat each sample by itself. Then it needs no watching and no copies, which saves
    a twentieth of a step."""
    return all(
        type(module) in _PLAIN
        and not module._forward_pre_hooks
        and not module._forward_hooks
        and "forward" not in vars(module)
        and not getattr(module, "inplace", False)
        and getattr(module, "track_running_stats", True)
        for module in model.modules()
    )


def draws_where_needed(
    draws: AbstractContextManager[None] | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *hooks: Any,
) -> AbstractContextManager[None]:
    """`draws`, or nothing where a step is known to draw no random numbers: `hooks` are its penalty,
    augmentation and loss."""
    plain = is_plain(model) and type(optimizer) in _SAME_AT_ONCE and not has_hooks(optimizer)
    plain = plain and not any(p._backward_hooks for p in model.parameters())
    plain = plain and all(hook in (None, F.cross_entropy) for hook in hooks)
    return nullcontext() if draws is None or plain else draws


def has_hooks(optimizer: torch.optim.Optimizer) -> bool:
    """Whether something of a learner's own runs in a step, of this optimizer or of all."""
    hooks = (optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks)
    of_all = (
        _of_optimizers._global_optimizer_pre_hooks,
        _of_optimizers._global_optimizer_post_hooks,
    )
    return any(hooks) or any(of_all) or "step" in vars(optimizer)


def take_rows(samples: Tensor, batch: Tensor) -> Tensor:
    """The same as ``samples[batch]``, in half the time for a large tensor; without gradient."""
    return samples.detach().index_select(0, batch.to(samples.device))


#: Bytes of a piece of memory; glibc learns from pieces of less than 32 MiB.
_NEARLY_32_MIB = 31 * 2**20


def keep_freed_memory() -> None:
    """Let the C library keep what is freed from now on, up to 62 MiB, and give it out again.

    A step of a fleet takes and frees some megabytes. By default glibc returns them to the system
    after each step, and gets every page anew and zeroed, which takes a twentieth of the time. What
    it keeps is twice the largest piece that it has seen freed, so it sees a large one here, whose
    pages are never touched. Other C libraries do not mind, and a threshold that the environment
    sets (``MALLOC_TRIM_THRESHOLD_``) stays as it is.
    """
    torch.empty(_NEARLY_32_MIB, dtype=torch.uint8, device="cpu")


#: As PyTorch wrote them; a subclass may do otherwise.
_SAME_AT_ONCE = {
    *(torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adamax),
    *(torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta),
}


@contextmanager
def use_foreach(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Inside, `optimizer` steps all parameters in one call per operation (``foreach=True``) and not
    one parameter after the other, which saves a fifteenth of a step.

    Only where that is the same to the last bit, and where the learner left the choice to PyTorch.
    """
    free = type(optimizer) in _SAME_AT_ONCE
    groups = optimizer.param_groups if free else []
    undecided = [group for group in groups if _is_undecided(group)]
    for group in undecided:
        group["foreach"] = True
    try:
        yield
    finally:
        for group in undecided:
            group["foreach"] = None


def _is_undecided(group: dict[str, Any]) -> bool:
    """Whether either way is possible for `group`: on a CPU (elsewhere PyTorch chooses well by
    itself), with numbers as settings, and with no gradient through the step.
    """
    settings = [value for name, value in group.items() if name != "params"]
    numbers = [n for value in settings for n in (value if isinstance(value, tuple) else (value,))]
    return (
        group["foreach"] is None
        and not group.get("fused")
        and not group["differentiable"]
        and all(p.is_cpu for p in group["params"])
        and not any(isinstance(n, Tensor) for n in numbers)
    )
