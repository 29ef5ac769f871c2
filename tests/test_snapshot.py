"""A model as it was comes back as a whole, in place, and as often as one likes."""

import copy
import threading
import warnings

import pytest
import torch
from torch import nn

from course_utils.snapshot import snapshot

pytestmark = pytest.mark.usefixtures("float64")


def linear():
    torch.manual_seed(0)
    return nn.Linear(3, 2)


class Remembers(nn.Module):
    """Everything that a model may keep."""

    def __init__(self):
        super().__init__()
        self.linear = linear()
        self.register_buffer("kept", torch.zeros(3))
        self.register_buffer("passing", torch.zeros(3), persistent=False)
        self.register_buffer("later", None)
        self.mean, self.calls, self.name = torch.zeros(3), 0, "first"
        self.history, self.pairs = [torch.zeros(3)], [(torch.zeros(2), [torch.zeros(1)])]
        self.by_name = {"n": 0, "of": {"deep": torch.zeros(2)}}
        self.twin = self.linear  # a module under two names
        self.all = [self.linear, self.linear.weight, self.kept]

    def forward(self, x):
        with torch.no_grad():
            self.linear.weight.add_(1)
            self.kept.add_(1)
            self.passing.add_(1)
            self.later = x.mean(0)
            self.mean = self.mean + 1
            self.mean.mul_(2)
            self.history.append(x)
            self.history[0].add_(1)
            self.pairs[0][0].add_(1)
            self.pairs[0][1][0].add_(1)
            self.by_name["n"] += 1
            self.by_name["of"]["deep"].add_(1)
        self.calls, self.name, self.new = self.calls + 1, "changed", True
        return self.linear(x)


def seen(model):
    """All of it, to be compared."""
    return copy.deepcopy(
        {
            "state": [(name, t.tolist()) for name, t in model.state_dict().items()],
            "buffers": [(name, t.tolist()) for name, t in model.named_buffers()],
            "mean": model.mean.tolist(),
            "plain": (model.calls, model.name, model.later is None, hasattr(model, "new")),
            "history": [t.tolist() for t in model.history],
            "pairs": [(a.tolist(), [b.tolist() for b in bs]) for a, bs in model.pairs],
            "by_name": (model.by_name["n"], model.by_name["of"]["deep"].tolist()),
        }
    )


def test_all_that_a_model_remembers_comes_back_and_may_come_back_again():
    model = Remembers()
    before = seen(model)
    bring_back = snapshot(model)
    for _ in range(3):
        model(torch.ones(4, 3))
        changed = seen(model)
        assert all(changed[name] != before[name] for name in before), "the test tests"
        bring_back()
        assert seen(model) == before


def test_the_newest_of_two_snapshots_does_not_change_the_older():
    model = Remembers()
    first, to_first = seen(model), snapshot(model)
    model(torch.ones(4, 3))
    second, to_second = seen(model), snapshot(model)
    model(torch.ones(4, 3))
    to_second()
    assert seen(model) == second
    to_first()
    assert seen(model) == first
    to_second()
    assert seen(model) == second


def test_weights_buffers_and_modules_stay_the_same_objects():
    model = Remembers()
    tensors = [*model.parameters(), *model.buffers()]
    places = [t.data_ptr() for t in tensors]
    bring_back = snapshot(model)
    model(torch.ones(4, 3))
    bring_back()
    assert all(
        a is b for a, b in zip(tensors, (*model.parameters(), *model.buffers()), strict=True)
    )
    assert places == [t.data_ptr() for t in tensors]
    assert model.twin is model.linear
    assert model.all[0] is model.linear
    assert model.all[1] is model.linear.weight
    assert model.all[2] is model.kept


def test_an_optimizer_goes_on_holding_the_same_weights():
    model = linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    bring_back = snapshot(model)

    def step():
        optimizer.zero_grad()
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()

    before = model.weight.clone()
    step()
    bring_back()
    assert torch.equal(model.weight, before)
    step()
    assert torch.equal(model.weight, before - 1.9), "momentum is the optimizer's own"


def test_buffers_that_were_replaced_are_the_old_ones_again():
    model = Remembers()
    old = model.kept
    bring_back = snapshot(model)
    model.kept = torch.full((3,), 7.0)
    old.fill_(5)
    bring_back()
    assert model.kept is old
    assert (old == 0).all()


class Extra(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.__dict__["elsewhere"] = linear(), {}
        EXTRA[id(self)] = [0]

    def get_extra_state(self):
        return EXTRA[id(self)]

    def set_extra_state(self, state):
        EXTRA[id(self)] = state


EXTRA: dict = {}


def test_extra_state_comes_back():
    model = Extra()
    bring_back = snapshot(model)
    for _ in range(2):
        model.get_extra_state()[0] += 1
        assert model.get_extra_state() == [1]
        bring_back()
        assert model.get_extra_state() == [0]


def test_what_cannot_be_copied_is_said_once_and_keeps_its_newest_value():
    model = linear()
    model.lock, model.note = threading.Lock(), [1]
    lock = model.lock
    with pytest.warns(UserWarning, match=r"Linear\.lock cannot be copied \(.*newest value"):
        bring_back = snapshot(model)
    model.note.append(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bring_back()
    assert model.lock is lock
    assert model.note == [1]


def test_hooks_stay_as_they_are_now_and_can_be_removed():
    model, calls = linear(), []
    model.register_forward_hook(lambda *_: calls.append("first"))
    bring_back = snapshot(model)
    handle = model.register_forward_hook(lambda *_: calls.append("second"))
    bring_back()
    model(torch.ones(1, 3))
    assert calls == ["first", "second"]
    handle.remove()
    model(torch.ones(1, 3))
    assert calls == ["first", "second", "first"]


def test_a_graph_that_a_model_kept_is_no_obstacle():
    model = linear()
    model.last = model(torch.ones(1, 3))
    bring_back = snapshot(model)
    value = model.last.tolist()
    model.last = model(torch.zeros(1, 3))
    bring_back()
    assert model.last.tolist() == value


def test_gradients_are_no_part_of_it():
    model = linear()
    bring_back = snapshot(model)
    model(torch.ones(1, 3)).sum().backward()
    bring_back()
    assert (model.weight.grad == 1).all()
