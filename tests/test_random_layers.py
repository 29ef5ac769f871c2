"""Layers that draw: what they compute inside a stream."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from torchvision.ops import StochasticDepth

from course_utils.random_streams import RandomStream, SeededDraws, draw, empty
from tests.attention import BLIND, DOUBLE, decoder, encoder, fixed, heads, self_attention
from tests.draws import N, drawn, likely


def all_kept(kind, shape):
    return empty(kind, shape).fill_(2**15 - 1)


@pytest.mark.parametrize(
    "function",
    [
        self_attention(0.0),
        self_attention(0.0, need_weights=False),
        self_attention(0.0, need_weights=False, attn_mask=~torch.eye(6).bool()),
        encoder(0.0),
        encoder(0.0, norm_first=True),
        decoder(0.0),
        lambda x: F.scaled_dot_product_attention(*heads(x)),
        lambda x: F.alpha_dropout(x, 0.0, True),
        lambda x: F.dropout2d(x[..., None], 0.0),
    ],
)
def test_without_dropout_a_layer_in_training_is_that_of_pytorch(function):
    x = fixed(2, 6, 8)
    torch.testing.assert_close(drawn(lambda: function(x)), function(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": 0.3},
        {"is_causal": True},
        {"attn_mask": BLIND},
        {"attn_mask": torch.zeros(3, 3, dtype=DOUBLE).masked_fill(~BLIND, -math.inf)},
        {"attn_mask": fixed(2, 1, 3, 3)},
        {"enable_gqa": True},
    ],
    ids=str,
)
def test_attention_that_drops_nothing_is_that_of_pytorch_and_so_is_its_gradient(options):
    def results(scale, **dropout):
        shapes = [(2, 4, 3, 5), *[(2, 2 if options.get("enable_gqa") else 4, 3, 5)] * 2]
        leaves = [fixed(*shape, seed=i).requires_grad_() for i, shape in enumerate(shapes)]
        out = F.scaled_dot_product_attention(*leaves, **options, **dropout) * scale
        return out, *torch.autograd.grad((out * fixed(*out.shape, seed=9)).sum(), leaves)

    expected = results(1.0)
    with RandomStream(all_kept):
        kept = results(0.5, dropout_p=0.5)
    for one, other in zip(kept, expected, strict=True):
        assert other.isfinite().all()
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_attention_drops_a_share_p_of_the_weights_and_scales_the_rest(p):
    """Where all keys are alike each weight is 1/n, and one-hot values show the weights."""
    n = 100
    zeros, values = torch.zeros(1, 10, n, 1), torch.eye(n).expand(1, 10, n, n)
    out = drawn(lambda: F.scaled_dot_product_attention(zeros, zeros, values, dropout_p=p))
    assert likely(int((out == 0).sum()), out.numel(), p)
    torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 1 / n / (1 - p)))


def test_a_multihead_attention_drops_a_share_p_of_the_weights_that_it_returns():
    layer = nn.MultiheadAttention(8, 1, dropout=0.3)
    x = torch.randn(300, 1, 8, generator=torch.Generator().manual_seed(0))
    (_, weights), (_, others) = (drawn(lambda: layer(x, x, x), seed) for seed in (0, 1))
    assert likely(int((weights == 0).sum()), weights.numel(), 0.3)
    assert not torch.equal(weights, others)
    full = layer.eval()(x, x, x)[1]
    torch.testing.assert_close(weights, torch.where(weights == 0, 0.0, full / 0.7))


def test_in_evaluation_nothing_is_drawn():
    def nothing(kind, shape):
        raise AssertionError(f"the source was asked for {kind}, {shape}")

    x = fixed(2, 6, 8)
    for layer in (
        encoder(),
        nn.Dropout1d(),
        nn.AlphaDropout(),
        nn.RReLU(),
        StochasticDepth(0.5, "row"),
    ):
        layer.eval()
        with RandomStream(nothing):
            inside = layer(x)
        torch.testing.assert_close(inside, layer(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(p):
    x = torch.randn(N, generator=torch.Generator().manual_seed(0))
    out = drawn(lambda: F.alpha_dropout(x, p, True)).double()
    low, high = (
        drawn(lambda seed=seed: F.alpha_dropout(x, p, True), seed).unique(return_counts=True)
        for seed in (0, 1)
    )
    assert likely(int(low[1].max()), N, p)  # all that are dropped have one value
    assert low[0][low[1].argmax()] == high[0][high[1].argmax()] < 0
    assert abs(out.mean()) < 5 / N**0.5
    assert abs(out.var() - 1) < 5 * (stats.kurtosis(out.numpy(), fisher=False) / N) ** 0.5


@pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_alpha_dropout_moves_units_where_pytorch_moves_them(function, p):
    """Two different inputs tell the two lines, that of dropped units and that of kept ones."""
    x = torch.arange(1.0, 4.0, dtype=DOUBLE).expand(200, 3).contiguous()[:, :, None]
    inside, outside = drawn(lambda: function(x, p, True)), function(x, p, True)
    for column in range(3):
        one, other = inside[:, column].unique(), outside[:, column].unique()
        assert len(one) == 2
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert torch.equal(drawn(lambda: function(x, 1.0, True)), x * 0)
    y = x.clone()
    assert drawn(lambda: function(y, p, True, inplace=True)) is y
    assert torch.equal(y, inside)


def test_rrelu_draws_a_slope_for_each_unit_below_0():
    x = torch.cat([-torch.ones(N), torch.ones(5), torch.zeros(1)]).requires_grad_()
    out = drawn(lambda: F.rrelu(x, 0.2, 0.6, training=True))
    (slopes,) = torch.autograd.grad(out.sum(), x)
    assert torch.equal(out, x * slopes)
    assert slopes[N:-1].tolist() == [1.0] * 5
    assert stats.kstest(slopes[:N].numpy(), stats.uniform(0.2, 0.4).cdf).pvalue > 1e-6


def test_gumbel_softmax_chooses_with_the_softmax_as_chances():
    logits = torch.tensor([0.0, 1.0, -1.0]).expand(N, 3)
    chosen = drawn(lambda: F.gumbel_softmax(logits, hard=True)).sum(0)
    for count, chance in zip(chosen, logits[0].softmax(0), strict=True):
        assert likely(int(count), N, float(chance))


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_drops_a_share_p(mode):
    ones = torch.ones(1000, 2)
    with SeededDraws(0):
        out = torch.stack([StochasticDepth(0.3, mode)(ones) for _ in range(300)])
    torch.testing.assert_close(out.unique(), torch.tensor([0.0, 1 / 0.7]))
    choices = out[:, :, 0] if mode == "row" else out[:, 0, 0]
    assert likely(int((choices == 0).sum()), choices.numel(), 0.3)


def test_distributions_of_pytorch_draw_from_the_stream():
    def source(kind, shape):
        asked.append(kind)
        return draw(kind, shape, generator)

    generator = torch.Generator().manual_seed(0)
    for distribution in (
        torch.distributions.Normal(torch.zeros(3), 1.0),
        torch.distributions.Uniform(torch.zeros(3), 1.0),
        torch.distributions.Bernoulli(torch.full((3,), 0.5)),
        torch.distributions.Exponential(torch.ones(3)),
    ):
        asked: list[str] = []
        with RandomStream(source):
            assert distribution.sample((2,)).shape == (2, 3)
        assert len(asked) == 1


def test_dropout_beside_its_argument_leaves_it_alone():
    x = torch.ones(50)
    drawn(lambda: F.dropout(x, 0.5))
    drawn(lambda: F.alpha_dropout(x, 0.5, True))
    drawn(lambda: F.rrelu(x, training=True))
    assert torch.equal(x, torch.ones(50))
