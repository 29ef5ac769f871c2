"""The first step of each member alone: what it shows of its code, and what must come out together.

Before the first epoch every member takes its first step alone, from its own start, with its own
draws and its own optimizer. That shows what its code remembers and what it asks of the world (then
it trains alone), and it is what the first step together must agree with. Later, members in turn
take one more step alone, from where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.fleet.code import CannotTellError
from course_utils.fleet.content import Look, World
from course_utils.fleet.guard import Guard
from course_utils.fleet.memory import look_at
from course_utils.fleet.objective import Objective
from course_utils.fleet.optimizers import is_elementwise
from course_utils.fleet.run import Member, Run
from course_utils.fleet.step import Step, put_back, step_alone
from course_utils.noise import Kind, Request, SeededDraws, draw, stream
from course_utils.scoring import LossFn, evaluating, mixes_samples
from course_utils.shortcuts import rows

#: Samples to score when it is watched what scoring does.
_FEW = 8


@dataclass
class Rehearsal:
    """A member's first step, and what was learned about its code."""

    #: Why the member must train alone, in words; None where nothing speaks for it.
    reason: str | None = None
    #: Whether its code changes Python objects, which other members may use as well.
    has_memory: bool = False
    #: Whether its outputs for a sample depend on the samples beside it, even in evaluation.
    mixes_samples: bool = False
    #: The Python objects that its code can reach.
    look: Look = field(default_factory=Look)
    #: Whether its code has run, and may have moved what it remembers.
    has_run: bool = False
    #: What the step drew.
    requests: list[Request] = field(default_factory=list)
    step: Step | None = None

    def refuse(self, reason: str, *, has_memory: bool = False) -> None:
        """Let it train alone, for the first reason that is given."""
        self.reason = self.reason or reason
        self.has_memory |= has_memory


def rehearse(
    member: Member, batch: Tensor, loss_fn: LossFn, known: dict[object, Rehearsal]
) -> Rehearsal:
    """A member's first step, on the samples `batch`. Its weights, buffers, optimizer, and Python's
    and NumPy's random numbers are put back afterwards.

    What its code does to tensors is looked at once for members whose code meets the same Python
    objects: `known` holds the first of each such kind.

    Raises whatever the learner's own code raises.
    """
    found = Rehearsal()
    run = member.run
    if any(map(nn.parameter.is_lazy, run.model.parameters())):
        found.refuse("it has lazy layers, which get their weights in the first call")
    elif not isinstance(run.optimizer, torch.optim.Optimizer):
        found.refuse("its optimizer is not one of PyTorch's kind")
    elif _hooks_on_gradients(run.model):
        found.refuse("it has hooks that run while gradients are computed")
    elif _trains_something_else(run):
        found.refuse("its optimizer also trains something that is not in the model")
    if found.reason is not None:
        return found
    state = [*run.model.named_parameters(), *run.model.named_buffers()]
    try:
        found.look = look_at(_roots(run, loss_fn), state)
        if found.look.kept_weights is not None:
            found.refuse(
                f"it uses weights kept in `{found.look.kept_weights}`, and not those of the model "
                "that it is given"
            )
        _refuse_shared_with_optimizer(found, run, state)
    except CannotTellError as error:
        found.refuse(str(error), has_memory=True)
        return found
    world, found.has_run = World(), True
    guard, drawn = Guard(), list[Request]()
    first = known.setdefault((found.look.key(), _shapes(member, batch)), found)
    if first is found:
        _look_at_loss(found, member, batch, guard, loss_fn)
        _look_at_scoring(found, member, guard, loss_fn)
    elif first.reason is not None:
        found.refuse(first.reason, has_memory=first.has_memory)
    found.requests, found.mixes_samples = first.requests, first.mixes_samples
    found.step = step_alone(member, batch, draws := _NotedDraws(member, drawn), loss_fn)
    if not world.is_unchanged():
        world.put_back()
        found.refuse("it draws from Python's or NumPy's random numbers, which no seed controls")
        found.has_memory = True
    if drawn != found.requests or draws.left_some_to_pytorch:
        found.refuse("it draws random numbers that cannot be drawn for several runs at once")
    if guard.reason is not None:
        found.refuse(guard.reason)
    changed = found.look.first_change(look_at(_roots(run, loss_fn), state))
    if changed is not None:
        found.refuse(
            f"`{changed}` changes from step to step, and is no weight and no buffer of its model",
            has_memory=True,
        )
    return found


def _shapes(member: Member, batch: Tensor) -> object:
    """What the same code could do something else for, numbers aside."""
    data, model = member.data, member.run.model
    tensors = (data.x_train, data.y_train, data.x_val, data.y_val, *model.parameters())
    return len(batch), data.num_classes, tuple((t.shape, t.dtype, t.requires_grad) for t in tensors)


def _roots(run: Run, loss_fn: LossFn) -> dict[str, Any]:
    roots = {"model": run.model, "penalty": run.penalty, "augment": run.augment}
    return {**roots, "loss_fn": loss_fn}


def _hooks_on_gradients(model: nn.Module) -> bool:
    of_tensors = ("_backward_hooks", "_post_accumulate_grad_hooks")
    of_modules = ("_backward_hooks", "_backward_pre_hooks")
    return any(getattr(p, hooks, None) for p in model.parameters() for hooks in of_tensors) or any(
        getattr(module, hooks, None) for module in model.modules() for hooks in of_modules
    )


def _trains_something_else(run: Run) -> bool:
    own = {id(p) for p in run.model.parameters()}
    return any(id(p) not in own for group in run.optimizer.param_groups for p in group["params"])


def _refuse_shared_with_optimizer(found: Rehearsal, run: Run, state: list[Any]) -> None:
    """An optimizer's own code may change what the model, the penalty or the augmentation reads."""
    optimizer = run.optimizer
    if is_elementwise(optimizer):
        return
    parts: dict[str, Any] = {"optimizer's class": type(optimizer), **vars(optimizer)}
    for not_code in ("param_groups", "state", "defaults"):
        parts.pop(not_code, None)
    theirs = look_at(parts, [*state, ("optimizer", optimizer)])
    if not theirs.mutable.isdisjoint(found.look.mutable):
        found.refuse("its optimizer reaches Python objects that the training loss uses")


def _look_at_loss(
    found: Rehearsal, member: Member, batch: Tensor, guard: Guard, loss_fn: LossFn
) -> None:
    """Watch what the training loss does to its tensors, and note what it draws."""
    data = member.data
    x, y = rows(data.x_train, batch), rows(data.y_train, batch)
    objective = Objective(member.run, loss_fn, data.num_classes)
    with put_back(member.run), _NotedDraws(member, found.requests), guard:
        objective(x, y)


def _look_at_scoring(found: Rehearsal, member: Member, guard: Guard, loss_fn: LossFn) -> None:
    """Watch what scoring a few samples does."""
    model, x, y = (
        member.run.model,
        member.data.x_val[:_FEW].clone(),
        member.data.y_val[:_FEW].clone(),
    )
    before = torch.get_rng_state()
    guard.lend(x)
    with put_back(member.run), torch.no_grad(), evaluating(model):
        with torch.random.fork_rng(devices=[]), guard:
            loss_fn(model(x), y)
            after = torch.get_rng_state()
        with torch.random.fork_rng(devices=[]):
            found.mixes_samples = guard.reason is None and mixes_samples(model, member.data.x_val)
    if not torch.equal(before, after):
        found.refuse("it draws random numbers in evaluation, which no seed controls")


class _NotedDraws(SeededDraws):
    """The draws of a member's seed, noting what was asked for."""

    def __init__(self, member: Member, requests: list[Request]) -> None:
        generator, device = stream("draws", member.seed), member.data.x_train.device

        def note(kind: Kind, shape: tuple[int, ...]) -> Tensor:
            requests.append((kind, shape))
            return draw(kind, shape, generator).to(device)

        super().__init__(member.seed, device, note)
