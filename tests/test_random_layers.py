"""Layers that draw: what they compute, and whether many seeds at once get what each gets alone."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from torch.func import functionalize, grad_and_value, vmap
from torchvision.ops import StochasticDepth

from course_utils.noise import NoiseStream, SeededDraws, draw, draw_for_seeds, empty, stream

N = 100_000
SEEDS = range(4)
VALUES = 3
DOUBLE = torch.float64


def drawn(function, seed=0):
    with SeededDraws(seed):
        return function()


def likely(count, n, p):
    """Whether `count` of n lies in a range that one in a million fair draws leaves."""
    return stats.binom.ppf(5e-7, n, p) <= count <= stats.binom.ppf(1 - 5e-7, n, p)


def fixed(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def all_kept(kind, shape):
    return empty(kind, shape).fill_(2**15 - 1)


# --- many seeds at once -----------------------------------------------------------------------


def check_each_equals_the_run_alone(function, x, transform=lambda f: f):
    """The value and the gradient of `function` at x [values, seeds, ...], alone and all at once.

    Alone each seed draws from its stream; all at once the draws of all seeds are tensors that
    `vmap` goes through, as it goes through x, and the draws are the same for all values."""

    def loss(x):
        out = function(x)
        weights = torch.arange(1, out.numel() + 1, dtype=DOUBLE).sin()  # all entries count
        return (out * weights.view(out.shape)).sum()

    requests, alone = [], []
    for value in range(VALUES):
        for seed in SEEDS:
            generator, asked = stream("draws", seed), []

            def source(kind, shape, generator=generator, asked=asked):
                asked.append((kind, shape))
                return draw(kind, shape, generator)

            leaf = x[value, seed].clone().requires_grad_()
            with NoiseStream(source):
                out = loss(leaf)
                out.backward()
            alone.append((leaf.grad, out.detach()))
            requests.append(asked)
    assert all(asked == requests[0] for asked in requests)
    noise = next(draw_for_seeds(requests[0], [stream("draws", seed) for seed in SEEDS]))

    def together(x, *noise):
        waiting = iter(noise)
        with NoiseStream(lambda kind, shape: next(waiting)):
            return loss(x)

    of_seeds = vmap(transform(grad_and_value(together)))
    gradients, losses = vmap(of_seeds, in_dims=(0, *[None] * len(noise)))(x, *noise)
    for i, (gradient, out) in enumerate(alone):
        torch.testing.assert_close(gradients.flatten(0, 1)[i], gradient, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(losses.flatten()[i], out, rtol=1e-12, atol=1e-12)
    outputs = [drawn(lambda: function(x[0, 0]), seed) for seed in SEEDS]
    assert any(not torch.equal(output, outputs[0]) for output in outputs)


def heads(x):
    """Queries, keys and values [2 samples, 2 heads, 3 places, 4] of x [2, 6, 8]."""
    return (t.unflatten(-1, (2, 4)).transpose(1, 2) for t in (x[:, :3], x[:, 3:], x[:, 3:] * 0.5))


def seeded(module, *args, **options):
    torch.manual_seed(0)
    return module(*args, dtype=DOUBLE, **options)


def encoder(p=0.3, **options):
    return seeded(nn.TransformerEncoderLayer, 8, 2, 12, p, batch_first=True, **options)


def self_attention(p=0.3, **options):
    layer = seeded(nn.MultiheadAttention, 8, 2, p, batch_first=True)
    return lambda x: layer(x, x, x, **options)[0]


def decoder(p=0.3):
    layer = seeded(nn.TransformerDecoderLayer, 8, 2, 12, p, batch_first=True)
    return lambda x: layer(x[:, :4], x[:, 4:])


EARLIER = nn.Transformer.generate_square_subsequent_mask(6, dtype=DOUBLE)
BLIND = torch.tensor([[True, True, False], [False] * 3, [True] * 3])  # the second sees nothing
OF_SAMPLES = {
    "dropout": lambda x: F.dropout(x, 0.3),
    "dropout in place": lambda x: F.dropout(x * 2, 0.3, inplace=True),
    "dropout1d": lambda x: F.dropout1d(x, 0.3),
    "dropout2d": lambda x: F.dropout2d(x[:, :, None], 0.3),
    "dropout3d": lambda x: nn.Dropout3d(0.3)(x[:, :, None, None]),
    "AlphaDropout": nn.AlphaDropout(0.3),
    "AlphaDropout in place": lambda x: F.alpha_dropout(x * 2, 0.3, True, inplace=True),
    "FeatureAlphaDropout": nn.FeatureAlphaDropout(0.3),
    "RReLU": nn.RReLU(),
    "rrelu in place": lambda x: F.rrelu(x * 2, 0.1, 0.7, True, inplace=True),
    "gumbel_softmax": lambda x: F.gumbel_softmax(x, tau=0.7),
    "gumbel_softmax, hard": lambda x: F.gumbel_softmax(x, hard=True),
    "rand": lambda x: x * torch.rand(2, 6, 1),
    "randn_like": lambda x: x * torch.randn_like(x),
    "rand_like in half": lambda x: x * torch.rand_like(x, dtype=torch.float16),
    "randint": lambda x: x * torch.randint(-3, 4, (6, 1)),
    "randint_like": lambda x: x * torch.randint_like(x, 2, 9),
    "randperm": lambda x: x[:, torch.randperm(6)],
    "mixup": lambda x: x * 0.3 + x[torch.randperm(2)] * 0.7,
    "bernoulli": lambda x: x * torch.bernoulli(x.sigmoid()),
    "bernoulli of a chance": lambda x: x * torch.bernoulli(torch.full((6, 8), 0.3)),
    "Tensor.bernoulli": lambda x: x * x.bernoulli(0.3),
    "normal": lambda x: x * torch.normal(x, 0.5),
    "normal by entry": lambda x: x * torch.normal(x, x.exp()),
    "normal of numbers": lambda x: x * torch.normal(1.0, 0.5, (2, 6, 8)),
    "empty_like": lambda x: x * torch.empty_like(x).uniform_(0.5, 1.5),
    "new_empty": lambda x: x * x.new_empty(6, 1).exponential_(),
    "zeros_like": lambda x: x * torch.zeros_like(x).bernoulli_(x.sigmoid()),
    "random_": lambda x: x * x.detach().clone().random_(7),
    "attention": lambda x: F.scaled_dot_product_attention(*heads(x), dropout_p=0.3),
    "attention, causal": lambda x: F.scaled_dot_product_attention(
        *heads(x), dropout_p=0.3, is_causal=True, scale=0.3
    ),
    "attention, masked": lambda x: F.scaled_dot_product_attention(
        *heads(x), attn_mask=BLIND, dropout_p=0.3
    ),
    "attention, biased": lambda x: F.scaled_dot_product_attention(
        *heads(x), x[:, None, :3, :3], 0.3
    ),
    "attention, one key for two heads": lambda x: F.scaled_dot_product_attention(
        *(t if i == 0 else t[:, :1] for i, t in enumerate(heads(x))),
        dropout_p=0.3,
        enable_gqa=True,
    ),
    "MultiheadAttention": self_attention(),
    "MultiheadAttention without weights": self_attention(need_weights=False),
    "MultiheadAttention, causal": self_attention(
        need_weights=False, attn_mask=EARLIER, is_causal=True
    ),
    "MultiheadAttention, masked": self_attention(attn_mask=EARLIER),
    "TransformerEncoderLayer": encoder(),
    "TransformerEncoderLayer, GELU first": encoder(norm_first=True, activation="gelu"),
    "TransformerDecoderLayer": decoder(),
}


# Warnings are errors: none of these may fall back to one member after the other, but where
# gumbel_softmax scatters in PyTorch's own code.
@pytest.mark.filterwarnings("ignore:.*performance drop.*scatter_")
@pytest.mark.parametrize("function", OF_SAMPLES.values(), ids=OF_SAMPLES.keys())
def test_many_seeds_at_once_get_what_each_gets_alone(function):
    check_each_equals_the_run_alone(function, fixed(VALUES, len(SEEDS), 2, 6, 8))


def stochastic_depth(mode):
    return lambda x: x.tanh() + StochasticDepth(0.5, mode)(x)


IN_NEW_TENSORS = {
    "StochasticDepth, rows": stochastic_depth("row"),
    "StochasticDepth, batch": stochastic_depth("batch"),
    "empty": lambda x: x * torch.empty(2, 1, 1, dtype=DOUBLE).bernoulli_(0.3).div_(0.3),
    "zeros": lambda x: x * torch.zeros(6, 8).normal_(1.0, 0.3),
    "part": lambda x: x * torch.ones(6, 8)[1:3].uniform_()[:1].exp(),
    "whole, by a part": lambda x: (m := torch.ones(6, 8), m[:3].uniform_())[0] * x,
    "dropout of a constant": lambda x: x * F.dropout(torch.ones(6, 8), 0.3, inplace=True),
    "alpha dropout of a constant": lambda x: x * F.alpha_dropout(torch.ones(6, 8), 0.3, True, True),
    "integers": lambda x: x * torch.empty(6, 1, dtype=torch.int32).random_(1, 9),
    "bools": lambda x: x.masked_fill(torch.empty(6, 8, dtype=torch.bool).bernoulli_(0.3), 0.0),
    "bernoulli_ of chances": lambda x: x * torch.ones(6, 8).bernoulli_(torch.full((8,), 0.3)),
}


@pytest.mark.parametrize("function", IN_NEW_TENSORS.values(), ids=IN_NEW_TENSORS.keys())
def test_draws_into_a_new_tensor_need_functionalize(function):
    """A tensor that all members share cannot take the draws of many; `functionalize` makes a new
    one of each that is written to."""
    x = fixed(VALUES, len(SEEDS), 2, 6, 8)
    with pytest.raises(RuntimeError, match=r"inplace arithmetic|broadcast shape"):
        check_each_equals_the_run_alone(function, x)
    check_each_equals_the_run_alone(function, x, transform=functionalize)


@pytest.mark.parametrize("function", OF_SAMPLES.values(), ids=OF_SAMPLES.keys())
def test_functionalize_changes_nothing_else(function):
    x = fixed(VALUES, len(SEEDS), 2, 6, 8)
    check_each_equals_the_run_alone(function, x, transform=functionalize)


def test_within_a_vmap_of_the_model_itself_pytorch_draws():
    """Served, all samples would get one mask, whatever was asked for."""

    def masks(randomness, function=F.dropout):
        return vmap(function, randomness=randomness)(torch.ones(20, 50))

    for function in (F.dropout, lambda x: F.dropout1d(x[:, None]), torch.rand_like):
        first = drawn(lambda f=function: masks("different", f))
        assert len(first.flatten(1).unique(dim=0)) == 20
        assert torch.equal(first, drawn(lambda f=function: masks("different", f)))
        assert not torch.equal(first, drawn(lambda f=function: masks("different", f), seed=1))
        assert len(drawn(lambda f=function: masks("same", f)).flatten(1).unique(dim=0)) == 1
        with pytest.raises(RuntimeError, match="randomness"):
            drawn(lambda f=function: masks("error", f))
    with SeededDraws(0):
        masks("different")
        after = F.dropout(torch.ones(50))
    assert torch.equal(after, drawn(lambda: F.dropout(torch.ones(50))))  # the stream goes on


def test_a_gradient_within_a_model_is_no_vmap():
    x = torch.ones(50)
    gradient = drawn(lambda: grad_and_value(lambda x: F.dropout(x).sum())(x)[0])
    assert torch.equal(gradient, drawn(lambda: F.dropout(x)))


# --- what the layers compute ------------------------------------------------------------------


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
    with NoiseStream(all_kept):
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
        with NoiseStream(nothing):
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
        with NoiseStream(source):
            assert distribution.sample((2,)).shape == (2, 3)
        assert len(asked) == 1


def test_dropout_beside_its_argument_leaves_it_alone():
    x = torch.ones(50)
    drawn(lambda: F.dropout(x, 0.5))
    drawn(lambda: F.alpha_dropout(x, 0.5, True))
    drawn(lambda: F.rrelu(x, training=True))
    assert torch.equal(x, torch.ones(50))
