"""How functions of one member become one function of all: the seam, and the plain way.

Two engines stand behind it. The recorder (`course_utils.fleet.recorder`) is fast, and also merges
functions that differ in numbers, such as dropout's p or a penalty's λ. The plain one below is
`torch.func` and little else. It is what the recorder is tested against, and what runs where the
recorder cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from course_utils.fleet.pytorch import without_performance_warnings

#: Takes tensors, each as an argument of its own, and returns a tuple of tensors. It may change its
#: arguments in place (running statistics).
TensorFn = Callable[..., tuple[Tensor, ...]]

#: How an input differs: by value and seed (a leading [values, seeds]), by seed alone ([seeds]), by
#: value alone ([values]), or not at all. What members share is computed once for them.
Dims = tuple[int | None, int | None]
BY_MEMBER: Dims = (0, 0)
BY_SEED: Dims = (None, 0)
BY_VALUE: Dims = (0, None)
SHARED: Dims = (None, None)


class CannotBatchError(Exception):
    """These members cannot be run as one; the message says why, in words for the learner."""


#: What PyTorch may raise where members that train well alone run as one. A learner's own errors
#: come up again when they train alone, with the learner's own traceback.
UNEXPECTED = (RuntimeError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True)
class Merge:
    """Functions of one member each, to be merged into one of all members, [values, seeds, ...]."""

    #: Those that may do different things.
    functions: Sequence[TensorFn]
    #: For each function, inputs of one member to run it on; they may be changed.
    alone: Sequence[Sequence[Tensor]]
    #: For each member, value by value, which of the functions is its own.
    which: Sequence[int]
    #: How many values, how many seeds.
    shape: tuple[int, int]
    #: Batched inputs, which may be changed; the result takes inputs of these shapes.
    example: Sequence[Tensor]
    #: How each input differs.
    dims: Sequence[Dims]
    #: If above 0, the result returns the gradients of the functions' first output with respect to
    #: their first `n_params` inputs, and then the outputs themselves.
    n_params: int = 0
    #: Equal for functions that run the same Python code.
    code: object = None


@dataclass(frozen=True)
class Merged:
    """A function of all members' tensors, and what it does beside returning some."""

    of_all: TensorFn
    #: Whether it may change tensors in place, such as running statistics.
    changes_in_place: bool
    #: Whether it may use tensors that are no inputs, which others could change between two calls.
    uses_constants: bool

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run it."""
        return self.of_all(*inputs)


Engine = Callable[[Merge], Merged]


def with_gradients(function: TensorFn, n_params: int) -> TensorFn:
    """(gradients of the first output by the first `n_params` inputs, *outputs)."""

    def loss_and_outputs(*inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        outputs = function(*inputs)
        return outputs[0], outputs

    gradients_and_outputs = grad(loss_and_outputs, argnums=tuple(range(n_params)), has_aux=True)

    def both(*inputs: Tensor) -> tuple[Tensor, ...]:
        gradients, outputs = gradients_and_outputs(*inputs)
        return (*gradients, *outputs)

    return both


def over_members(function: TensorFn, dims: Sequence[Dims]) -> TensorFn:
    """`function` of one member as a function of all, where inputs differ as `dims` say."""
    over_values, over_seeds = zip(*dims, strict=True)
    return vmap(vmap(function, in_dims=over_seeds), in_dims=over_values)


def plain(merge: Merge) -> Merged:
    """Merge members that do the same, with `torch.func` alone.

    Raises:
        CannotBatchError: they do not do the same.
    """
    if len(merge.functions) > 1:
        raise CannotBatchError("its members differ in more than their tensors")
    function = merge.functions[0]
    if merge.n_params:
        function = with_gradients(function, merge.n_params)
    vmapped = over_members(function, merge.dims)

    def of_all(*inputs: Tensor) -> tuple[Tensor, ...]:
        with without_performance_warnings():
            return vmapped(*inputs)

    try:
        before = [t.clone() for t in merge.example]
        of_all(*(given := [t.clone() for t in before]))
    except Exception as error:  # whatever it is, training alone shows whether it is the learner's
        raise CannotBatchError("PyTorch cannot run it for several members at once") from error
    changes = any(not torch.equal(a, b) for a, b in zip(before, given, strict=True))
    return Merged(of_all, changes_in_place=changes, uses_constants=True)
