"""Dropout and batch norm by hand compute what PyTorch's layers compute."""

import math

import pytest
import torch
from torch import nn

from course_utils.regularizers import (
    BatchNorm1d,
    Dropout,
)

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
