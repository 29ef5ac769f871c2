"""Take the first step of each member alone, to examine its code and to compare with the fleet.

Before the first epoch every member takes its first step alone, from its own initial weights, with
its own draws and its own optimizer. This shows whether its code keeps a state or depends on the
outside world (then it trains alone), and the first step together must agree with it. Later, members
take turns at one more step alone, from their present weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from course_utils.argument_checks import check_log_probabilities, check_pairs
from course_utils.fast_paths import is_plain, take_rows
from course_utils.fleet.code import CannotTellError
from course_utils.fleet.content import Look, World
from course_utils.fleet.dry_run import DryRun, roots_of
from course_utils.fleet.eligibility import look_at_optimizer
from course_utils.fleet.engine import UNEXPECTED
from course_utils.fleet.guard import Guard
from course_utils.fleet.memory import look_at
from course_utils.fleet.mixing import may_mix_samples
from course_utils.fleet.objective import Objective, has_plain_labels
from course_utils.fleet.run import Member, Run, tensors_of
from course_utils.fleet.step import Step, put_back, step_alone
from course_utils.random_streams import Kind, Request, SeededDraws, draw, stream
from course_utils.scoring import CHUNK, LossFn
from course_utils.snapshot import evaluating


def dry_run_step(
    found: DryRun,
    member: Member,
    batches: Sequence[Tensor],
    loss_fn: LossFn,
    known: dict[object, DryRun],
) -> None:
    """Take a member's first step, on the first of `batches`, and add what it shows to `found`.

    The member's weights, buffers and optimizer, and the states of Python's and NumPy's generators,
    are restored afterwards. The operations on tensors are examined only once for members whose code
    reaches equal Python objects: `known` holds the first of each such kind.

    Raises whatever the learner's own code raises.
    """
    if found.has_memory:
        return
    world, found.has_run = World(), True
    try:
        if look_at_optimizer(member.run).tokens != found.optimizer_look.tokens:
            found.refuse("its optimizer uses what other runs change as well", has_memory=True)
        _take_first_step(found, member, batches, loss_fn, known)
    except CannotTellError as error:
        found.refuse(str(error), has_memory=True)
    finally:
        if not world.is_unchanged():
            world.put_back()
            found.refuse(
                "it draws from Python's or NumPy's random numbers, which the seed does not control"
            )
            found.has_memory = True


def _take_first_step(
    found: DryRun,
    member: Member,
    batches: Sequence[Tensor],
    loss_fn: LossFn,
    known: dict[object, DryRun],
) -> None:
    """Take the step, and find out whether the code that it ran can be recorded.

    Raises:
        CannotTellError: the objects that the code reaches after the step cannot be examined.
    """
    run, guard, drawn = member.run, Guard(), list[Request]()
    batch, last = batches[0], batches[-1]
    state = tensors_of(member)
    looks: list[Look] = []

    def look_again() -> None:
        used = guard.take_reads()
        if looks:
            found.read |= looks[-1].read_by(used)
        looks.append(look_at(roots_of(run, loss_fn), state))

    first = known.setdefault((found.look.key(), _shapes(member, batch)), found)
    found.step = step_alone(member, batch, draws := _NotedDraws(member, drawn), loss_fn)
    found.optimizer_look = look_at_optimizer(run)
    look_again()  # after each call, or a value that alternates would seem not to change
    if first is found:
        try:
            _look_at_loss(found, member, batch, found.requests, guard, loss_fn)
            look_again()
            if len(last) < len(batch):
                _look_at_loss(found, member, last, [], guard, loss_fn)
                look_again()
                short = step_alone(member, last, _NotedDraws(member, []), loss_fn)
                found.optimizer_look = look_at_optimizer(run)  # it may count its steps
                if _without_gradient(short) != _without_gradient(found.step):
                    found.refuse("some of its weights have a gradient in some batches only")
                look_again()
            _look_at_scoring(found, member, guard, loss_fn, look_again)
        except UNEXPECTED as error:  # the step itself did not raise it
            found.refuse(f"its code raises a {type(error).__name__} when it is watched or scored")
            found.has_memory = True
    elif first.reason is not None:
        found.refuse(first.reason, has_memory=first.has_memory)
    found.requests, found.mixes_samples = first.requests, first.mixes_samples
    if drawn != found.requests or draws.left_some_to_pytorch:
        found.refuse("it draws random numbers that cannot be drawn for several runs at once")
    if guard.reason is not None:
        found.refuse(guard.reason)
    if found.step.hung is not None:
        found.refuse(
            f"something hangs on a weight or a buffer (`{found.step.hung}`)", has_memory=True
        )
    if found.step.grew:
        found.refuse("its optimizer begins to train other weights as it goes", has_memory=True)
    if _kinds(found.step.state) != _kinds(state):
        found.refuse("its weights or buffers get another shape or type, or are made, as it trains")
    found.changed = [path for look in looks for path in found.look.changes(look, first.read)]
    if found.changed:
        found.refuse_changing(found.changed[0])


def _without_gradient(step: Step) -> set[str]:
    return {name for name, gradient in step.gradients.items() if gradient is None}


def _kinds(state: Mapping[str, Tensor]) -> object:
    return {name: (t.shape, t.dtype) for name, t in state.items()}


def _shapes(member: Member, batch: Tensor) -> object:
    """Everything but numbers that could make the same code behave differently."""
    data, model = member.data, member.run.model
    tensors = (data.x_train, data.y_train, data.x_val, data.y_val, *model.parameters())
    kinds = tuple((t.shape, t.dtype, t.requires_grad) for t in tensors)
    return len(batch), data.num_classes, has_plain_labels(data), kinds


def _look_at_loss(
    found: DryRun,
    member: Member,
    batch: Tensor,
    requests: list[Request],
    guard: Guard,
    loss_fn: LossFn,
) -> None:
    """Watch the training loss's operations on tensors; append its draws to `requests`."""
    data, draws = member.data, _NotedDraws(member, requests)
    x, y = take_rows(data.x_train, batch), take_rows(data.y_train, batch)
    objective = Objective(member.run, loss_fn, data)
    with put_back(member.run), draws, guard:
        objective(x, y)
    if draws.left_some_to_pytorch:
        found.refuse("it draws random numbers that cannot be drawn for several runs at once")


def _look_at_scoring(
    found: DryRun,
    member: Member,
    guard: Guard,
    loss_fn: LossFn,
    look_again: Callable[[], None],
) -> None:
    """Watch the operations of scoring, on as many samples as are scored at once, because the code
    may depend on their number."""
    model, data = member.run.model, member.data
    sets = [(data.x_val, data.y_val)]
    if not is_plain(model):
        sets.append((data.x_train, data.y_train))
    for x, y in sets:
        parts = [part.clone() for part in x.split(CHUNK)]
        guard.lend(*parts)
        with _scoring(member.run):
            before = torch.get_rng_state()
            with guard:
                of_parts = [model(part) for part in parts]
            outputs = of_parts[0] if len(parts) == 1 else torch.cat(of_parts)
            check_log_probabilities(loss_fn, outputs)
            with guard:
                loss_fn(outputs, y.clone())
            draws = not torch.equal(before, torch.get_rng_state())
            check_pairs(loss_fn, outputs, y)
        if draws:
            found.refuse("it draws random numbers in evaluation, which the seed does not control")
        look_again()
    with _scoring(member.run):
        found.mixes_samples = guard.reason is None and may_mix_samples(model, data.x_val)


@contextmanager
def _scoring(run: Run) -> Iterator[None]:
    with put_back(run), torch.no_grad(), evaluating(run.model), torch.random.fork_rng(devices=[]):
        yield


class _NotedDraws(SeededDraws):
    """The draws of a member's seed; the requests are recorded."""

    def __init__(self, member: Member, requests: list[Request]) -> None:
        generator, device = stream("draws", member.seed), member.data.x_train.device

        def note(kind: Kind, shape: tuple[int, ...]) -> Tensor:
            requests.append((kind, shape))
            return draw(kind, shape, generator).to(device)

        super().__init__(member.seed, device, note)
