"""Traps: cases in which a recording of one step, or of one member, is not the run."""

from tests.fuzzing.traps import (
    autograd,
    complex_numbers,
    draws,
    gradients,
    hooks,
    layers,
    losses,
    member_data,
    members,
    memory,
    metadata,
    modules,
    optimizer_state,
    python_state,
    readings,
    refusals,
    step_hooks,
)
from tests.fuzzing.traps.registry import Trap

_MODULES = (
    python_state,
    readings,
    hooks,
    members,
    memory,
    autograd,
    layers,
    optimizer_state,
    draws,
    losses,
    refusals,
    step_hooks,
    gradients,
    complex_numbers,
    modules,
    member_data,
    metadata,
)

#: Those of different modules take turns, so that a few cases meet each kind.
TRAPS: list[Trap] = sorted(
    (trap for module in _MODULES for trap in module.TRAPS.traps),
    key=lambda trap: trap.place,
)

__all__ = ["TRAPS", "Trap"]
