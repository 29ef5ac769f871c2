"""Models that are odd in how they score, in what they need, or in what they hold."""

import dataclasses

import pytest
import torch
from torch import nn

from course_utils.scoring import evaluate, mixes_samples
from tests.fleets import DATA, Hidden, compared, make_data, mlp, running

pytestmark = pytest.mark.usefixtures("float64")


# --- scores that depend on the place in the batch -----------------------------------------------


def by_place(model, activations):
    """Activations that grow a little along the batch."""
    return activations * (1 + 1e-7 * torch.arange(len(activations)))[:, None]


def by_those_before(model, activations):
    return activations + 1e-6 * activations.cumsum(0)


def by_those_after(model, activations):
    return activations + 1e-6 * activations.flip(0).cumsum(0).flip(0)


@pytest.mark.parametrize("between", [by_place, by_those_before, by_those_after])
def test_outputs_that_depend_on_the_place_are_scored_in_one_piece(between):
    data = make_data(4000)
    build = running(lambda: Hidden(between))
    assert mixes_samples(build(0).model, data.x_val)
    compared(build, data=data, epochs=1)


# --- models that need inputs as the data have them ----------------------------------------------


class NeedsPositiveDefinite(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        return self.linear(torch.linalg.cholesky(x[:, 0]).flatten(1))


def test_inputs_of_a_special_kind():
    def positive(x):
        return x @ x.mT + 0.1 * torch.eye(x.shape[-1])

    for data in (DATA, make_data(3000)):
        special = dataclasses.replace(
            data, x_train=positive(data.x_train), x_val=positive(data.x_val)
        )
        compared(running(NeedsPositiveDefinite, lr=0.01), data=special, epochs=1)
    model = NeedsPositiveDefinite()
    assert evaluate(model, special.x_val, special.y_val).loss > 0


# --- what a model holds -------------------------------------------------------------------------


class RaisesWhenShown:
    def __repr__(self):
        raise RuntimeError("nothing to show")


HELD = {
    "a long list": (lambda: list(range(50_000)), "too many objects to look at"),
    "a long dict": (lambda: dict.fromkeys(range(50_000), 1.0), "too many objects to look at"),
    "what cannot be shown": (lambda: {RaisesWhenShown()}, "cannot be looked at"),
}


@pytest.mark.parametrize(("hold", "why"), HELD.values(), ids=HELD.keys())
def test_what_takes_long_to_look_at(hold, why):
    held = hold()

    def make():
        model = mlp()
        model.held = held
        return model

    compared(running(make), [0], why, epochs=1)
