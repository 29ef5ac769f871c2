"""Two steps are compared, rounding aside, and a step that is tried leaves nothing behind."""

import copy
import dataclasses
import itertools
import random

import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from course_utils.fleet.dry_run import first_look
from course_utils.fleet.first_step import dry_run_step
from course_utils.fleet.run import Training, build_members
from course_utils.fleet.step import Step, disagreement
from tests.fleets import BATCH, DATA, assert_members_are_fits, mlp, train

pytestmark = pytest.mark.usefixtures("float64")

# --- where two steps disagree -----------------------------------------------------------------


def steps(change, gradient=None):
    """(one step from zero, another that is changed, the start)."""
    weight = torch.linspace(1, 2, 6)
    gradient = weight.clone() if gradient is None else gradient
    of_two = [Step({"w": w}, {"w": gradient.clone()}, False) for w in (weight, change(weight))]
    return *of_two, {"w": torch.zeros(6)}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda w: w.clone(), None),
        (lambda w: w * (1 + 1e-12), None),
        (lambda w: w * (1 + 1e-5), "w"),
        (lambda w: torch.where(w > 1.9, w + 1e-4, w), "w"),
        (lambda w: torch.where(w > 1.9, torch.nan, w), "w"),
        (lambda w: w.flip(0), "w"),
    ],
)
def test_rounding_is_told_from_a_mistake(change, where):
    assert disagreement(*steps(change)) == where


def test_a_large_step_along_a_gradient_of_rounding_is_none():
    """Adam steps by lr whatever the size of a gradient, and so by its sign alone."""
    gradient = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1e-17])
    flipped = lambda w: w * torch.tensor([1, 1, 1, 1, 1, -1])  # noqa: E731
    assert disagreement(*steps(flipped, gradient)) is None
    assert disagreement(*steps(flipped, torch.ones(6))) == "w"


def test_one_that_diverges_alone():
    together, other, start = steps(torch.clone)
    assert disagreement(together, dataclasses.replace(other, diverged=True), start) == (
        "whether it diverges"
    )


# --- nothing is left behind -------------------------------------------------------------------


def test_a_dry_run_leaves_all_as_it_was():
    def warmed(lr):
        model = mlp(dropout=0.3, norm_layer=nn.BatchNorm1d)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        nn.functional.cross_entropy(model(DATA.x_train), DATA.y_train).backward()
        optimizer.step()
        return Run(model, optimizer, augment=lambda x: x + torch.randn_like(x))

    loss_fn = nn.functional.cross_entropy
    (member,) = build_members(Training(warmed, DATA, 1, BATCH, loss_fn), [0.1], [0])
    model, optimizer = member.run.model, member.run.optimizer

    def as_it_is():
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        return {
            "objects": [(name, id(t), t.data_ptr()) for name, t in tensors.items()],
            "numbers": {name: t.tolist() for name, t in tensors.items()},
            "gradients": [p.grad.tolist() for p in model.parameters()],
            "modes": [m.training for m in model.modules()],
            "optimizer": copy.deepcopy(optimizer.state_dict()),
            "held": [[id(p) for p in group["params"]] for group in optimizer.param_groups],
            "data": [t.tolist() for t in (DATA.x_train, DATA.x_val, DATA.y_train)],
            "random": (torch.get_rng_state().tolist(), random.getstate()),
        }

    def equal(a, b):
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
        if isinstance(a, list | tuple):
            return len(a) == len(b) and all(map(equal, a, b))
        return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b

    before = as_it_is()
    found = first_look(member, loss_fn)
    dry_run_step(found, member, torch.arange(DATA.n_train).split(BATCH), loss_fn, {})
    after = as_it_is()
    assert found.reason is None
    assert [name for name in before if not equal(before[name], after[name])] == []
    assert not torch.equal(found.step.state["layers.1.weight"], model.layers[1].weight)


def test_later_looks_leave_no_state_behind():
    def build_adam(lr):
        model = mlp()
        return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

    fleet = train(build_adam, [0.01, 0.03], epochs=6)
    assert fleet.fallback is None
    assert_members_are_fits(fleet, build_adam)
    for v, s in itertools.product(range(2), range(2)):
        run = fleet._members[v, s].run
        assert not run.optimizer.state
        assert all(p.grad is None for p in run.model.parameters())
