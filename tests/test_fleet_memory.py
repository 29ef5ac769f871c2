"""What a run remembers, what its code asks of the world, and what a recording cannot see."""

import datetime
import functools
import math
import os
import random
import sys
import time
import types
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet.code import CannotTellError, globals_used
from course_utils.fleet.guard import Guard
from course_utils.fleet.memory import look_at
from course_utils.regularizers import l2_penalty
from tests.fleets import mlp

pytestmark = pytest.mark.usefixtures("float64")


def look(model=None, **roots):
    state = (
        {} if model is None else {**dict(model.named_parameters()), **dict(model.named_buffers())}
    )
    return look_at({"model": model, **roots}, state)


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


def reaching(thing):
    return lambda m: thing


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


# --- what is refused --------------------------------------------------------------------------


def imports_inside(m):
    import random as r

    return r.random()


REFUSED = {
    "random": (lambda m: random.random(), "random.random, which the seed does not control"),
    "numpy": (lambda m: np.random.rand(), "numpy.random, which the seed does not control"),  # noqa: NPY002
    "inside": (lambda m: [random.random() for _ in range(2)], "random.random"),
    "import": (imports_inside, "random"),
    "clock": (lambda m: time.perf_counter(), "time.perf_counter"),
    "date": (lambda m: datetime.datetime.now().second, "datetime"),
    "environment": (lambda m: len(os.environ), "os.environ"),
    "file": (lambda m: open("x"), "it calls open, which reaches beyond its tensors"),  # noqa: SIM115
    "print": (lambda m: print(m), "it calls print"),
    "seed": (lambda m: torch.manual_seed(0), "it calls manual_seed"),
    "iterator": (reaching(iter([1])), "hold a list_iterator, and what that remembers"),
    "system": (reaching(random.SystemRandom()), "the system's random numbers"),
    "optimizer": (reaching(torch.optim.SGD([torch.zeros(1)])), "it looks at its optimizer"),
    "lazy": (reaching(nn.parameter.UninitializedParameter()), "it has lazy layers"),
    "sparse": (reaching(torch.eye(3).to_sparse()), "a sparse tensor"),
    "many": (reaching([[i] for i in range(20_001)]), "too many"),
}


@pytest.mark.parametrize(("penalty", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_known_is_refused(penalty, why):
    with pytest.raises(CannotTellError) as caught:
        look(penalty=penalty)
    assert why in str(caught.value)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")
def test_compiled_code_is_refused():
    with pytest.raises(CannotTellError, match="it is compiled"):
        look(torch.jit.script(nn.ReLU()))


def test_a_nest_too_deep_is_refused():
    nest = []
    for _ in range(5000):
        nest = [nest]
    with pytest.raises(CannotTellError, match="too many objects to look at"):
        look(penalty=reaching(nest))


def test_the_globals_that_code_uses():
    def code(m):
        inner = lambda p: F.relu(p) + math.pi  # noqa: E731
        return l2_penalty(m) + inner(m) + KEY.sum()

    found = dict(globals_used(code.__code__, globals(), {}))
    assert found == {"l2_penalty": l2_penalty, "relu": F.relu, "pi": math.pi, "KEY": KEY}
    cells = {"l2_penalty": 1}  # a variable of the function around it
    assert "l2_penalty" not in dict(globals_used(code.__code__, globals(), cells))


# --- the guard --------------------------------------------------------------------------------


def noticed(code, *tensors):
    guard = Guard()
    with guard:
        code(*tensors)
    return guard.reason


X = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
UNNOTICED = {
    "shape": lambda x: x.reshape(len(x), x.size(1), x.shape[0] // 4, *x.shape[2 : x.dim()]),
    "equal": lambda x: x * (x == x.flip(0)),
    "numbers": lambda x: (x.numel(), x.dtype, x.device, x.is_floating_point(), x.element_size()),
    "rows": lambda x: torch.stack(list(x)),
    "in place": lambda x: (x * 1).add_(1).relu_().clamp_(max=0.5),
    "written": lambda x: (x * 1).__setitem__(0, 2.0),
    "relu_": lambda x: F.relu(x + 1, inplace=True),
    "filled": lambda x: torch.empty(4).fill_(1) + torch.zeros_like(x).sum(),
    "view": lambda x: (x * 1).view(-1).mul_(2),
    "no gradient": lambda x: torch.no_grad()(lambda: x.detach() * 2)(),
    "tuple": lambda x: (x.max(1), x.split(2), x.unbind()),
    "where": lambda x: torch.where(x > 0, x, 0.0).T.contiguous(),
}


@pytest.mark.parametrize("code", UNNOTICED.values(), ids=UNNOTICED.keys())
def test_operations_are_not_noticed(code):
    assert noticed(code, X.clone()) is None


NOTICED = {
    "item": (lambda x: x.sum().item(), "(`item`)"),
    "if": (lambda x: 1 if x.sum() > 0 else 2, "(`__bool__`)"),
    "in": (lambda x: 0.5 in x, "(`__contains__`)"),
    "tolist": (lambda x: x.tolist(), "(`tolist`)"),
    "stride": (lambda x: x.stride(), "(`stride`)"),
    "hook": (lambda x: x.requires_grad_().register_hook(print), "`requires_grad_`"),
    "requires_grad": (lambda x: x.requires_grad, "`requires_grad` of a tensor"),
    "set data": (lambda x: setattr(x, "data", x * 2), "`data` of a tensor"),
    "grad": (lambda x: x.grad, "`grad` of a tensor"),
    "as_strided": (lambda x: x.as_strided((2,), (1,)), "`as_strided`"),
    "transposed": (lambda x: x.t_(), "`t_`"),
    "perhaps a view": (lambda x: (x * 1).reshape(-1).mul_(2), "(`mul_`)"),
    "flattened": (lambda x: (x * 1).flatten().add_(2), "(`add_`)"),
    "same type": (lambda x: (x * 1).double().add_(2), "(`add_`)"),
}


@pytest.mark.parametrize(("code", "why"), NOTICED.values(), ids=NOTICED.keys())
def test_more_than_operations_are_noticed(code, why):
    assert why in noticed(code, X.clone())


IN_PLACE = {
    "itself": lambda x: x.add_(1),
    "a view": lambda x: x[1:].view(-1).mul_(2),
    "a row": lambda x: x.__setitem__(0, 1.0),
    "out": lambda x: torch.add(x, 1, out=x),
    "relu": lambda x: F.relu(x, inplace=True),
}


@pytest.mark.parametrize("code", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_a_change_of_what_was_lent_is_noticed(code):
    guard, x = Guard(), X.clone()
    guard.lend(x)
    with guard:
        code(x)
    assert "changes its inputs in place" in guard.reason
    assert noticed(code, X.clone()) is None, "as its own, it may change it"


def test_the_first_reason_stays():
    guard = Guard()
    with guard:
        X.sum().item()
    with guard:
        X.tolist()
    assert "(`item`)" in guard.reason


# --- modules of the learner's own -------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch):
    module = types.ModuleType("my_settings")
    module.steps = 0
    monkeypatch.setitem(sys.modules, "my_settings", module)
    return module


def test_a_number_in_a_module_of_the_learners_own_is_found_changed(settings):
    namespace = {"cfg": settings, "__name__": "lesson"}
    exec("def augment(x):\n    cfg.steps += 1\n    return x\n", namespace)
    exec("def alias(x):\n    c = cfg\n    c.steps += 1\n    return x\n", namespace)
    for name in ("augment", "alias"):
        before = look_at({"augment": namespace[name]}, {})
        namespace[name](1.0)
        changed = next(iter(before.changes(look_at({"augment": namespace[name]}, {}))), None)
        assert changed is not None
        assert "steps" in changed


def test_a_module_imported_within_a_step_is_refused(settings):
    namespace = {"__name__": "lesson"}
    exec("def augment(x):\n    import my_settings\n    return x * my_settings.steps\n", namespace)
    with pytest.raises(CannotTellError, match="it imports my_settings while it trains"):
        look_at({"augment": namespace["augment"]}, {})


def test_objects_in_a_set_are_looked_at():
    class Counter:
        n = 0

    counters = {Counter()}

    def augment(x):
        for counter in counters:
            counter.n += 1
        return x

    before = look_at({"augment": augment}, {})
    augment(1.0)
    assert before.changes(look_at({"augment": augment}, {})) != []
