"""Scoring leaves the data, the modes and the random state as they were."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.scoring import evaluate
from tests.fleets import by_rate, compared, make_data, mlp

pytestmark = pytest.mark.usefixtures("float64")

N = 2500  # more than one pass, and a smaller last one
IGNORED = nn.CrossEntropyLoss(ignore_index=2)


@pytest.fixture
def samples():
    """Inputs, and labels of which the last ones are of a rare class."""
    x = torch.randn(N, 16, generator=torch.Generator().manual_seed(0))
    x[N // 2 :] += 1.0
    return x, (torch.arange(N) % 2) + (torch.arange(N) > N - 60)


class Standardizes(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        x -= 0.5
        x.mul_(2)
        return self.linear(x)


WRITES = {
    "relu": lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(16, 3)),
    "plain relu": lambda: nn.Sequential(nn.Identity(), nn.ReLU(inplace=True), nn.Linear(16, 3)),
    "standardizes": Standardizes,
    "view": lambda: nn.Sequential(
        nn.Flatten(), nn.Unflatten(1, (4, 4)), nn.ELU(inplace=True), nn.Flatten(), nn.Linear(16, 3)
    ),
}


@pytest.mark.parametrize("n", [5, N])
@pytest.mark.parametrize("make", WRITES.values(), ids=WRITES.keys())
def test_a_model_that_writes_into_its_inputs_writes_into_copies(make, n, samples):
    x, y = samples[0][:n], samples[1][:n]
    before = x.clone()
    torch.manual_seed(0)
    model = make()
    score = evaluate(model, x, y)
    assert torch.equal(x, before)
    assert evaluate(model, x, y) == score
    assert score.loss == pytest.approx(F.cross_entropy(model(x.clone()), y).item(), rel=1e-12)


def test_a_loss_that_writes_into_its_targets_writes_into_copies(samples):
    x, y = samples
    before = y.clone()

    def flips(outputs, y):
        y.mul_(-1).add_(2)
        return F.cross_entropy(outputs, y)

    evaluate(nn.Linear(16, 3), x, y, loss_fn=flips)
    assert torch.equal(y, before)


class Draws(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.norm, self.modes = nn.Linear(16, 3), nn.BatchNorm1d(3), []

    def forward(self, x):
        self.modes.append((self.training, self.norm.training, torch.is_grad_enabled()))
        return self.norm(self.linear(x)) + torch.rand(3)


@pytest.mark.parametrize("mode", [True, False])
def test_modes_gradients_buffers_and_the_random_state_are_left(mode, samples):
    x, y = samples
    model = Draws().train(mode)
    model.norm.train(not mode)
    model.linear.weight.grad = torch.ones_like(model.linear.weight)
    state, world = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    evaluate(model, x, y)
    assert set(model.modes) == {(False, False, False)}
    assert (model.training, model.norm.training, model.linear.training) == (mode, not mode, mode)
    assert (model.linear.weight.grad == 1).all()
    assert model.linear.bias.grad is None
    assert all(torch.equal(state[name], t) for name, t in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), world)


def test_all_is_left_after_an_error_too(samples):
    model, world = mlp().train(), torch.get_rng_state()

    def fails(outputs, y):
        torch.rand(1)
        raise RuntimeError("of the loss")

    with pytest.raises(RuntimeError, match="of the loss"):
        evaluate(model, *samples, loss_fn=fails)
    assert all(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), world)


@pytest.mark.parametrize("n", [1500, 3500])
def test_a_fleet_scores_as_evaluate_does(n):
    data = make_data(n)
    build = by_rate(lambda: mlp(norm_layer=nn.BatchNorm1d))
    fleet = compared(build, [0.01, 0.02], data=data, seeds=3, epochs=1, loss_fn=IGNORED)
    score = evaluate(fleet.model(1, 2), data.x_val, data.y_val, loss_fn=IGNORED)
    assert score.loss == pytest.approx(fleet.val_loss[1, 2, -1], abs=1e-9)
