"""Kinds of code that are no plain step: what a recording holds, and what must train alone.

Each member of each fleet here is compared with the same run by `fit`.
"""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.regularizers import l2_penalty
from course_utils.training import fit
from tests.fleets import (
    BATCH,
    DATA,
    assert_values_matter,
    compared,
    mlp,
    plain,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


# --- what differs by seed ---------------------------------------------------------------------


def drawn(high=1.0):
    return high * torch.rand(1).item()


class Masked(nn.Module):
    """A fixed random mask that is no buffer."""

    def __init__(self, share):
        super().__init__()
        self.net, self.mask = mlp(), (torch.rand(1, 1, 4, 4) >= share).double()

    def forward(self, x):
        return self.net(x * self.mask)


def settings(kind, **drawn_below):
    def build(value):
        model = mlp()
        return Run(model, kind(model.parameters(), **{k: drawn(b) for k, b in drawn_below.items()}))

    return build


def penalized_by_seed(most):
    model, lam = mlp(), drawn(most)
    return Run(model, sgd(model), penalty=lambda m: lam * l2_penalty(m))


def model_by_seed(make):
    def build(value):
        model = make(value)
        return Run(model, sgd(model))

    return build


def with_an_activation_by_seed(_):
    model = mlp()
    model.layers[2] = (nn.ReLU(), nn.Tanh())[int(drawn(2))]
    return model


class WithATeacher(nn.Module):
    """An augmentation by a fixed random layer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(16, 16).requires_grad_(False)

    def forward(self, x):
        return x + self.layer(x.flatten(1)).view_as(x)


def taught(value):
    model = mlp()
    return Run(model, sgd(model), augment=WithATeacher())


BY_SEED = {
    "teacher": (taught, [0, 1]),
    "lr": (settings(torch.optim.SGD, lr=0.3), [0, 1]),
    "momentum": (settings(torch.optim.SGD, lr=0.1, momentum=0.9), [0, 1]),
    "weight decay": (settings(torch.optim.AdamW, lr=0.01, weight_decay=0.9), [0, 1]),
    "p": (model_by_seed(lambda p: mlp(dropout=drawn(p))), [0.5, 0.9]),
    "p from 0": (model_by_seed(lambda p: mlp(dropout=drawn(p))), [0.0, 0.9]),
    "mask": (model_by_seed(Masked), [0.0, 0.5]),
    "penalty": (penalized_by_seed, [0.0, 0.1]),
    "activation": (model_by_seed(with_an_activation_by_seed), [0, 1]),
    "width": (model_by_seed(lambda _: MLP(16, (5 + int(drawn(3)),), 3)), [0, 1]),
}


@pytest.mark.parametrize(("build", "values"), BY_SEED.values(), ids=BY_SEED.keys())
def test_what_is_drawn_in_build_is_each_members_own(build, values):
    fleet = compared(build, values, seeds=4)
    assert len(set(fleet.val_loss[-1, :, -1])) == 4


def test_folds_of_another_length():
    compared(plain, seeds=3, data=lambda _, seed: DATA.subset(28 - seed % 2))


# --- hooks, optimizers, and weights without a gradient ----------------------------------------


def on_parameters(method, hook):
    def make():
        model = mlp()
        for p in model.parameters():
            getattr(p, method)(hook)
        return model

    return make


def scale(p):
    p.grad.mul_(0.1)


def with_rows_frozen():
    model = mlp()
    model.layers[1].weight.register_hook(lambda g: g * (torch.arange(8) >= 4)[:, None])
    return model


def with_a_hook_on_a_layer():
    model = mlp()
    model.layers[3].register_full_backward_hook(
        lambda module, of_inputs, of_outputs: tuple(g if g is None else 2 * g for g in of_inputs)
    )
    return model


HOOKS = {
    "clip": on_parameters("register_hook", lambda g: g.clamp(-1e-3, 1e-3)),
    "rows": with_rows_frozen,
    "after": on_parameters("register_post_accumulate_grad_hook", scale),
    "layer": with_a_hook_on_a_layer,
}


@pytest.mark.parametrize("make", HOOKS.values(), ids=HOOKS.keys())
def test_hooks_on_gradients_run(make):
    compared(running(make), [0], "it has hooks that run while gradients are computed")


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_an_optimizer_goes_on_from_the_state_that_it_has(kind):
    options = {"lr": 0.02, **({"momentum": 0.9} if kind is torch.optim.SGD else {})}
    torch.manual_seed(9)
    earlier = mlp()
    warm = kind(earlier.parameters(), **options)
    fit(earlier, DATA, optimizer=warm, epochs=2, batch_size=BATCH)
    saved = copy.deepcopy(warm.state_dict())

    def build(lr):
        model = mlp()
        optimizer = kind(model.parameters(), **options)
        optimizer.load_state_dict(saved)
        optimizer.param_groups[0]["lr"] = lr
        return Run(model, optimizer)

    fleet = compared(build, [0.02, 0.05])
    cold = train(lambda lr: Run(model := mlp(), kind(model.parameters(), **options)), [0.02])
    assert not np.allclose(fleet.val_loss[0, :, -1], cold.val_loss[0, :, -1], atol=1e-4)


def test_the_first_accumulator_of_adagrad():
    def build(first):
        model = mlp()
        optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1, initial_accumulator_value=first)
        return Run(model, optimizer)

    assert_values_matter(compared(build, [0.0, 0.1]))


class WithMore(nn.Module):
    """Weights that the loss does not depend on, or whose gradient is zero."""

    def __init__(self, share):
        super().__init__()
        self.net, self.more, self.share = mlp(), nn.Parameter(torch.ones(3)), share

    def forward(self, x):
        return self.net(x) if self.share is None else self.net(x) + self.share * self.more


@pytest.mark.parametrize("share", [None, 0], ids=["none", "zero"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_no_gradient_is_not_a_gradient_of_zero(kind, momentum, share):
    def build(weight_decay):
        model = WithMore(share)
        options = {"momentum": momentum} if kind is torch.optim.SGD else {"betas": (momentum, 0.99)}
        optimizer = kind(model.parameters(), lr=0.05, weight_decay=weight_decay, **options)
        return Run(model, optimizer)

    fleet = compared(build, [0.1, 0.3])
    assert (fleet.model(1, 1).more == 1).all() == (share is None)
