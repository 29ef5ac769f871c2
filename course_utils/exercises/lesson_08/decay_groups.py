"""Visible check of exercise 08: ``decay_groups``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import unique
from typing import Any

from torch import nn

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    NOT_TWO_GROUPS = 'return two dicts, each with the keys "params" and "weight_decay"'
    ALL_IN_ONE = "every parameter decays here; biases and scales of normalization layers must not"
    NORMS_PAY = (
        "the scale of a normalization layer decays here; it has only one dimension and must not"
    )
    BIASES_PAY = "biases decay here; they have only one dimension and must not"
    EXCHANGED = "the two groups are swapped: the one that decays comes first"
    SHARED_TWICE = (
        "a parameter that two layers share is listed twice; model.parameters() has it once"
    )
    LEFT_OUT = (
        "some parameters of the model are in neither group, so the optimizer never changes them"
    )
    COPIES = (
        "put the parameters themselves into the groups, neither names nor copies; `p.detach()` and "
        "`p.data` are other tensors"
    )
    FREE_GROUP_WITHOUT_ZERO = (
        "a group without weight_decay gets the optimizer's own, which is not 0 for AdamW by "
        "default: set it to 0"
    )


Groups = Callable[[nn.Module, float], Sequence[Mapping[str, Any]]]


def decay_groups(answer: Groups) -> None:
    """Task ``decay_groups(model, weight_decay)`` -> two groups of parameters."""
    with attempt("decay_groups", answer) as check:
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
        groups(check, answer, model, 0.1, "Linear(3, 4), BatchNorm1d(4), Linear(4, 2)")


def groups(check: Check, answer: Groups, model: nn.Module, weight_decay: float, what: str) -> None:
    """Check that `answer` puts every parameter of `model` once into the right group."""
    on = f"{what}, weight_decay = {weight_decay}"
    names = {id(p): name for name, p in model.named_parameters()}
    before = [p.detach().clone() for p in model.parameters()]
    needs = [p.requires_grad for p in model.parameters()]
    got = answer(model, weight_decay)
    held = (
        isinstance(got, list | tuple)
        and len(got) == 2
        and all(isinstance(g, dict) and "params" in g for g in got)
    )
    kind = [type(g).__name__ for g in got] if isinstance(got, list | tuple) else got
    check.that(
        held,
        "there are two groups",
        on=on,
        expected='[{"params": ..., "weight_decay": ...}, {"params": ..., "weight_decay": ...}]',
        got=kind if held or isinstance(got, list | tuple) else type(got).__name__,
        hint=Mistake.NOT_TWO_GROUPS,
    )
    pays, free = ([id(p) for p in group["params"]] for group in got)
    said = _named(pays, names), _named(free, names)
    flat = {id(p) for p in model.parameters() if p.ndim < 2}
    wanted = [names[k] for k in names if k not in flat], [names[k] for k in names if k in flat]
    check.that(
        set(pays) | set(free) == names.keys(),
        "every parameter is in a group",
        on=on,
        expected=_both(wanted),
        got=_both(said),
        hint=Mistake.LEFT_OUT if set(pays) | set(free) <= names.keys() else Mistake.COPIES,
    )
    check.that(
        len(pays) + len(free) == len(names),
        "no parameter comes twice",
        on=on,
        expected=_both(wanted),
        got=_both(said),
        hint=Mistake.SHARED_TWICE,
    )
    check.that(
        set(pays) == names.keys() - flat,
        "parameters of two or more dimensions decay, and no others",
        on=on,
        expected=_both(wanted),
        got=_both(said),
        hint=_recognized(model, set(pays), flat),
    )
    for group, due, hint in (
        (got[0], weight_decay, "use the decay that was passed in"),
        (got[1], 0.0, Mistake.FREE_GROUP_WITHOUT_ZERO),
    ):
        check.that(
            group.get("weight_decay") == due,
            "each group has its weight_decay",
            on=on,
            expected=due,
            got=group.get("weight_decay", "no weight_decay"),
            hint=hint,
        )
    check.that(
        [p.requires_grad for p in model.parameters()] == needs,
        "the parameters are not changed",
        on=on,
        expected=f"requires_grad {needs}",
        got=f"requires_grad {[p.requires_grad for p in model.parameters()]}",
        hint="do not change which parameters are trained and which are frozen",
    )
    check.kept([p.detach() for p in model.parameters()], before, on=on)


def _recognized(model: nn.Module, pays: set[int], flat: set[int]) -> str:
    """The hint for a first group that holds `pays`: that of a known mistake, or a general one."""
    norms = {
        id(p)
        for layer in model.modules()
        if "Norm" in type(layer).__name__
        for p in layer.parameters(recurse=False)
    }
    biases = {id(p) for name, p in model.named_parameters() if name.endswith("bias")}
    every = {id(p) for p in model.parameters()}
    for mistake, wrong in (
        (Mistake.ALL_IN_ONE, every),
        (Mistake.EXCHANGED, flat),
        (Mistake.NORMS_PAY, every - biases),
        (Mistake.BIASES_PAY, every - norms),
    ):
        if pays == wrong:
            return mistake
    return "the number of dimensions decides: p.ndim"


def _named(ids: Sequence[int], names: Mapping[int, str]) -> list[str]:
    return [names.get(k, "a tensor that is no parameter of the model") for k in ids]


def _both(groups: Sequence[Sequence[str]]) -> str:
    pays, free = (", ".join(group) or "nothing" for group in groups)
    return f"{pays} | {free}"
