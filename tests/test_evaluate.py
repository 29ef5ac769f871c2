"""`evaluate`: means over samples, and a model that stays as it was."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import load_dataset
from course_utils.scoring import Score
from course_utils.snapshot import evaluating
from course_utils.training import (
    evaluate,
)
from tests.fits import equal, network, snapshot, watched


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", n_train=130, label_noise=0.2)  # batches of 50, 50 and 30


class Given(nn.Module):
    """Its input is its output, times a weight of 1."""

    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.one * x


def test_evaluate_on_numbers_worked_out_by_hand():
    logits = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0], [0.0, math.log(3.0)]])
    score = evaluate(Given(), logits, torch.tensor([0, 0, 0]))
    # Chances of class 0: 1/2, 3/4, 1/4; a tie goes to the first class.
    assert score.loss == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(4)) / 3)
    assert score.acc == pytest.approx(2 / 3)
    assert isinstance(score, Score)


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, 2500])
def test_means_are_per_sample_whatever_the_chunks(n):
    generator = torch.Generator().manual_seed(0)
    logits = (
        torch.randn(n, 3, generator=generator) + torch.linspace(0, 3, n)[:, None] * torch.eye(3)[0]
    )
    y = torch.randint(3, (n,), generator=generator)
    score = evaluate(Given(), logits, y)
    assert score.loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    assert score.acc == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_evaluate_on_a_regression():
    x = torch.tensor([1.0, 2.0, 4.0])
    score = evaluate(Given(), x, torch.tensor([1.0, 1.0, 1.0]), loss_fn=F.mse_loss)
    assert score.loss == pytest.approx((0 + 1 + 9) / 3)
    assert math.isnan(score.acc)


def test_evaluate_leaves_the_model_as_it_was(data):
    model = network(dropout=0.5, norm_layer=nn.BatchNorm1d)
    model.layers[2].eval()  # one submodule is frozen
    F.cross_entropy(model(data.x_train), data.y_train).backward()
    modes = [m.training for m in model.modules()]
    assert True in modes
    assert False in modes
    state, gradients = snapshot(model), [p.grad.clone() for p in model.parameters()]
    world = torch.get_rng_state()
    first = evaluate(model, data.x_val, data.y_val)
    assert torch.equal(torch.get_rng_state(), world)
    assert [m.training for m in model.modules()] == modes
    assert equal(state, snapshot(model))
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert evaluate(model, data.x_val, data.y_val) == first


def test_evaluate_keeps_the_world_even_of_a_model_that_draws_in_evaluation(data):
    class Noisy(nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :10] + torch.rand(10)

    world = torch.get_rng_state()
    evaluate(Noisy(), data.x_val, data.y_val)
    assert torch.equal(torch.get_rng_state(), world)


def test_evaluate_scores_in_evaluation_mode_without_gradients(data):
    model = watched()
    evaluate(model, data.x_val, data.y_val)
    assert [(training, grad) for training, grad, _ in model[0].seen] == [(False, False)]


def test_modes_come_back_after_an_error(data):
    model = network(dropout=0.5)
    with pytest.raises(RuntimeError, match="shapes"):
        evaluate(model, data.x_val[:, :, :4], data.y_val)
    assert all(m.training for m in model.modules())
    model.layers[1].eval()
    with evaluating(model):
        assert not any(m.training for m in model.modules())
    assert not model.layers[1].training
    assert model.layers[3].training
