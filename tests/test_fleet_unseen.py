"""What a recording cannot see trains alone, and what training refuses is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.fleet import Run, iter_fleet
from course_utils.training import DivergedError
from tests.fleets import (
    BATCH,
    DATA,
    Hidden,
    alone,
    assert_members_are_fits,
    compared,
    mlp,
    running,
    sgd,
    train,
)

pytestmark = pytest.mark.usefixtures("float64")


# --- what a recording cannot see --------------------------------------------------------------

NUMBERS, SETS = "looks at the numbers in a tensor", "looks at or sets the `{}` of a tensor"
IN_PLACE, MORE = "or what may be a copy or not", "which is more than an operation"


def reversed_gradient(m, h):
    if m.training:
        h.register_hook(lambda g: -g)
    return h


def noisy_gradient(m, h):
    if m.training:
        h.register_hook(lambda g: g + torch.randn_like(g))
    return h


def halved_in_place(view):
    def between(m, h):
        h = h * 1
        view(h).mul_(0.5)
        return h

    return between


READS = {
    "tolist": (lambda m, h: h * h.sum(0).tolist()[0], NUMBERS),
    "item": (lambda m, h: h / h.abs().max().item(), NUMBERS),
    "numpy": (lambda m, h: h * h.detach().numpy().max(), NUMBERS),
    "asarray": (lambda m, h: h * np.asarray(h.detach()).max(), NUMBERS),
    "if": (lambda m, h: h * 2 if h.sum() > 0 else h, NUMBERS),
    "float": (lambda m, h: h / max(1.0, float(h.detach().norm())), NUMBERS),
    "equal": (lambda m, h: h * (2 if torch.equal(h, h.abs()) else 1), NUMBERS),
    "text": (lambda m, h: h * len(f"{h.detach().sum():.9g}"), NUMBERS),
    "index": (lambda m, h: h * (1.0, 2.0)[(h.sum() > 0).long()], NUMBERS),
    "mask": (lambda m, h: h * h[h > 0].mean(), "decide the shape"),
    "unique": (lambda m, h: h * len(h.argmax(1).unique()), "decide the shape"),
    "reversed": (reversed_gradient, NUMBERS),
    "noisy": (noisy_gradient, "cannot be drawn for several runs at once|looks at the numbers"),
    "requires_grad": (lambda m, h: h * (1 + h.requires_grad), SETS.format("requires_grad")),
    "grad_fn": (lambda m, h: h * (2 if h.grad_fn else 1), SETS.format("grad_fn")),
    "is_leaf": (lambda m, h: h * (2 - h.is_leaf), SETS.format("is_leaf")),
    "data": (lambda m, h: h + h.data, SETS.format("data")),
    "stride": (lambda m, h: h * h.t().stride()[0], NUMBERS),
    "contiguous": (lambda m, h: h * (2 if h.t().is_contiguous() else 1), NUMBERS),
    "offset": (lambda m, h: h * (1 + h[:, 1:].storage_offset()), NUMBERS),
    "as_strided": (lambda m, h: h.as_strided(h.shape, (h.shape[1], 1)), MORE),
    "reshape": (halved_in_place(lambda h: h.reshape(-1)), IN_PLACE),
    "flatten": (halved_in_place(lambda h: h.flatten()), IN_PLACE),
    "in place": (halved_in_place(lambda h: h.contiguous()), IN_PLACE),
}


@pytest.mark.parametrize("width", [3, 20])  # narrow layers are transposed in memory
@pytest.mark.parametrize(("between", "why"), READS.values(), ids=READS.keys())
def test_what_a_recording_cannot_see_trains_alone(between, why, width):
    compared(running(lambda: Hidden(between, width)), [0], why)


SEES = {
    "view": halved_in_place(lambda h: h.view(-1)),
    "row": halved_in_place(lambda h: h[1]),
    "shape": lambda m, h: h.reshape(len(h), h.size(1)) * (h.shape[1] + h.dim()),
    "relu": lambda m, h: (h * 1).relu_(),
    "where": lambda m, h: torch.where(h > 0, h, 0.1 * h),
    "detach": lambda m, h: h + h.detach(),
    "largest": lambda m, h: h / h.abs().amax(),
}


@pytest.mark.parametrize("width", [3, 20])
@pytest.mark.parametrize("between", SEES.values(), ids=SEES.keys())
def test_what_a_recording_can_see_trains_together(between, width):
    compared(running(lambda: Hidden(between, width)))


@pytest.mark.filterwarnings("ignore:.*train one after the other:UserWarning")
def test_scoring_is_without_gradients_as_in_evaluate():
    def between(m, h):
        return h * 1.001 if torch.is_grad_enabled() else h

    build = running(lambda: Hidden(between))
    assert_members_are_fits(train(build, [0]), build)


# --- what training refuses --------------------------------------------------------------------


@pytest.mark.recorder
def test_a_penalty_that_turns_negative_late_is_refused_for_the_member_whose_it_is():
    def build(lam):
        model = mlp()
        return Run(model, sgd(model), penalty=lambda m: lam * (m.layers[1].bias.sum() + 4))

    epochs = iter_fleet(build, DATA, values=[0.0, 0.2], seeds=[4], epochs=60, batch_size=BATCH)
    fleet = next(epochs)
    assert fleet.fallback is None
    with pytest.raises(ValueError, match=r"must be 0 or more, got value 0\.2, seed 4.*a plus sign"):
        list(epochs)
    assert fleet.epoch > 2
    with pytest.raises(ValueError, match=r"must be 0 or more, got -0\.\d+"):
        alone(build, 0.2, 4, epochs=fleet.epoch + 2)  # one epoch may be trained before its time
    assert len(alone(build, 0.2, 4, epochs=fleet.epoch)[0].val_loss) == fleet.epoch + 1


class NeverNaN(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.root = nn.Linear(16, 3), nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.linear(x.flatten(1)).nan_to_num() + (self.root**2).sqrt().nan_to_num()


def test_a_member_is_judged_by_its_training_loss():
    def build(lr):
        model = NeverNaN()
        model.root.requires_grad_(lr > 1)
        return Run(model, sgd(model, lr))

    fleet = train(build, [0.1, 1e308])
    assert np.isfinite(fleet.val_loss[0]).all()
    assert np.isnan(fleet.val_loss[1, :, -1]).all()
    with pytest.raises(DivergedError):
        alone(build, 1e308, 0)


def test_weights_that_are_nan_may_train_on():
    """As in `fit`, where a finite loss hides them."""
    fleet = compared(running(NeverNaN))
    assert fleet.model(0, 0).root.isnan()
    assert np.isfinite(fleet.val_loss).all()
