"""Find runs that share something with each other, and refuse to train them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from course_utils.fleet.content import address
from course_utils.fleet.dry_run import DryRun
from course_utils.fleet.eligibility import look_at_optimizer
from course_utils.fleet.run import Member, tensors_of


def note_what_optimizers_share(dry_runs: Sequence[DryRun]) -> None:
    """Store in each of `dry_runs` what its optimizer's code reaches, and another one's too."""
    reached = [{id(t): t for t in dry_run.optimizer_look.reached} for dry_run in dry_runs]
    counts = Counter(key for of_one in reached for key in of_one)
    for dry_run, of_one in zip(dry_runs, reached, strict=True):
        dry_run.shared_by_optimizers = [t for key, t in of_one.items() if counts[key] > 1]


def refuse_readers(found: Collection[DryRun]) -> None:
    """Refuse runs that may read an object that another run changes.

    Objects are compared by path, and equal paths may lead to different objects of two runs, so this
    refuses some runs unnecessarily.
    """
    changed = dict.fromkeys(path for dry_run in found for path in dry_run.changed)
    for dry_run in found:
        if not dry_run.has_memory:
            read = next((path for path in changed if path in dry_run.look.tokens), None)
            if read is not None:
                dry_run.refuse_changing(read)


def refuse_shared_optimizers(members: Sequence[Member], found: Mapping[int, DryRun]) -> None:
    """Refuse all runs whose optimizers have changed objects that another one's code reaches.

    Such objects are in a class or a global variable. They have changed if an optimizer reaches
    something else now than after its own step.
    """
    looked = [m for m in members if found[id(m)].has_run and not found[id(m)].has_memory]
    if any(found[id(m)].optimizer_look.tokens != look_at_optimizer(m.run).tokens for m in looked):
        for member in looked:
            found[id(member)].refuse(
                "its optimizer changes what another run's also uses", has_memory=True
            )


def refuse_weights_of_others(members: Sequence[Member], found: Mapping[int, DryRun]) -> None:
    """Refuse runs that read another run's weights, and the runs that own those."""
    owners = {address(t): id(m) for m in members for t in tensors_of(m).values()}
    for member in members:
        for place in found[id(member)].look.addresses & owners.keys():
            if owners[place] != id(member):
                for each in (id(member), owners[place]):
                    found[each].refuse("it uses weights of another run", has_memory=True)


def shared_between(members: Sequence[Member]) -> set[int]:
    """The members, by id, that share trained weights or buffers with another member."""
    owners: dict[int, set[int]] = {}
    for member in members:
        model = member.run.model
        for t in (*(p for p in model.parameters() if p.requires_grad), *model.buffers()):
            owners.setdefault(address(t), set()).add(id(member))
    return {owner for of_tensor in owners.values() if len(of_tensor) > 1 for owner in of_tensor}
