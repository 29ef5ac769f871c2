"""What is known of a member before it trains: what its code can reach, and whether that speaks
against training it together with others. `first_step` adds what its first step shows.
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
    """A member's first step, and what was learned about its code."""

    #: Why the member must train alone, in words; None where nothing speaks for it.
    reason: str | None = None
    #: Whether its code changes Python objects, which other members may use as well.
    has_memory: bool = False
    #: Whether its outputs for a sample depend on the samples beside it, even in evaluation.
    mixes_samples: bool = False
    #: The Python objects that its code can reach.
    look: Look = field(default_factory=Look)
    #: Which of them changed in the step, or as other runs were built; by path.
    changed: list[str] = field(default_factory=list)
    #: Whether its code has run, and may have moved what it remembers.
    has_run: bool = False
    #: The Python objects that its optimizer's own code can reach; after the step, once it has run.
    optimizer_look: Look = field(default_factory=Look)
    #: Those that the code of other members' optimizers reaches too.
    shared_by_optimizers: list[Any] = field(default_factory=list)
    #: What the step drew.
    requests: list[Request] = field(default_factory=list)
    step: Step | None = None

    def refuse_changing(self, path: str) -> None:
        """Let it train alone and in turn: what its code reaches there does not stay the same."""
        self.refuse(
            f"`{path}` changes from step to step or from run to run, and is no weight and no "
            "buffer of its model",
            has_memory=True,
        )

    def refuse(self, reason: str, *, has_memory: bool = False) -> None:
        """Let it train alone, for the first reason that is given."""
        self.reason = self.reason or reason
        self.has_memory |= has_memory


def first_look(member: Member, loss_fn: LossFn) -> DryRun:
    """What a member's code can reach when it has been built, and whether that speaks against it."""
    found, run = DryRun(), member.run
    objection = first_objection(run)
    if objection is not None:
        found.refuse(objection, has_memory=True)  # for all that is known
        return found
    try:
        found.look = look_at(roots_of(run, loss_fn), tensors_of(member))
        found.optimizer_look = look_at_optimizer(run)
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
    """What a member's training and scoring run, by name."""
    roots = {"model": run.model, "penalty": run.penalty, "augment": run.augment}
    return {**roots, "loss_fn": loss_fn, **settings_of_all()}
