"""Penalties, weight decay, soft threshold: values, gradients and steps as PyTorch has them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import (
    elastic_net,
    l1_penalty,
    l2_penalty,
    penalized_weights,
    soft_threshold,
)

nan, inf = math.nan, math.inf


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MLP(6, (5, 4), 3, norm_layer=nn.BatchNorm1d, dropout=0.5).double()


def weights(model):
    return [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


# --- penalties --------------------------------------------------------------------------------


def test_weights_are_penalized_biases_and_norms_are_not(model):
    assert [name for name, _ in penalized_weights(model)] == [
        "layers.1.weight",
        "layers.5.weight",
        "layers.9.weight",
    ]
    cnn = SmallCNN((1, 8, 8), 3, norm_layer=nn.BatchNorm2d)
    assert [p.ndim for _, p in penalized_weights(cnn)] == [4, 4, 2]


def test_values_are_sums_over_all_weights(model):
    flat = torch.cat([w.flatten() for w in weights(model)])
    assert l2_penalty(model).item() == pytest.approx(flat.pow(2).sum().item())
    assert l1_penalty(model).item() == pytest.approx(flat.abs().sum().item())
    assert l2_penalty(model).shape == l1_penalty(model).shape == ()


@pytest.mark.parametrize(
    ("penalty", "slope"),
    [
        (l2_penalty, lambda w: 2 * w),
        (l1_penalty, torch.sign),
        (lambda m: elastic_net(m, 0.25), lambda w: 0.25 * w.sign() + 0.75 * 2 * w),
    ],
)
def test_gradients(model, penalty, slope):
    with torch.no_grad():
        weights(model)[0][0, 0] = 0.0  # L1 is flat there
    penalty(model).backward()
    for w in weights(model):
        assert torch.allclose(w.grad, slope(w.detach()))
    others = {id(w) for w in weights(model)}
    assert all(p.grad is None for p in model.parameters() if id(p) not in others)


def test_elastic_net_ends_are_l1_and_l2(model):
    assert torch.equal(elastic_net(model, 1.0), l1_penalty(model))
    assert torch.equal(elastic_net(model, 0.0), l2_penalty(model))
    half = (l1_penalty(model) + l2_penalty(model)) / 2
    assert torch.allclose(elastic_net(model, 0.5), half)


# --- weight decay -----------------------------------------------------------------------------


def network():
    """In float64, where rounding cannot be taken for a difference, nor hide one."""
    torch.manual_seed(0)
    return MLP(6, (8,), 3).double()


def steps(model, optimizer, penalty=None, n=50):
    """Weights after each of n steps on fixed batches."""
    generator = torch.Generator().manual_seed(1)
    seen = []
    for _ in range(n):
        x = torch.randn(20, 6, generator=generator, dtype=torch.float64)
        y = torch.randint(3, (20,), generator=generator)
        loss = F.cross_entropy(model(x), y)
        if penalty is not None:
            loss = loss + penalty(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    return torch.stack(seen)


def decayed(model, decay):
    """Parameter groups that decay the weights and nothing else: the rule of the penalties."""
    penalized = {id(w) for _, w in penalized_weights(model)}
    return [
        {"params": [p for p in model.parameters() if id(p) in penalized], "weight_decay": decay},
        {"params": [p for p in model.parameters() if id(p) not in penalized], "weight_decay": 0.0},
    ]


def both_ways(kind, lam, decay, **options):
    """(steps with λΣw² in the loss, steps with weight decay) from the same start."""
    first, second = network(), network()
    return (
        steps(first, kind(first.parameters(), **options), lambda m: lam * l2_penalty(m)),
        steps(second, kind(decayed(second, decay), **options)),
    )


MOMENTUM = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.9, "dampening": 0.5},
]


@pytest.mark.parametrize("momentum", MOMENTUM)
def test_sgd_weight_decay_is_twice_lambda(momentum):
    lam = 0.01
    with_penalty, with_decay = both_ways(torch.optim.SGD, lam, 2 * lam, lr=0.1, **momentum)
    assert torch.allclose(with_penalty, with_decay, rtol=0, atol=1e-12)
    # The factor matters: weight_decay = λ is another training run.
    _, half = both_ways(torch.optim.SGD, lam, lam, lr=0.1, **momentum)
    assert (with_penalty - half).abs().max() > 1e-3


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_under_adam_a_penalty_is_not_decoupled_decay(kind):
    lam = 0.01
    with_penalty, with_decay = both_ways(kind, lam, 2 * lam, lr=0.01)
    difference = (with_penalty - with_decay).abs().max()
    # Adam's own weight_decay adds to the gradient, as the penalty does; AdamW's does not.
    assert (difference < 1e-9) == (kind is torch.optim.Adam)
    assert kind is torch.optim.Adam or difference > 1e-2


def test_adamw_shrinks_the_weights_first_and_then_takes_adams_step():
    first, second, lr, decay = network(), network(), 0.01, 0.3
    adamw = steps(first, torch.optim.AdamW(first.parameters(), lr=lr, weight_decay=decay))

    class ShrinkThenAdam(torch.optim.Adam):
        def step(self):
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.mul_(1 - lr * decay)
            super().step()

    by_hand = steps(second, ShrinkThenAdam(second.parameters(), lr=lr))
    assert torch.allclose(adamw, by_hand, rtol=0, atol=1e-9)


# --- soft threshold ---------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5, 1.0, 100.0])
def test_soft_threshold_is_softshrink(threshold):
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(50, 40, generator=generator)
    w[0, :6] = torch.tensor([0.0, threshold, -threshold, inf, -inf, -0.0])
    given = w.clone()
    assert torch.equal(soft_threshold(w, threshold), F.softshrink(w, threshold))
    assert torch.equal(w, given)


def test_the_proximal_step_makes_exact_zeros_and_the_subgradient_does_not():
    """One weight pulled to 0 by L1: it hovers near ±lr·λ, or it is 0."""
    lr, lam = 0.1, 0.3
    hovering = exact = torch.tensor([0.5])
    for _ in range(100):
        hovering = hovering - lr * lam * hovering.sign()
        exact = soft_threshold(exact, lr * lam)
    assert exact.item() == 0.0
    assert 0.0 < abs(hovering.item()) <= lr * lam + 1e-6
