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
from tests.fleets import Hidden, compared, mlp, running, sgd, train

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


# --- what cannot be looked at -------------------------------------------------------------------


class AnswersAll:
    def __getattr__(self, name):
        return 1.0


class Closed:
    __slots__ = ()

    @property
    def __dict__(self):
        raise RuntimeError("closed")


UNSEEN = {
    "answers all": AnswersAll,
    "closed": Closed,
    "rows": lambda: torch.eye(3).to_sparse_csr(),
    "columns": lambda: torch.eye(3).to_sparse_csc(),
    "blocks": lambda: torch.eye(4).to_sparse_bsr((2, 2)),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "meta": lambda: torch.ones(3, device="meta"),
}


@pytest.mark.filterwarnings("ignore:.*(beta state|prototype)")
@pytest.mark.parametrize("make", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_a_model_holds_and_nobody_can_see_into_trains_alone(make):
    def between(module, h):
        return h * (module.held is not None)

    def build(value):
        model = Hidden(between)
        model.held = make()
        return Run(model, sgd(model))

    compared(build, [0, 1], "cannot be looked at|cannot be seen|sparse tensor")


class ListsItsWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(16, 3) * 0.1), nn.Parameter(torch.zeros(3))

    def parameters(self, recurse=True):
        return [self.w, self.b]

    def forward(self, x):
        return x.flatten(1) @ self.w + self.b


class LeavesSomeOut(nn.Sequential):
    def named_parameters(self, *args, **kwargs):
        named = super().named_parameters(*args, **kwargs)
        return ((name, p) for name, p in named if "bias" not in name)


OWN_PARTS = {
    "a list": ListsItsWeights,
    "no biases": lambda: LeavesSomeOut(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 3)),
}


@pytest.mark.parametrize("make", OWN_PARTS.values(), ids=OWN_PARTS.keys())
def test_models_that_tell_their_parts_themselves_train_alone(make):
    def build(value):
        model = make()
        return Run(model, torch.optim.SGD(list(model.parameters()), lr=0.1))

    compared(build, [0, 1], "it has a parameters.. of its own")
