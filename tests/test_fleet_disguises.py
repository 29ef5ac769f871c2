"""Ways in which a run may differ from what a recording or a look at its objects shows.

Each of them trained to other numbers in silence, or raised, before it was known.
"""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.fleet import Run
from tests.fleets import (
    BATCH,
    DATA,
    Hidden,
    assert_members_are_fits,
    by_rate,
    compared,
    mlp,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")

LATE = 8  # steps after which something changes: later than any dry run


# --- optimizers with code of their own ----------------------------------------------------------


class KeepsGradients(torch.optim.SGD):
    def zero_grad(self, set_to_none=True):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = 0.5 * p.grad


def hooked(hook, make=mlp):
    def build(lr):
        model = make()
        optimizer = sgd(model, lr)
        optimizer.register_step_post_hook(hook(model))
        return Run(model, optimizer)

    return build


def unfreezing(model):
    model.layers[1].weight.requires_grad_(False)
    weights = list(model.parameters())
    state = {"n": 0}

    def hook(optimizer, *_):
        state["n"] += 1
        if state["n"] == LATE:
            weights[0].requires_grad_(True)

    return hook


def noisy_late(model):
    state = {"n": 0}

    def hook(optimizer, *_):
        state["n"] += 1
        if state["n"] > LATE:
            with torch.no_grad():
                for p in optimizer.param_groups[0]["params"]:
                    p.add_(0.01 * torch.randn_like(p))

    return hook


def moving_statistics(model):
    buffers = [b for b in model.buffers() if b.is_floating_point()]
    state = {"n": 0}

    def hook(optimizer, *_):
        state["n"] += 1
        if state["n"] > LATE:
            for b in buffers:
                b.lerp_(torch.ones_like(b), 0.3)

    return hook


def normed():
    return mlp(norm_layer=nn.BatchNorm1d)


OWN_CODE = {
    "keeps gradients": lambda lr: (lambda m: Run(m, KeepsGradients(m.parameters(), lr=lr)))(mlp()),
    "unfreezes late": hooked(unfreezing),
    "draws late": hooked(noisy_late),
    "moves statistics": hooked(moving_statistics, normed),
}


@pytest.mark.parametrize("build", OWN_CODE.values(), ids=OWN_CODE.keys())
def test_optimizers_that_do_more_than_a_step_train_alone(build):
    compared(build, [0.05, 0.1], "its optimizer", epochs=12)


def test_a_weight_of_one_number_under_nadam():
    def build(lr):
        model = nn.Sequential(nn.Flatten(), Scaled(), nn.Linear(16, 3))
        return Run(model, torch.optim.NAdam(model.parameters(), lr=lr))

    compared(build, [0.01], seeds=1)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.scale * x


# --- batches and labels -------------------------------------------------------------------------


class SkipsALayer(nn.Module):
    """A layer that the short last batch does not use."""

    def __init__(self):
        super().__init__()
        self.first, self.extra, self.last = nn.Linear(16, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        h = torch.tanh(self.first(x.flatten(1)))
        return self.last(self.extra(h) if len(x) >= BATCH or not self.training else h)


def test_a_layer_without_gradient_in_short_batches_trains_alone():
    def build(decay):
        model = SkipsALayer()
        return Run(model, sgd(model, weight_decay=decay))

    compared(build, [0.0, 0.1], "have a gradient in some batches only")


@pytest.mark.parametrize("kind", ["bytes", "ignored"])
def test_labels_that_only_pytorchs_loss_understands(kind):
    y = DATA.y_train.to(torch.uint8) if kind == "bytes" else DATA.y_train.clone()
    y_val = DATA.y_val.to(y.dtype)
    if kind == "ignored":
        y[::5] = -100
    data = dataclasses.replace(DATA, y_train=y, y_val=y_val)
    why = "several" if kind == "bytes" else None
    compared(by_rate(mlp), [0.1, 0.3], why, data=data)


# --- numbers taken out of tensors ---------------------------------------------------------------


def branching(x):
    if bool(x.abs().mean() > 0.35):
        return x
    return 0.5 * x


READ = {
    "in a new tensor": lambda m, h: h * torch.tensor([h.detach().mean(), h.detach().std()]).sum(),
    "in a range": lambda m, h: h * torch.linspace(0, h.detach().abs().max(), 8),
    "as places to split at": lambda m, h: torch.cat(
        torch.tensor_split(h, (h.detach().abs().sum(0).argsort()[:1] + 1), dim=1)[::-1], 1
    ),
    "as an index": lambda m, h: h + h[:, h.detach().sum(0).argmax()].unsqueeze(1),
    "as a slope": lambda m, h: F.leaky_relu(h, h.detach().mean()),
    "as a mask": lambda m, h: h * h[h.detach() > 0].mean(),
    "as places": lambda m, h: h * h.detach().relu().nonzero().shape[0],
    "as a length": lambda m, h: h * len(torch.bincount((h.detach() > 0).sum(1))),
}


@pytest.mark.parametrize("between", READ.values(), ids=READ.keys())
@pytest.mark.parametrize("epochs", [1, 3])
def test_numbers_that_are_read_by_pytorch_itself(between, epochs):
    why = "looks at the numbers|decide the shape of another"
    build = running(lambda: Hidden(between))
    with pytest.warns(UserWarning, match=why):
        fleet = train(build, [0], epochs=epochs, seeds=1)
    assert_members_are_fits(fleet, build)


def shifted(x):
    """Lesson 05's random shift by hand."""
    n, _, height, width = x.shape
    top, left = (3 * torch.rand(2, n, 1)).long()
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    padded = F.pad(x, (1, 1, 1, 1))
    image = torch.arange(n)[:, None, None]
    return padded[image, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


SEEN = {
    "indices": lambda m, h: h + h[torch.arange(len(h)).flip(0)],
    "labels as indices": lambda m, h: (
        h * m.first.weight[(h.detach() > 0).long()].mean((1, 2))[:, None]
    ),
    "a mask that is written through": lambda m, h: h.masked_fill(h.detach() > 0.5, 0.0),
    "a choice": lambda m, h: torch.where(h.detach() > 0, h, 0.1 * h),
}


@pytest.mark.parametrize("between", SEEN.values(), ids=SEEN.keys())
def test_indices_and_masks_that_keep_the_shape_train_together(between):
    compared(running(lambda: Hidden(between)))


def test_random_shifts_by_hand_train_together():
    def build(lr):
        model = mlp()
        return Run(model, sgd(model, lr), augment=shifted)

    compared(build, [0.1, 0.3])


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")
def test_a_scripted_function_trains_alone():
    scripted = torch.jit.script(branching)
    compared(running(lambda: Hidden(lambda m, h: scripted(h))), [0], "it is compiled")


def test_an_array_of_ones_own_is_looked_at():
    strength = np.zeros(1)

    def build(value):
        model = mlp()

        def augment(x):
            strength[0] += 1
            return x * (1 + 0.01 * float(strength[0]))

        strength[0] = 0
        return Run(model, sgd(model), augment=augment)

    compared(build, [0, 1], "strength. changes")
