"""Penalties, soft threshold, dropout, batch norm, patience: PyTorch is the oracle."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.history import History
from course_utils.models import MLP, SmallCNN
from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
    early_stopping,
    elastic_net,
    l1_penalty,
    l2_penalty,
    penalized_weights,
    soft_threshold,
    stopping_epoch,
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


# --- dropout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_scales_as_pytorch_does(p):
    torch.manual_seed(0)
    x = torch.rand(1000, 1000) + 0.5
    own, oracle = Dropout(p)(x), nn.Dropout(p)(x)
    for out in (own, oracle):
        kept = out != 0
        assert torch.allclose(out[kept], x[kept] / (1 - p))
        # Five standard errors of a share, and of a mean of numbers that are x / (1 - p) or 0.
        share_error = math.sqrt(p * (1 - p) / x.numel())
        assert kept.float().mean().item() == pytest.approx(1 - p, abs=5 * share_error)
        mean_error = math.sqrt(p / (1 - p) * x.square().mean().item() / x.numel())
        assert out.mean().item() == pytest.approx(x.mean().item(), abs=5 * mean_error)


def test_dropout_rests_in_evaluation_and_at_p_0():
    x = torch.randn(50, 20)
    assert Dropout(0.5).eval()(x) is x
    assert torch.equal(Dropout(0.0)(x), x)
    assert not torch.equal(Dropout(0.5)(x), x)
    assert repr(Dropout(0.25)) == "Dropout(p=0.25)"


def test_dropout_draws_a_mask_for_every_call_and_sample():
    layer, ones = Dropout(0.5), torch.ones(30, 40)
    first, second = layer(ones), layer(ones)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_dropout_gradient_is_its_mask():
    x = torch.ones(30, 40, requires_grad=True)
    out = Dropout(0.2)(x)
    out.sum().backward()
    assert torch.allclose(x.grad, out.detach())


# --- batch norm -------------------------------------------------------------------------------


def twins(**options):
    own, oracle = BatchNorm1d(5, **options).double(), nn.BatchNorm1d(5, **options).double()
    torch.manual_seed(0)
    with torch.no_grad():
        for p in (oracle.weight, oracle.bias):
            p.normal_()
    own.load_state_dict(oracle.state_dict())  # the same names, too
    return own, oracle


def batches(n=4, size=7):
    generator = torch.Generator().manual_seed(1)
    draws = (torch.randn(size, 5, generator=generator, dtype=torch.float64) for _ in range(n))
    return [3 * draw + i for i, draw in enumerate(draws)]


def same_buffers(own, oracle):
    for (name, mine), (theirs_name, theirs) in zip(
        own.named_buffers(), oracle.named_buffers(), strict=True
    ):
        assert name == theirs_name
        assert mine.dtype == theirs.dtype
        assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-9), name


@pytest.mark.parametrize("options", [{}, {"eps": 0.1}, {"momentum": 0.3}, {"momentum": 1.0}])
@pytest.mark.parametrize("size", [2, 7])
def test_batch_norm_is_pytorchs(options, size):
    own, oracle = twins(**options)
    for x in batches(size=size):
        assert torch.allclose(own(x), oracle(x), rtol=1e-9, atol=1e-9)
        same_buffers(own, oracle)
    own.eval()
    oracle.eval()
    for x in batches(size=size):
        assert torch.allclose(own(x), oracle(x), rtol=1e-9, atol=1e-9)
        same_buffers(own, oracle)  # and stay as they are
    assert torch.allclose(own(x[:1]), oracle(x[:1]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_gradients_are_pytorchs(training):
    gradients = []
    for layer in twins():
        for x in batches(2):
            layer(x)
        layer.train(training)
        x = batches(3)[-1].requires_grad_()
        (layer(x) * torch.arange(35.0).double().view(7, 5).sin()).sum().backward()
        gradients.append([x.grad, layer.weight.grad, layer.bias.grad])
    for mine, theirs in zip(*gradients, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def test_running_statistics_remember_no_graph():
    own, _ = twins()
    own(batches(1)[0].requires_grad_())
    assert not any(b.requires_grad for b in own.buffers())


def test_the_stored_variance_is_unbiased_the_one_divided_by_is_not():
    x = batches(1, size=4)[0]
    own = BatchNorm1d(5, momentum=1.0, eps=0.0).double()
    ones = torch.ones(5, dtype=torch.float64)
    assert torch.allclose(own(x).var(0, correction=0), ones, rtol=0, atol=1e-9)
    assert torch.allclose(own.running_var, x.var(0, correction=1))


# --- early stopping ---------------------------------------------------------------------------

SCRIPTS = [
    # patience runs out after exactly so many epochs without improvement
    ([3, 2, 1, 2, 2, 2, 2], 1, 0.0, 3),
    ([3, 2, 1, 2, 2, 2, 2], 2, 0.0, 4),
    ([3, 2, 1, 2, 2, 2, 2], 3, 0.0, 5),
    ([3, 2, 1, 2, 2, 2, 2], 5, 0.0, None),
    # patience 1
    ([1, 2], 1, 0.0, 1),
    ([3, 2, 2.5, 0], 1, 0.0, 2),
    # never firing
    ([5, 4, 3, 2, 1], 1, 0.0, None),
    ([], 1, 0.0, None),
    ([1], 1, 0.0, None),
    # an improvement resets the count, and must beat the best, not the one before
    ([3, 4, 2, 4, 1, 4, 4], 2, 0.0, 6),
    ([2, 4, 3.5, 3, 2.5], 4, 0.0, 4),
    # ties
    ([2, 2, 2], 2, 0.0, 2),
    ([3, 2, 2, 1, 1, 1], 2, 0.0, 5),
    # NaN
    ([3, 2, nan, nan, 1], 2, 0.0, 3),
    ([3, nan, 2, nan, 1, nan], 2, 0.0, None),
    ([nan, nan, 1], 2, 0.0, 1),
    ([nan, 3, 2, 1], 2, 0.0, None),
    # infinity is a loss that anything improves on
    ([inf, inf, 1], 2, 0.0, 1),
    ([inf, 5, 4], 2, 0.0, None),
    # min_delta
    ([2, 1.75, 1.5, 1.25], 2, 0.5, 2),  # 1.5 is better by exactly min_delta
    ([2, 1.75, 1.25, 1.0], 2, 0.5, None),
    ([4, 3.6, 3.2, 2.8, 2.4], 2, 0.5, None),  # small steps add up
    ([2, 2.4, 2.4, 1.4], 3, 0.5, None),
]


@pytest.mark.parametrize(("losses", "patience", "min_delta", "epoch"), SCRIPTS)
def test_stopping_scripts(losses, patience, min_delta, epoch):
    assert stopping_epoch(losses, patience, min_delta) == epoch


@pytest.mark.parametrize(("losses", "patience", "min_delta", "epoch"), SCRIPTS)
def test_the_rule_asked_epoch_by_epoch_stops_there_too(losses, patience, min_delta, epoch):
    rule, history = early_stopping(patience, min_delta), History()
    stopped = None
    for e, loss in enumerate(losses):
        history.record((0.0, 0.0), (loss, 0.0))
        if rule(history):
            stopped = e
            break
    assert stopped == epoch


def test_one_rule_serves_many_runs():
    rule = early_stopping(2)
    for _ in range(2):
        history = History()
        answers = []
        for loss in (1.0, 2.0, 2.0):
            history.record((0.0, 0.0), (loss, 0.0))
            answers.append(rule(history))
        assert answers == [False, False, True]
