"""Objects that hide what they hold, and memory that runs share with each other."""

import builtins
import functools
import itertools
from collections import defaultdict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from course_utils.regularizers import l2_penalty
from tests.fleets import (
    compared,
    mlp,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")

LATE = 8  # steps after which something changes: later than any dry run


# --- objects that hide what they hold -----------------------------------------------------------

CALLS = 0


@functools.wraps(F.relu)
def counted(x):
    global CALLS
    CALLS += 1
    return x if CALLS < LATE else 0.5 * x


class Private:
    __slots__ = ("__n",)

    def __init__(self):
        self.__n = 0

    def __call__(self, x):
        self.__n += 1
        return x if self.__n < LATE else 0.5 * x


class Steps(itertools.count):
    """A subclass, with attributes, of something that keeps its number where nobody sees it."""


def by_wrapped(value):
    global CALLS
    CALLS = 0
    model = mlp()
    return Run(model, sgd(model), augment=counted)


def by_private_slot(value):
    model = mlp()
    return Run(model, sgd(model), augment=Private())


def by_subclass_of_an_iterator(value):
    model, steps = mlp(), Steps()
    return Run(model, sgd(model), augment=lambda x: x if next(steps) < LATE else 0.5 * x)


def by_default_factory(value):
    model, numbers = mlp(), defaultdict(itertools.count(1).__next__)
    return Run(model, sgd(model), augment=lambda x: x * (1 + 0.1 * numbers[len(numbers)]))


def by_builtins(value):
    model, builtins.steps_so_far = mlp(), [0]

    def augment(x):
        steps_so_far[0] += 1  # noqa: F821  # of builtins
        return x if steps_so_far[0] < LATE else 0.5 * x  # noqa: F821

    return Run(model, sgd(model), augment=augment)


def by_class_of_pytorch(value):
    nn.Linear.steps_so_far = 0
    model = mlp()

    def penalty(m):
        nn.Linear.steps_so_far += 1
        return (nn.Linear.steps_so_far > LATE) * 0.1 * l2_penalty(m)

    return Run(model, sgd(model), penalty=penalty)


HIDDEN = {
    "a wrapped function": by_wrapped,
    "a private slot": by_private_slot,
    "a subclass of an iterator": by_subclass_of_an_iterator,
    "a default factory": by_default_factory,
    "builtins": by_builtins,
    "a class of PyTorch": by_class_of_pytorch,
}


@pytest.mark.parametrize("build", HIDDEN.values(), ids=HIDDEN.keys())
def test_hidden_counts_train_alone(build):
    try:
        compared(build, [0, 1], "changes from step to step|remembers cannot be seen", epochs=8)
    finally:
        builtins.__dict__.pop("steps_so_far", None)
        nn.Linear.__dict__.get("steps_so_far", None) is None or delattr(nn.Linear, "steps_so_far")


# --- memory that is shared ----------------------------------------------------------------------


class Tied(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.first, self.second = nn.Linear(16, 8), nn.Linear(8, 16)
        self.last = nn.Linear(16, 3)
        if how == "data":
            self.second.weight.data = self.first.weight.data.T
        elif how == "a parameter of a parameter":
            self.second.weight = nn.Parameter(self.first.weight.T)
        elif how == "a detached view":
            self.kept = self.first.weight.detach()
        elif how == "an array":
            self.kept = self.first.weight.detach().numpy()

    def forward(self, x):
        h = self.second(torch.tanh(self.first(x.flatten(1))))
        if hasattr(self, "kept"):
            h = h + 0.1 * torch.as_tensor(self.kept).sum()
        return self.last(h)


@pytest.mark.parametrize(
    "how", ["data", "a parameter of a parameter", "a detached view", "an array"]
)
def test_memory_shared_with_a_weight_trains_alone(how):
    compared(running(lambda: Tied(how)), [0, 1], "in the same memory|weights kept in|Tied.kept")


def test_the_weights_of_another_run_train_in_turn():
    before = []

    def build(value):
        model, others = mlp(), list(before)
        before[:] = [model]

        def penalty(m):
            return l2_penalty(m) * (0.1 + 0.1 * sum(l2_penalty(other).detach() for other in others))

        return Run(model, sgd(model, 0.05), penalty=penalty)

    with pytest.warns(UserWarning, match="it uses weights of another run|from run to run"):
        train(build, [0, 1])
