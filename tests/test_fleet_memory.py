"""What a run remembers, what its code asks of the world, and what a recording cannot see."""

import functools
import random
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.regularizers import l2_penalty
from tests.fleets import look, mlp, reaching

pytestmark = pytest.mark.usefixtures("float64")


# --- what changed -----------------------------------------------------------------------------


@dataclass
class Notes:
    n: int = 0
    seen: list = field(default_factory=list)


class Slotted:
    __slots__ = ("n",)

    def __init__(self):
        self.n = 0


class OfClass:
    n = 0
    by_name: dict = {}  # noqa: RUF012  # it is the trap


def partial_of(thing):
    return functools.partial(lambda a, m: a, thing)


def default(thing):
    def penalty(m, a=thing):
        return a

    return penalty


def keyword(thing):
    def penalty(m, *, a=thing):
        return a

    return penalty


HOLDERS = [reaching, partial_of, default, keyword]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_list_in_any_place_of_a_function(holder):
    thing = [1, 2]
    penalty = holder(thing)
    before = look(penalty=penalty)
    assert before.changes(look(penalty=penalty)) == []
    thing[1] = 3
    assert "[1]" in before.changes(look(penalty=penalty))[0]
    assert id(thing) in before.mutable


def changed_by(change, thing):
    penalty = reaching(thing)
    before = look(penalty=penalty)
    change(thing)
    return next(iter(before.changes(look(penalty=penalty))), None)


KEY = torch.zeros(3)
CHANGES = {
    "list": ([1, 2], lambda t: t.append(3), "thing"),
    "in a list": ([1, [2]], lambda t: t[1].append(3), "thing[1]"),
    "dict": ({"a": 1}, lambda t: t.update(a=2), "thing['a']"),
    "key": ({"a": 1}, lambda t: t.update(b=2), "thing"),
    "type": ([1], lambda t: t.__setitem__(0, True), "thing[0]"),
    "sign of zero": ([0.0], lambda t: t.__setitem__(0, -0.0), "thing[0]"),
    "set": ({1}, lambda t: t.add(2), "thing"),
    "dataclass": (Notes(), lambda t: setattr(t, "n", 1), "Notes.n"),
    "in a dataclass": (Notes(), lambda t: t.seen.append(1), "Notes.seen"),
    "slots": (Slotted(), lambda t: setattr(t, "n", 1), "n"),
    "class": (OfClass, lambda t: setattr(t, "n", t.n + 1), "OfClass.n"),
    "of the class": (OfClass(), lambda t: t.by_name.update(a=len(t.by_name)), "OfClass.by_name"),
    "tensor": (torch.zeros(3), lambda t: t.add_(1), "thing"),
    "large tensor": (torch.zeros(60_000), lambda t: t[1].add_(1), "thing"),
    "key that is a tensor": ({KEY: 1}, lambda t: KEY.add_(1), "thing's key 0"),
    "array": (np.zeros(3), lambda t: t.__setitem__(0, 1), "thing"),
    "array of objects": (
        np.array([[], None], dtype=object),
        lambda t: t[0].append(1),
        "thing.tolist()[0]",
    ),
    "random": (random.Random(0), lambda t: t.random(), "thing"),
    "numpy": (np.random.default_rng(0), lambda t: t.random(), "thing"),
    "torch": (torch.Generator(), lambda t: torch.rand(1, generator=t), "thing"),
    "module": (nn.Dropout(0.1), lambda t: setattr(t, "p", 0.2), "Dropout.p"),
    "mode": (nn.Dropout(0.1), lambda t: t.eval(), "Dropout.training"),
    "bound method": ([].append, lambda t: t(1), "__self__"),
}


@pytest.mark.parametrize(("thing", "change", "path"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changes_is_found_and_named(thing, change, path):
    assert path in changed_by(change, thing)


def count_the_hook(model):
    model.layers[1].register_forward_hook(lambda *_: None)


def more(model):
    model.layers.append(nn.Tanh())


def with_note(model):
    model.note = 1


@pytest.mark.parametrize("change", [count_the_hook, more, with_note])
def test_a_change_of_the_model_is_found(change):
    model = mlp()
    before = look(model)
    change(model)
    assert before.changes(look(model)) != []


def test_the_numbers_in_weights_and_buffers_are_no_memory():
    model = mlp(norm_layer=nn.BatchNorm1d)
    before = look(model)
    with torch.no_grad():
        model.layers[1].weight.add_(1)
    model(torch.zeros(4, 1, 4, 4))
    assert before.changes(look(model)) == []
    assert before.kept_weights is None


def test_weights_kept_elsewhere_are_named():
    model = mlp()
    weights = [p for p in model.parameters() if p.ndim > 1]
    found = look(model, penalty=lambda m: sum(w.square().sum() for w in weights))
    assert found.kept_weights == "weights[0]"


# --- equal members, and different ones --------------------------------------------------------


def looks_of(make):
    torch.manual_seed(0)
    first = make()
    torch.manual_seed(1)
    return look(**first).key(), look(**make()).key()


def penalty_of(lam):
    return lambda m: lam * l2_penalty(m)


def test_members_that_run_the_same_code_look_alike():
    first, second = looks_of(lambda: {"model": mlp(dropout=0.3), "penalty": penalty_of(0.1)})
    assert first == second


MEMBERS = {
    "penalty": lambda: {"penalty": penalty_of(torch.rand(1).item())},
    "tensor": lambda: {"penalty": reaching(torch.rand(3))},
    "p": lambda: {"model": mlp(dropout=torch.rand(1).item())},
    "width": lambda: {"model": nn.Linear(3, int(torch.randint(100, (1,))))},
    "generator": lambda: {"augment": reaching(random.Random(torch.rand(1).item()))},
}


@pytest.mark.parametrize("make", MEMBERS.values(), ids=MEMBERS.keys())
def test_members_that_differ_look_different(make):
    first, second = looks_of(make)
    assert first != second


def test_two_names_of_one_list_are_not_two_lists():
    one = []
    shared, apart = ([one, one], [[], []])
    assert look(penalty=reaching(shared)).key() != look(penalty=reaching(apart)).key()
