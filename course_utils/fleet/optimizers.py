"""Take the optimizer steps of all members of a group, with as few optimizers as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.fast_paths import has_hooks
from course_utils.fleet.engine import CannotBatchError
from course_utils.fleet.run import Member

#: These update every number of a tensor on its own, so stacking the members' tensors is exact.
_ELEMENTWISE: tuple[type[torch.optim.Optimizer], ...] = (
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.Adadelta,
    torch.optim.Adamax,
    torch.optim.NAdam,
    torch.optim.RAdam,
)
#: These have a fused step, which computes the same 2.5 times faster on the CPU.
_FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)

#: The parts of an optimizer's state that are one number for a whole tensor.
_OF_ALL = {"step", "mu_product"}

#: Gradients by name; a weight that the loss does not depend on has none, and is not changed.
Gradients = Mapping[str, Tensor]
#: An index into [values, seeds]: () for all members, (value,) for those of a value, or one member.
Place = tuple[slice | int, ...]


class StackedOptimizer:
    """One optimizer for the stacked weights of members that have the same settings."""

    def __init__(
        self, members: Sequence[Member], params: Mapping[str, Tensor], place: Place
    ) -> None:
        template, self.place = members[0], place
        names = _names(template)
        self.leaves = {name: p[place] for name, p in params.items()}
        given = template.run.optimizer
        groups = [
            {**group, "params": [self.leaves[names[id(p)]] for p in group["params"]]}
            for group in given.param_groups
        ]
        options: dict[str, Any] = {}
        undecided = not any(g["fused"] or g["foreach"] for g in groups if "fused" in g)
        real = not any(p.is_complex() for p in self.leaves.values())
        numbers = not any(isinstance(v, Tensor) for g in groups for v in g.values())
        if type(given) in _FUSED and undecided and real and numbers:
            options["fused"] = True
            for group in groups:
                del group["fused"]
        self._optimizer = type(given)(groups, **options)  # type: ignore[arg-type]
        self._carry_over(members)

    def _carry_over(self, members: Sequence[Member]) -> None:
        """Start from the members' own states, such as Adam's moments."""
        shapes = {name: p.shape for name, p in members[0].run.model.named_parameters()}
        of_members = [_state_by_name(m) for m in members]
        for name, leaf in self.leaves.items():
            states = [of_member.get(name, {}) for of_member in of_members]
            if any(states):
                self._optimizer.state[leaf] = _stacked(states, leaf, shapes[name])

    def step(self, gradients: Gradients) -> None:
        for name, leaf in self.leaves.items():
            gradient = gradients.get(name)
            # The fused step reads memory in order and ignores strides.
            leaf.grad = None if gradient is None else gradient[self.place].contiguous()
        self._optimizer.step()

    def lend_state(self, member: Member, within: tuple[int, ...]) -> None:
        """Copy this optimizer's state for a member, at index `within`, to the member's own."""
        for name, p in member.run.model.named_parameters():
            state = self._optimizer.state.get(self.leaves[name])
            if state:
                own = {
                    k: v[within] if _is_per_number(k, v, self.leaves[name].shape) else v
                    for k, v in state.items()
                }
                member.run.optimizer.state[p] = {
                    k: v.clone() if isinstance(v, Tensor) else v for k, v in own.items()
                }


class OwnOptimizer:
    """A member's own optimizer, for kinds that are not known to update each number on its own.

    This includes subclasses of known ones, because they may override the step. It is slower by the
    cost of one step per member.
    """

    def __init__(
        self, member: Member, params: Mapping[str, Tensor], place: tuple[int, int]
    ) -> None:
        self._member, self.place = member, place
        self._own = dict(member.run.model.named_parameters())
        self.leaves = {name: p[place] for name, p in params.items()}

    def step(self, gradients: Gradients) -> None:
        # The loss may have changed weights in place, for example clipped them.
        with torch.no_grad():
            for name, leaf in self.leaves.items():
                self._own[name].copy_(leaf)
        for name, p in self._own.items():
            gradient = gradients.get(name) if p.requires_grad else None
            # A copy, because a hook may change it, and gradients may share memory.
            p.grad = None if gradient is None else gradient[self.place].clone()
        wanted, before = [p.requires_grad for p in self._own.values()], torch.get_rng_state()
        self._member.run.optimizer.step()
        if [p.requires_grad for p in self._own.values()] != wanted:
            raise CannotBatchError("its optimizer freezes or unfreezes weights as it trains")
        if not torch.equal(before, torch.get_rng_state()):
            torch.set_rng_state(before)
            raise CannotBatchError("its optimizer draws random numbers")
        with torch.no_grad():
            for name, leaf in self.leaves.items():
                leaf.copy_(self._own[name])


Optimizers = list[StackedOptimizer] | list[OwnOptimizer]


def optimizers_for(
    members: Sequence[Member], shape: tuple[int, int], params: Mapping[str, Tensor]
) -> Optimizers:
    """One optimizer if all members have the same settings, else one per value, else one per member.

    `params` are the stacked weights [values, seeds, ...] by name, value by value.
    """
    n_seeds = shape[1]
    places = [divmod(i, n_seeds) for i in range(len(members))]
    if not are_stacked(members):
        return [OwnOptimizer(m, params, p) for m, p in zip(members, places, strict=True)]
    settings = [_settings(m) for m in members]
    if all(s == settings[0] for s in settings):
        return [StackedOptimizer(members, params, ())]
    rows = [slice(v * n_seeds, (v + 1) * n_seeds) for v in range(shape[0])]
    if all(s == settings[row.start] for row in rows for s in settings[row]):
        return [StackedOptimizer(members[row], params, (v,)) for v, row in enumerate(rows)]
    return [StackedOptimizer([m], params, place) for m, place in zip(members, places, strict=True)]


def are_stacked(members: Sequence[Member]) -> bool:
    """Whether the stacked weights are trained, rather than each member's own."""
    return all(is_elementwise(m.run.optimizer) for m in members)


def is_elementwise(optimizer: torch.optim.Optimizer) -> bool:
    """Whether it is known to update each number on its own, and runs no code of the learner's."""
    return type(optimizer) in _ELEMENTWISE and is_pytorchs(optimizer)


def is_pytorchs(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step runs only PyTorch's code: no subclass, no hook, no schedule."""
    own = any(callable(value) for value in vars(optimizer).values())
    methods = (type(optimizer).step, type(optimizer).zero_grad)
    written = type(optimizer).__module__.startswith("torch.optim.") and all(
        map(_is_torchs, methods)
    )
    return written and not has_hooks(optimizer) and not own


def _is_torchs(function: Any) -> bool:
    """Whether a method and all its wrappers are PyTorch's own."""
    while function is not None:
        if not function.__globals__["__name__"].startswith("torch."):
            return False
        function = getattr(function, "__wrapped__", None)
    return True


def _names(member: Member) -> dict[int, str]:
    return {id(p): name for name, p in member.run.model.named_parameters()}


def _state_by_name(member: Member) -> dict[str, dict[str, Any]]:
    names = _names(member)
    return {
        names[id(p)]: state for p, state in member.run.optimizer.state.items() if id(p) in names
    }


def _stacked(states: Sequence[dict[str, Any]], leaf: Tensor, shape: torch.Size) -> dict[str, Any]:
    """The state of a stacked weight, from the members' states of that weight, of this shape."""
    different = CannotBatchError("its optimizers start from states of different kinds")
    if any(state.keys() != states[0].keys() for state in states):
        raise different
    stacked: dict[str, Any] = {}
    for key, first in states[0].items():
        parts = [state[key] for state in states]
        if _is_per_number(key, first, shape):
            stacked[key] = torch.stack(parts).reshape(leaf.shape)
        elif all(_equal(part, first) for part in parts):
            stacked[key] = first.clone() if isinstance(first, Tensor) else first
        else:
            raise different
    return stacked


def _is_per_number(key: str, value: Any, shape: torch.Size) -> bool:
    """Whether a part of the state has one number per number of the weight, unlike a step count."""
    return isinstance(value, Tensor) and key not in _OF_ALL and value.shape == shape


def _equal(a: Any, b: Any) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a == b


def _settings(member: Member) -> list[Any]:
    """A value that is equal for optimizers with equal settings: class, groups, frozen weights."""
    names, optimizer = _names(member), member.run.optimizer
    groups = [
        {
            **{k: v.tolist() if isinstance(v, Tensor) else v for k, v in group.items()},
            "params": [names[id(p)] for p in group["params"]],
        }
        for group in optimizer.param_groups
    ]
    frozen = [name for name, p in member.run.model.named_parameters() if not p.requires_grad]
    return [type(optimizer), groups, frozen]
