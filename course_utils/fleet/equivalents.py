"""Replace operations that cannot run for several members at once by equal ones that can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from course_utils.fleet.pytorch import is_wrapped

#: Losses of each entry. PyTorch's rules for `vmap` inside `vmap` need arguments that differ by
#: member alike: they raise where all members have the same targets.
ELEMENTWISE = (F.mse_loss, F.smooth_l1_loss, F.huber_loss)


class Equivalents(TorchFunctionMode):
    """While active, ``out=`` is a copy of the result, `F.one_hot` is a comparison, `F.rrelu` in
    evaluation is a leaky ReLU, attention is computed by its definition, with matrix products and a
    softmax, and losses of each entry take targets of all members."""

    def __init__(self) -> None:
        super().__init__()
        self._attention = ExitStack()

    def __enter__(self) -> Any:
        self._attention.enter_context(sdpa_kernel(SDPBackend.MATH))
        return super().__enter__()

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self._attention.close()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        out = kwargs.get("out")
        if isinstance(out, Tensor):
            result = func(*args, **{k: v for k, v in kwargs.items() if k != "out"})
            if out.shape == result.shape:
                return out.copy_(result)
        if func is F.one_hot:
            return _one_hot(*args, **kwargs)
        if func in (F.rrelu, torch.rrelu):
            return _rrelu(func, *args, **kwargs)
        if func in ELEMENTWISE:
            return _elementwise(func, *args, **kwargs)
        return func(*args, **kwargs)


def _elementwise(
    func: Callable[..., Tensor], input: Tensor, target: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """`func`, with `input` and `target` each repeated for the members of the other."""
    if input.shape == target.shape and (is_wrapped(input) or is_wrapped(target)):
        input, target = input + torch.zeros_like(target), target + torch.zeros_like(input)
    return func(input, target, *args, **kwargs)


def _rrelu(
    func: Callable[..., Tensor],
    x: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
    **_: Any,
) -> Tensor:
    """`F.rrelu`; in evaluation a leaky ReLU with the mean of its slopes, which can be merged."""
    if training:
        return func(x, lower, upper, training, inplace)
    return F.leaky_relu(x, (lower + upper) / 2, inplace)


def _one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    if num_classes < 0:  # then the largest label decides
        return F.one_hot(tensor, num_classes)
    return (tensor.unsqueeze(-1) == torch.arange(num_classes, device=tensor.device)).long()
