"""Layers that draw: whether many seeds at once get what each gets alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functionalize, grad_and_value, vmap
from torchvision.ops import StochasticDepth

from course_utils.random_streams import RandomStream, SeededDraws, draw, draw_for_seeds, stream
from tests.attention import BLIND, DOUBLE, EARLIER, decoder, encoder, fixed, heads, self_attention
from tests.draws import drawn

SEEDS = range(4)
VALUES = 3


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
            with RandomStream(source):
                out = loss(leaf)
                out.backward()
            alone.append((leaf.grad, out.detach()))
            requests.append(asked)
    assert all(asked == requests[0] for asked in requests)
    noise = next(draw_for_seeds(requests[0], [stream("draws", seed) for seed in SEEDS]))

    def together(x, *noise):
        waiting = iter(noise)
        with RandomStream(lambda kind, shape: next(waiting)):
            return loss(x)

    of_seeds = vmap(transform(grad_and_value(together)))
    gradients, losses = vmap(of_seeds, in_dims=(0, *[None] * len(noise)))(x, *noise)
    for i, (gradient, out) in enumerate(alone):
        torch.testing.assert_close(gradients.flatten(0, 1)[i], gradient, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(losses.flatten()[i], out, rtol=1e-12, atol=1e-12)
    outputs = [drawn(lambda: function(x[0, 0]), seed) for seed in SEEDS]
    assert any(not torch.equal(output, outputs[0]) for output in outputs)


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


@pytest.mark.recorder  # it alone uses `functionalize`, which is slow with older versions, and warns
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
