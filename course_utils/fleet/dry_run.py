"""Look at a member before it trains: can it train together with others, by what its code reaches?

`first_step` adds what the member's first step shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import nn

from course_utils.fleet.code import CannotTellError
from course_utils.fleet.content import Look, address
from course_utils.fleet.eligibility import first_objection, look_at_optimizer
from course_utils.fleet.memory import look_at
from course_utils.fleet.pytorch import settings_of_all
from course_utils.fleet.run import Member, Run, tensors_of
from course_utils.fleet.step import Step
from course_utils.random_streams import Request
from course_utils.scoring import LossFn


@dataclass
class DryRun:
    """The findings about a member's code, and its first step."""

    #: Why the member must train alone, in words; None if nothing is against training together.
    reason: str | None = None
    #: Whether its code changes Python objects, which other members may use as well.
    has_memory: bool = False
    #: Whether its outputs for a sample depend on the other samples, even in evaluation mode.
    mixes_samples: bool = False
    #: The Python objects that its code can reach.
    look: Look = field(default_factory=Look)
    #: The paths of those that changed in the step, or while other runs were built.
    changed: list[str] = field(default_factory=list)
    #: The paths of tensors that a call of its code used and that were there before the call.
    read: set[str] = field(default_factory=set)
    #: Whether its code has run, and may have changed its own state.
    has_run: bool = False
    #: The Python objects that its optimizer's own code can reach: after the step, if it has run.
    optimizer_look: Look = field(default_factory=Look)
    #: The same as the run was built.
    optimizer_as_built: Look = field(default_factory=Look)
    #: Those that the code of other members' optimizers reaches too.
    shared_by_optimizers: list[Any] = field(default_factory=list)
    #: The random tensors that the step drew.
    requests: list[Request] = field(default_factory=list)
    step: Step | None = None

    def refuse_changing(self, path: str) -> None:
        """Make it train alone and in turn, because the object at `path` does not stay the same."""
        self.refuse(
            f"`{path}` changes from step to step or from run to run, and is no weight and no "
            "buffer of its model",
            has_memory=True,
        )

    def refuse(self, reason: str, *, has_memory: bool = False) -> None:
        """Make it train alone; of several reasons, the first one given is kept."""
        self.reason = self.reason or reason
        self.has_memory |= has_memory


def first_look(member: Member, loss_fn: LossFn) -> DryRun:
    """Look at what a newly built member's code can reach, and whether it must train alone."""
    found, run = DryRun(), member.run
    objection = first_objection(run)
    if objection is not None:
        found.refuse(objection, has_memory=True)  # it may have: nothing was looked at
        return found
    try:
        found.look = look_at(roots_of(run, loss_fn), tensors_of(member))
        found.optimizer_look = found.optimizer_as_built = look_at_optimizer(run)
    except CannotTellError as error:
        found.refuse(str(error), has_memory=True)
        return found
    if any(isinstance(module, nn.RNNBase) for module in run.model.modules()):
        found.refuse("its recurrent layers keep their weights in one piece of memory")
    elif found.look.kept_weights is not None:
        found.refuse(
            f"it uses weights kept in `{found.look.kept_weights}`, and not those of the model "
            "that it is given"
        )
    if not found.optimizer_look.mutable.isdisjoint(found.look.mutable):
        reads = "its optimizer reaches Python objects that the training loss uses"
        found.refuse(reads, has_memory=True)
    addresses = [address(t) for t in tensors_of(member).values()]
    if len(set(addresses)) < len(addresses):
        found.refuse("two of its weights or buffers lie in the same memory", has_memory=True)
    return found


def roots_of(run: Run, loss_fn: LossFn) -> dict[str, Any]:
    """The objects whose code a member's training and scoring run, by name."""
    roots = {"model": run.model, "penalty": run.penalty, "augment": run.augment}
    return {**roots, "loss_fn": loss_fn, **settings_of_all()}
