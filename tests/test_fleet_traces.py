"""What a fleet tries before it trains leaves no trace in the learner's own objects.

The only run of a fleet, or each of several that train one after the other, meets a loss with a
memory, a counter or a generator as `fit` meets it.
"""

import random
from collections import deque

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from course_utils.fleet.undo import Undo
from tests.fleets import alone, mlp, sgd, train

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning"),
]


class Centers(nn.Module):
    """A loss that keeps the mean outputs of each class."""

    def __init__(self):
        super().__init__()
        self.register_buffer("centers", torch.zeros(3, 3))
        self.calls = 0

    def forward(self, outputs, y):
        self.calls += 1
        loss = F.cross_entropy(outputs, y) + (outputs - self.centers[y]).square().mean()
        if torch.is_grad_enabled():
            with torch.no_grad():
                self.centers.index_add_(0, y, 0.01 * (outputs - self.centers[y]))
        return loss


def centers():
    return {"loss_fn": Centers()}, lambda m: None


def in_a_closure():
    n = 0

    def loss_fn(outputs, y):
        nonlocal n
        n += 1
        return F.cross_entropy(outputs, y) / n

    return {"loss_fn": loss_fn}, lambda m: None


def in_a_list():
    seen = []

    def loss_fn(outputs, y):
        seen.append(len(y))
        return F.cross_entropy(outputs, y) * len(seen)

    return {"loss_fn": loss_fn}, lambda m: None


def in_a_class():
    class Count:
        n = 0

    def penalty(model):
        Count.n += 1
        return 0.01 * Count.n * sum(p.square().sum() for p in model.parameters())

    return {}, lambda m: penalty


def beside_build():
    generator = torch.Generator().manual_seed(3)

    def penalty(model):
        scale = torch.rand((), generator=generator)
        return 0.1 * scale * sum(p.square().sum() for p in model.parameters())

    return {}, lambda m: penalty


def drawn_in_build():
    """Build draws too, from the generator that a step draws from."""
    generator = np.random.default_rng(3)

    def penalty(strength, model):
        scale = strength * generator.random()
        return scale * sum(p.square().sum() for p in model.parameters())

    def of(model):
        strength = generator.random()
        return lambda m: penalty(strength, m)

    return {}, of


MEMORIES = [centers, in_a_closure, in_a_list, in_a_class, beside_build, drawn_in_build]


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("make", MEMORIES)
def test_runs_with_a_memory_are_those_of_fit(make, seeds):
    def fleet_and_build(make):
        options, penalty_of = make()

        def build(value):
            model = mlp()
            return Run(model, sgd(model), penalty=penalty_of(model))

        return options, build

    options, build = fleet_and_build(make)
    fleet = train(build, [0], seeds=seeds, **options)
    assert fleet.fallback is not None
    options, build = fleet_and_build(make)
    for seed in range(seeds):  # one after the other, as the warning says
        history, _ = alone(build, 0, seed, **options)
        got = fleet.history(0, seed)
        assert got.train_loss == pytest.approx(history.train_loss, rel=1e-9)
        assert got.val_loss == pytest.approx(history.val_loss, rel=1e-9)


# --- what is put back -------------------------------------------------------------------------


class Slotted:
    __slots__ = ("empty", "n")


def slotted():
    thing = Slotted()
    thing.n = 1
    return thing, lambda: setattr(thing, "n", 2), lambda: thing.n


def function():
    n = 0

    def count():
        nonlocal n
        n += 1
        return n

    return count, count, lambda: count.__closure__[0].cell_contents


COUNTED = 0


def count_globally():
    global COUNTED
    COUNTED += 1


def of_a_class():
    class Kept:
        n, last = 0, None

    def change():
        Kept.n, Kept.last, Kept.new = 1, object(), 3

    return Kept, change, lambda: (Kept.n, Kept.last, hasattr(Kept, "new"))


def module():
    layer = nn.Linear(2, 2)
    layer.count = 0

    def change():
        layer.count += 1
        layer.register_buffer("new", torch.ones(2))
        layer.register_forward_hook(print)

    return layer, change, lambda: (layer.count, list(layer.state_dict()), len(layer._forward_hooks))


def plain(thing, change, look=repr):
    return lambda: (thing, lambda: change(thing), lambda: look(thing))


THINGS = {
    "list": plain([1], lambda t: t.append(2)),
    "deque": plain(deque([1], maxlen=1), lambda t: t.append(2)),
    "set": plain({1}, lambda t: t.add(2)),
    "dict": plain({1: 2}, lambda t: t.update({1: 3, 2: 4})),
    "tensor": plain(torch.ones(2), lambda t: t.zero_()),
    "resized": plain(torch.ones(2), lambda t: t.resize_(3)),
    "array": plain(np.ones(2), lambda t: np.copyto(t, 0)),
    "random": plain(random.Random(0), lambda t: t.random(), lambda t: t.getstate()),
    "generator": plain(
        np.random.default_rng(0), lambda t: t.random(), lambda t: str(t.bit_generator.state)
    ),
    "legacy": plain(
        np.random.RandomState(0),
        lambda t: t.rand(),
        lambda t: t.get_state()[1].tolist(),
    ),
    "torch's": plain(
        torch.Generator(), lambda t: torch.rand(2, generator=t), lambda t: t.get_state().tolist()
    ),
    "slots": slotted,
    "function": function,
    "global": lambda: (count_globally, count_globally, lambda: COUNTED),
    "class": of_a_class,
    "module": module,
}


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS.keys())
def test_what_was_changed_is_as_it_was(make):
    thing, change, look = make()
    before = look()
    undo = Undo([thing])
    change()
    assert look() != before
    undo.put_back()
    assert look() == before


def test_a_gradient_is_put_back_too():
    weight = torch.ones(2, requires_grad=True)
    undo = Undo([weight])
    weight.sum().backward()
    undo.put_back()
    assert weight.grad is None
