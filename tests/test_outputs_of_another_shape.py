"""Regressions whose loss wants other outputs than one for each target: a variance, quantiles."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.argument_checks import check_pairs, check_shapes
from course_utils.data import Dataset, polynomial
from course_utils.training import evaluate, fit
from tests.fleets import by_rate, compared, doubled, sgd, train
from tests.small_runs import refuses

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:Using a target size"),
]

NOISY = doubled(polynomial(60, noise=0.3))


def heads(n):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, n))


def built(n):
    return by_rate(lambda: nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, n)))


def gaussian(outputs, y):
    return F.gaussian_nll_loss(outputs[:, 0], y, F.softplus(outputs[:, 1]) + 1e-3)


def gaussian_by_hand(outputs, y):
    mean, log_variance = outputs.unbind(1)
    return (log_variance + (y - mean).square() * torch.exp(-log_variance)).mean()


QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def pinball(outputs, y):
    error = y[:, None] - outputs
    return torch.maximum(QUANTILES * error, (QUANTILES - 1) * error).mean()


def evidential(outputs, y):
    mean, rest = outputs[:, 0], F.softplus(outputs[:, 1:]) + 0.1
    return (rest.log().sum(1) + (1 + (y - mean).square() / rest[:, 0]).log() * rest[:, 1]).mean()


LOSSES = {
    "gaussian_nll_loss": (gaussian, 2, "looks at the numbers in a tensor"),
    "mean and variance": (gaussian_by_hand, 2, None),
    "quantiles": (pinball, 3, None),
    "four heads": (evidential, 4, None),
    "squeezed": (lambda outputs, y: F.mse_loss(outputs.squeeze(1), y), 1, None),
}
of_losses = pytest.mark.parametrize(("loss_fn", "n", "why"), LOSSES.values(), ids=LOSSES.keys())


@of_losses
def test_a_fleet_of_them_equals_fit(loss_fn, n, why):
    compared(built(n), [0.01, 0.05], why, data=NOISY, loss_fn=loss_fn)


@of_losses
def test_fit_is_the_plain_loop(loss_fn, n, why):
    model, other = heads(n), heads(n)
    history = fit(
        model, NOISY, optimizer=sgd(model, 0.05), epochs=4, batch_size=60, loss_fn=loss_fn
    )
    for epoch in range(5):
        loss = loss_fn(other(NOISY.x_train), NOISY.y_train)
        assert history.train_loss[epoch] == pytest.approx(loss.item(), rel=1e-9)
        optimizer = sgd(other, 0.05)
        loss.backward()
        optimizer.step()
        other.zero_grad()
    assert history.train_loss[-1] < history.train_loss[0]
    assert math.isnan(history.val_acc[-1])


# --- mistakes ---------------------------------------------------------------------------------


def each_with_each(outputs, y):
    return (outputs - y).square().mean()


def both_with_each(outputs, y):
    mean, log_variance = outputs.split(1, dim=1)
    return (log_variance + (y - mean).square() * torch.exp(-log_variance)).mean()


def variance_with_each(outputs, y):
    log_variance = outputs[:, 1:]
    return (log_variance + (y - outputs[:, 0]).square() * torch.exp(-log_variance)).mean()


MISTAKES = {
    "squares": (each_with_each, 1, "try outputs.squeeze(-1)"),
    "within": (lambda outputs, y: F.mse_loss(outputs, y), 1, "try outputs.squeeze(-1)"),
    "root": (lambda outputs, y: each_with_each(outputs, y).sqrt(), 1, "try outputs.squeeze(-1)"),
    "sum": (lambda outputs, y: (outputs - y).abs().sum(), 1, "try outputs.squeeze(-1)"),
    "both": (both_with_each, 2, "such as outputs[:, 0]"),
    "variance": (variance_with_each, 2, "such as outputs[:, 0]"),
}
of_mistakes = pytest.mark.parametrize(
    ("loss_fn", "n", "remedy"), MISTAKES.values(), ids=MISTAKES.keys()
)
RULE = "it does not matter which output belongs to which target"


@of_mistakes
def test_outputs_compared_with_the_targets_of_others(loss_fn, n, remedy):
    model = heads(n)
    got = f"returned shape (60, {n}) for targets (60,)"
    for call in (
        lambda: fit(model, NOISY, optimizer=sgd(model), epochs=1, loss_fn=loss_fn),
        lambda: evaluate(model, NOISY.x_train, NOISY.y_train, loss_fn=loss_fn),
    ):
        refuses(call, got, RULE, remedy)
    refuses(lambda: train(built(n), [0.1], NOISY, loss_fn=loss_fn), RULE, remedy)


@pytest.mark.parametrize("loss_fn", [F.mse_loss, nn.L1Loss(), nn.HuberLoss()])
def test_pytorchs_elementwise_losses_need_equal_shapes(loss_fn):
    model = heads(1)
    for call in (
        lambda: fit(model, NOISY, optimizer=sgd(model), epochs=1, loss_fn=loss_fn),
        lambda: evaluate(model, NOISY.x_train, NOISY.y_train, loss_fn=loss_fn),
        lambda: train(built(1), [0.1], NOISY, loss_fn=loss_fn),
    ):
        refuses(call, "needs equal shapes", "try outputs.squeeze(-1)")
    evaluate(heads(1), NOISY.x_train, NOISY.y_train[:, None], loss_fn=loss_fn)


@pytest.mark.parametrize("outputs", [torch.ones(()), torch.ones(2, 6), torch.ones(1)])
def test_outputs_that_are_not_one_row_for_each_target(outputs):
    refuses(lambda: check_shapes(gaussian, outputs, torch.ones(6)), "for targets (6,)")


# --- what the numbers cannot tell is taken at its word ----------------------------------------


def own_weights(outputs, y):
    """It holds tensors of another type than it is tried with."""
    return ((outputs @ torch.ones(2, 1, dtype=torch.float32)).squeeze(1) - y).square().mean()


TRUSTED = {
    "float32": own_weights,
    "no targets": lambda outputs, y: outputs.square().mean(),
    "activity": lambda outputs, y: F.mse_loss(outputs[:, 0], y) + outputs[:, 1].square().mean(),
    "all below": lambda outputs, y: (y[:, None] + 100 - outputs).abs().mean(),
    "nan": lambda outputs, y: each_with_each(outputs[:, :1], y) * math.nan,
}


@pytest.mark.parametrize("loss_fn", TRUSTED.values(), ids=TRUSTED.keys())
def test_a_loss_that_shows_no_mistake(loss_fn):
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(30, 2, generator=generator).float()
    check_pairs(loss_fn, outputs, torch.randn(30, generator=generator).float())


def test_a_mistake_beside_tensors_of_another_type():
    def loss_fn(outputs, y):
        return (outputs @ torch.ones(2, 1, dtype=torch.float32) - y).square().mean()

    outputs, y = torch.rand(30, 2).float(), 0.5 + torch.rand(30).float()
    refuses(lambda: check_pairs(loss_fn, outputs, y), RULE)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1.0, 1e6])
@pytest.mark.parametrize("y", [torch.ones(40), torch.linspace(0, 1, 40), 1e6 + torch.arange(40.0)])
@pytest.mark.parametrize("loss_fn", [gaussian, gaussian_by_hand, pinball])
def test_how_far_a_model_is_trained_does_not_matter(loss_fn, y, scale):
    n = 3 if loss_fn is pinball else 2
    outputs = torch.randn(40, n, generator=torch.Generator().manual_seed(0))
    for spread in (1.0, 1e-12):  # all samples alike, too
        own = scale * (1 + spread * outputs).clamp(-5, 5)
        check_pairs(loss_fn, own.float(), y.float())
        check_pairs(loss_fn, own, y)


def test_one_sample_tells_nothing():
    check_pairs(each_with_each, torch.ones(1, 1), torch.ones(1))


def test_trying_a_loss_leaves_its_arguments_alone():
    def writes(outputs, y):
        outputs.mul_(0)
        y.mul_(0)
        return outputs.sum()

    outputs, y = torch.ones(6, 2), torch.ones(6)
    check_pairs(writes, outputs, y)
    assert torch.equal(outputs, torch.ones(6, 2))
    assert torch.equal(y, torch.ones(6))


def test_outputs_that_vote():

    x = torch.randn(80, 1, generator=torch.Generator().manual_seed(0))
    data = doubled(Dataset.from_tensors(x, x[:, 0], val_fraction=0.4))

    def loss_fn(outputs, y):
        return F.mse_loss(outputs[:, :2].mean(1), y) + F.mse_loss(outputs[:, 2], y)

    compared(built(3), [0.05], data=data, loss_fn=loss_fn)
