"""Layers and draws out of other people's courses that train alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

from course_utils.fleet import Run
from tests.fleets import (
    DATA,
    Between,
    Hidden,
    assert_members_are_fits,
    compared,
    mlp,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


class Rows(nn.Module):
    """Reads an image row by row."""

    def __init__(self, cell):
        super().__init__()
        self.rows, self.last = cell(4, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.last(self.rows(x[:, 0])[0][:, -1])


class Remembers(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.linear, self.what, self.seen = nn.Linear(16, 3), what, []

    def forward(self, x):
        outputs = self.linear(x.flatten(1))
        self.what(self, outputs)
        return outputs


def remember_shape(model, outputs):
    model.last_shape = np.array(outputs.shape)


class Attacked(nn.Module):
    """Trains on inputs moved along its own gradient."""

    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, x):
        if self.training:
            x = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.net(x).sum(), x)
            x = x + 0.1 * gradient.sign()
        return self.net(x)


def with_a_penalty_on_gradients(_):
    model = mlp()

    def penalty(m):
        x = DATA.x_train[:5].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(m(x).sum(), x, create_graph=True)
        return 0.1 * gradient.square().mean()

    return Run(model, sgd(model), penalty=penalty)


def with_remembered_activations(_):
    model, seen = mlp(), {}
    model.layers[1].register_forward_hook(lambda m, x, h: seen.update(h=h))
    return Run(model, sgd(model), penalty=lambda m: 0.01 * seen["h"].abs().mean())


def spectral():
    return nn.Sequential(nn.Flatten(), spectral_norm(nn.Linear(16, 8)), nn.ReLU(), nn.Linear(8, 3))


KEPT, LAZY = "recurrent layers keep their weights in one piece of memory", "it has lazy layers"
CHANGES = "changes from step to step"
ALONE = {
    "LSTM": (running(lambda: Rows(nn.LSTM)), KEPT),
    "GRU": (running(lambda: Rows(nn.GRU)), KEPT),
    "RNN": (running(lambda: Rows(nn.RNN)), KEPT),
    "lazy": (running(lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(3))), LAZY),
    "lazy norm": (running(lambda: Between(nn.LazyBatchNorm1d())), LAZY),
    "spectral norm": (running(spectral), f"{CHANGES}|weights kept in .Linear.weight"),
    "list": (running(lambda: Remembers(lambda m, h: m.seen.append(h))), f"seen. {CHANGES}"),
    "shape": (running(lambda: Remembers(remember_shape)), f"last_shape. {CHANGES}"),
    "last one": (running(lambda: Remembers(lambda m, h: setattr(m, "h", h))), f"h. {CHANGES}"),
    "hooked": (with_remembered_activations, f"seen. {CHANGES}"),
    "attacked": (running(Attacked), "it uses `requires_grad_`"),
    "penalty on gradients": (with_a_penalty_on_gradients, "it uses `requires_grad_`"),
    "one-hot": (
        running(lambda: Hidden(lambda m, h: h * F.one_hot(h.argmax(1)).sum())),
        "looks at the numbers in a tensor",
    ),
}


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.spectral_norm` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
@pytest.mark.parametrize(("build", "why"), ALONE.values(), ids=ALONE.keys())
def test_what_trains_alone(build, why):
    compared(build, [0], why)


class StartsWithoutMean(nn.Module):
    """A running mean that is made in the first call."""

    def __init__(self, weight, registered):
        super().__init__()
        self.linear, self.weight = nn.Linear(16, 3), weight
        if registered:
            self.register_buffer("mean", None)

    def forward(self, x):
        x, mean = x.flatten(1), getattr(self, "mean", None)
        if self.training and mean is None:
            self.register_buffer("mean", x.mean(0))
        elif self.training:
            self.mean = 0.9 * mean + 0.1 * x.mean(0)
        return self.linear(x if mean is None else x - self.weight * mean)


@pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning")
@pytest.mark.parametrize("weight", [1.0, 1e-4, 0.0])
@pytest.mark.parametrize("registered", [True, False])
def test_buffers_that_begin_as_none(weight, registered):
    build = running(lambda: StartsWithoutMean(weight, registered))
    assert_members_are_fits(train(build, [0], epochs=13), build)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_nested_tensors_train_alone():
    def between(m, h):
        rows = torch.nested.nested_tensor([h[0], h[1, :4]])
        return h + rows.to_padded_tensor(0.0).sum() * 0.01

    compared(running(lambda: Hidden(between)), [0, 1], "cannot run it|looks at the numbers|PyTorch")
