"""Decide which members train together and which alone, and say why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from course_utils.fleet import recorder
from course_utils.fleet.alone import Alone, AloneInTurn
from course_utils.fleet.dry_run import DryRun
from course_utils.fleet.engine import UNEXPECTED, CannotBatchError, Engine, plain
from course_utils.fleet.first_step import dry_run_step
from course_utils.fleet.functions import structure_of
from course_utils.fleet.objective import has_plain_labels
from course_utils.fleet.optimizers import is_elementwise
from course_utils.fleet.pytorch import hook_registries
from course_utils.fleet.rebuilding import BuiltOtherwiseError, build_again
from course_utils.fleet.run import Member, Training, tensors_of
from course_utils.fleet.sharing import (
    note_what_optimizers_share,
    refuse_readers,
    refuse_shared_optimizers,
    refuse_weights_of_others,
    shared_between,
)
from course_utils.fleet.together import Together
from course_utils.fleet.undo import Undo
from course_utils.fleet.watch import DisagreesError
from course_utils.scoring import evaluate
from course_utils.training import shuffled_batches

Group = Together | Alone | AloneInTurn


def reason_of(error: Exception) -> str:
    """Why members must train alone, in words."""
    if isinstance(error, CannotBatchError | DisagreesError):
        return str(error)
    return f"PyTorch cannot run it for several runs at once ({type(error).__name__})"


def groups_of(
    members: Sequence[Member], dry_runs: Sequence[DryRun], training: Training, before: Undo
) -> tuple[list[Group], str | None]:
    """Split the members into as few groups as possible.

    Returns the groups, and the sentence about the members that train alone (None if there are
    none). `dry_runs` hold the first look at each member when it had been built; `before` restores
    the learner's objects to their state before any of them was.
    """
    try:
        return _groups_of(members, dry_runs, training, before)
    except BuiltOtherwiseError as error:
        before.put_back()
        return [AloneInTurn(members, training)], told(len(members), len(members), str(error))


def _groups_of(
    members: Sequence[Member], dry_runs: Sequence[DryRun], training: Training, before: Undo
) -> tuple[list[Group], str | None]:
    note_what_optimizers_share(dry_runs)
    built = _as_built(members, dry_runs)
    together: list[Member] = []
    reasons: dict[int, str] = {}
    found = {id(m): dry_run for m, dry_run in zip(members, dry_runs, strict=True)}
    known: dict[object, DryRun] = {}
    shared = shared_between(members)
    for member in members:
        data = member.data
        batches = next(shuffled_batches(data.n_train, training.batch_size, member.seed))
        try:
            dry_run_step(found[id(member)], member, batches, training.loss_fn, known)
        except Exception as error:
            where = f"(in the run of value {member.value!r} with seed {member.seed})"
            error.add_note(where)
            if isinstance(error, RuntimeError | IndexError):  # PyTorch's; scoring may know more
                try:
                    evaluate(member.run.model, data.x_train, data.y_train, loss_fn=training.loss_fn)
                except ValueError as in_words:
                    in_words.add_note(where)
                    raise in_words from error
            raise
        if id(member) in shared:
            found[id(member)].refuse(
                "it shares weights or buffers with another run", has_memory=True
            )

    def build_anew(some: Sequence[Member]) -> None:
        if len(some) == len(members):  # then `build` may count, and keep what it has built
            before.put_back()
        for member in some:
            build_again(member, found[id(member)], training)

    refuse_shared_optimizers(members, found)
    refuse_weights_of_others(members, found)
    refuse_readers(found.values())
    for member in members:
        dry_run = found[id(member)]
        if dry_run.reason is None:
            together.append(member)
        else:
            reasons[id(member)] = dry_run.reason
    # Their optimizers may remember the step.
    build_anew([m for m in together if not is_elementwise(m.run.optimizer)])
    groups: list[Group] = []

    def train_together(cluster: Sequence[Member], engine: Engine) -> bool:
        """Add a group for `cluster` if it can train together; else add to `reasons`."""
        try:
            groups.append(Together(cluster, [found[id(m)] for m in cluster], engine, training))
        except (CannotBatchError, *UNEXPECTED) as error:
            reasons.update((id(m), reason_of(error)) for m in cluster)
            return False
        return True

    for cluster in _split(together, lambda m: _sizes(m, found[id(m)])):
        if not recorder.is_tested():
            rest = _split(cluster, lambda m: found[id(m)].look.key())
        elif train_together(cluster, recorder.merge):
            continue
        else:
            # Perhaps only some members differ (p = 0 may take another branch than p > 0).
            rest = _split(cluster, _structures(cluster, found, training))
            if len(rest) > 1:
                rest = [s for s in rest if not train_together(s, recorder.merge)]
        for members_left in rest:
            for same in _split(members_left, lambda m: found[id(m)].look.key()):
                why = {id(m): reasons.get(id(m)) for m in same}
                if not train_together(same, plain):
                    reasons.update((key, reason) for key, reason in why.items() if reason)
    trained = {id(m) for group in groups for m in group.members}
    # An object that several members reach may be changed by one of them later, under a condition
    # that its first step did not meet.
    reached = Counter(key for dry_run in dry_runs for key in dry_run.look.mutable)
    common = {key for key, count in reached.items() if count > 1}
    rest_alone = [m for m in members if id(m) not in trained]
    in_turn = [
        m
        for m in rest_alone
        if found[id(m)].has_memory or not common.isdisjoint(found[id(m)].look.mutable)
    ]
    alone = [m for m in rest_alone if m not in in_turn]
    build_anew([m for m in alone if found[id(m)].has_run])
    if alone:
        groups.append(Alone(alone, training))
    if in_turn:
        built.put_back()  # what the first steps have changed
        if len(in_turn) == len(members):
            before.put_back()
        else:
            build_anew(in_turn)
        groups.append(AloneInTurn(in_turn, training))
    if not rest_alone:
        return groups, None
    (why_most, _), *_ = Counter(reasons[id(m)] for m in rest_alone).most_common(1)
    return groups, told(len(rest_alone), len(members), why_most)


def _as_built(members: Sequence[Member], dry_runs: Sequence[DryRun]) -> Undo:
    """An `Undo` of all that the members' code reaches, except models, which can be built again."""
    own = {id(module) for member in members for module in member.run.model.modules()}
    looks = [look for r in dry_runs for look in (r.look, r.optimizer_look)]
    reached = [thing for look in looks for thing in look.reached if id(thing) not in own]
    undo = Undo([*reached, *hook_registries()])
    for look in looks:
        look.reached.clear()
    return undo


def told(n: int, of: int, why: str) -> str:
    """The sentence about runs that train alone."""
    return f"{n} of {of} runs train one after the other, which is slower: {why}"


def _split(members: Sequence[Member], key: Callable[[Member], object]) -> list[list[Member]]:
    """Members with the same key, in groups in which every value has the same seeds."""
    clusters: dict[object, dict[int, list[Member]]] = {}
    for member in members:
        of_values = clusters.setdefault(key(member), {})
        of_values.setdefault(member.value_index, []).append(member)
    rectangles: dict[object, list[Member]] = {}
    for name, of_values in clusters.items():
        for of_value in of_values.values():
            seeds = tuple(m.seed for m in of_value)
            rectangles.setdefault((name, seeds), []).extend(of_value)
    return list(rectangles.values())


def _structures(
    members: Sequence[Member], found: Mapping[int, DryRun], training: Training
) -> Callable[[Member], object]:
    """The function from a member to its `structure_of`, which is computed once for members that
    reach equal Python objects."""
    kinds = {found[id(m)].look.key(): m for m in members}
    structures = {
        key: structure_of(m, training.batch_size, training.loss_fn) for key, m in kinds.items()
    }
    return lambda m: structures[found[id(m)].look.key()]


def _sizes(member: Member, dry_run: DryRun) -> object:
    """What must be equal for members to be stacked."""
    model, data = member.run.model, member.data
    state = tensors_of(member).items()
    tensors = (data.x_train, data.y_train, data.x_val, data.y_val)
    step = dry_run.step
    assert step is not None
    return (
        type(model),
        tuple((t.shape, t.dtype, t.device) for t in tensors),
        data.num_classes,
        has_plain_labels(data),
        tuple((name, t.shape, t.dtype, t.requires_grad) for name, t in state),
        tuple(name for name, gradient in step.gradients.items() if gradient is None),
        dry_run.mixes_samples,
        is_elementwise(member.run.optimizer),
    )
