"""The interface of the engines, which make one function of all members from functions of single
ones, and the plain engine.

There are two engines. The recorder (`course_utils.fleet.recorder`) is fast, and can also merge
functions that differ in numbers, such as dropout's p or a penalty's λ. The plain one below is
`torch.func` and little else. It runs where the recorder cannot, and the recorder is tested against
it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from course_utils.fleet.pytorch import without_performance_warnings

#: Takes tensors as separate arguments, and returns a tuple of tensors. It may change its arguments
#: in place (running statistics).
TensorFn = Callable[..., tuple[Tensor, ...]]

#: How an input differs between members: by value and seed (leading dimensions [values, seeds]), by
#: seed alone ([seeds]), by value alone ([values]), or not at all. Computations on inputs that
#: members share are done once for all of them.
Dims = tuple[int | None, int | None]
BY_MEMBER: Dims = (0, 0)
BY_SEED: Dims = (None, 0)
BY_VALUE: Dims = (0, None)
SHARED: Dims = (None, None)


class CannotBatchError(Exception):
    """These members cannot be run as one; the message tells the learner why."""


#: What PyTorch may raise when members run as one that can train alone. If the error is a learner's
#: own, it is raised again when they train alone, with the learner's own traceback.
UNEXPECTED = (RuntimeError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True)
class Merge:
    """Functions of one member each, to be merged into one of all members, [values, seeds, ...]."""

    #: The functions, one for each kind of member.
    functions: Sequence[TensorFn]
    #: For each function, inputs of one member to run it on; they may be changed.
    alone: Sequence[Sequence[Tensor]]
    #: For each member, value by value, the index of its function.
    which: Sequence[int]
    #: The number of values and the number of seeds.
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
    """A function of all members' tensors, and its side effects."""

    of_all: TensorFn
    #: Whether it may change tensors in place, such as running statistics.
    changes_in_place: bool
    #: Whether it may use tensors that are not inputs, and could be changed between two calls.
    uses_constants: bool

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the function."""
        return self.of_all(*inputs)


Engine = Callable[[Merge], Merged]


def with_gradients(function: TensorFn, n_params: int) -> TensorFn:
    """`function`, returning the gradients of its first output with respect to its first `n_params`
    inputs, and then its outputs."""

    def loss_and_outputs(*inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        outputs = function(*inputs)
        return outputs[0], outputs

    gradients_and_outputs = grad(loss_and_outputs, argnums=tuple(range(n_params)), has_aux=True)

    def both(*inputs: Tensor) -> tuple[Tensor, ...]:
        gradients, outputs = gradients_and_outputs(*inputs)
        return (*gradients, *outputs)

    return both


def over_members(function: TensorFn, dims: Sequence[Dims]) -> TensorFn:
    """The function of all members that applies `function` to each; `dims` of each input."""
    over_values, over_seeds = zip(*dims, strict=True)
    return vmap(vmap(function, in_dims=over_seeds), in_dims=over_values)


def plain(merge: Merge) -> Merged:
    """Merge members that all have the same function, with `torch.func` alone.

    Raises:
        CannotBatchError: they have several functions, or PyTorch cannot run theirs as one.
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
