"""The stream of random numbers: who gets which draw, and from which stream."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import random_streams
from course_utils.random_streams import RandomStream, SeededDraws, empty
from course_utils.training import shuffled_batches
from tests.draws import drawn

# --- one stream for each seed -----------------------------------------------------------------


DRAWS = {
    "dropout": lambda: F.dropout(torch.ones(50), 0.5),
    "nn.Dropout": lambda: nn.Dropout(0.5)(torch.ones(50)),
    "nn.Dropout1d": lambda: nn.Dropout1d(0.5)(torch.ones(5, 10, 3)),
    "torch.dropout": lambda: torch.dropout(torch.ones(50), 0.5, True),
    "rand": lambda: torch.rand(50),
    "randn": lambda: torch.randn(50),
    "rand_like": lambda: torch.rand_like(torch.empty(50)),
    "randn_like": lambda: torch.randn_like(torch.empty(50)),
    "bernoulli": lambda: torch.bernoulli(torch.full((50,), 0.5)),
    "Tensor.bernoulli": lambda: torch.empty(50).bernoulli(0.5),
    "Tensor.bernoulli_": lambda: torch.empty(50).bernoulli_(0.5),
    "Tensor.uniform_": lambda: torch.empty(50).uniform_(),
    "Tensor.normal_": lambda: torch.empty(50).normal_(),
    "randint": lambda: torch.randint(1000, (50,)),
    "randperm": lambda: torch.randperm(50),
    "randint_like": lambda: torch.randint_like(torch.empty(50), 1000),
    "normal": lambda: torch.normal(0.0, 1.0, (50,)),
    "normal of tensors": lambda: torch.normal(torch.zeros(50), torch.ones(50)),
    "Tensor.random_": lambda: torch.empty(50).random_(1000),
    "Tensor.exponential_": lambda: torch.empty(50).exponential_(),
    "Tensor.geometric_": lambda: torch.empty(50).geometric_(0.01),
    "Tensor.cauchy_": lambda: torch.empty(50).cauchy_(),
    "Tensor.log_normal_": lambda: torch.empty(50).log_normal_(),
    "torch.dropout_": lambda: torch.dropout_(torch.ones(50), 0.5, train=True),
    "nn.AlphaDropout": lambda: nn.AlphaDropout(0.5)(torch.ones(50)),
    "nn.FeatureAlphaDropout": lambda: nn.FeatureAlphaDropout(0.5)(torch.ones(5, 10, 3)),
    "nn.RReLU": lambda: nn.RReLU()(-torch.ones(50)),
    "gumbel_softmax": lambda: F.gumbel_softmax(torch.zeros(50)),
    "attention": lambda: F.scaled_dot_product_attention(*torch.ones(3, 1, 8, 4), dropout_p=0.5),
    # These are left to PyTorch; they meet a seeded global state.
    "rand out": lambda: torch.rand(50, out=torch.empty(50)),
    "bernoulli out": lambda: torch.bernoulli(torch.full((50,), 0.5), out=torch.empty(50)),
    "complex rand": lambda: torch.rand(50, dtype=torch.complex64),
    "complex randn_like": lambda: torch.randn_like(torch.empty(50, dtype=torch.complex128)),
    "requires_grad": lambda: torch.rand(50, requires_grad=True),
    "64 random bits": lambda: torch.empty(50, dtype=torch.int64).random_(),
    "many integers": lambda: torch.randint(0, 3 * 2**60, (50,)),
    "poisson": lambda: torch.poisson(torch.full((50,), 9.0)),
    "multinomial": lambda: torch.multinomial(torch.ones(100), 50),
    "nn.init.uniform_": lambda: nn.init.uniform_(torch.empty(50)),
    "nn.init.orthogonal_": lambda: nn.init.orthogonal_(torch.empty(7, 7)),
    "nn.FractionalMaxPool2d": lambda: nn.FractionalMaxPool2d(2, 9)(
        torch.arange(2e4).view(50, 20, 20)
    ),
    "nn.LSTM": lambda: nn.LSTM(3, 4, 2, dropout=0.5).requires_grad_(False)(torch.ones(50, 3))[0],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_draws_depend_on_the_seed_alone_and_leave_the_world_alone(draw):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = drawn(draw)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(drawn(draw), first)
    assert not torch.equal(drawn(draw, seed=1), first)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_a_stream_goes_on_where_it_was_left(draw):
    one, two = SeededDraws(3), SeededDraws(3)
    with one:
        together = [draw(), draw()]
    with two:
        first = draw()
    torch.rand(7)  # what happens outside is no matter
    with two:
        second = draw()
    assert torch.equal(first, together[0])
    assert torch.equal(second, together[1])
    assert not torch.equal(first, second)


def test_an_error_inside_restores_the_world():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="dim"), SeededDraws(0):
        torch.multinomial(torch.multinomial(torch.ones(5), 3)[:, None, None].float(), 1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(0)
    plain = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3), plain)


@pytest.mark.parametrize(
    "call",
    [
        lambda g: torch.rand(20, generator=g),
        lambda g: torch.randn(20, generator=g),
        lambda g: torch.randint(100, (20,), generator=g),
        lambda g: torch.randperm(20, generator=g),
        lambda g: torch.bernoulli(torch.full((20,), 0.5), generator=g),
        lambda g: torch.empty(20).uniform_(generator=g),
        lambda g: torch.empty(20).normal_(0.0, 1.0, generator=g),
        lambda g: torch.normal(torch.zeros(20), 1.0, generator=g),
        lambda g: torch.rrelu(-torch.ones(20), 0.1, 0.9, True, g),
    ],
)
def test_a_generator_of_its_own_is_left_alone(call):
    outside = call(torch.Generator().manual_seed(4))
    with SeededDraws(0):
        inside = call(torch.Generator().manual_seed(4))
        after = torch.rand(5)
    assert torch.equal(inside, outside)
    assert torch.equal(after, drawn(lambda: torch.rand(5)))  # nothing was taken from the stream


def test_generator_none_means_the_stream():
    assert torch.equal(drawn(lambda: torch.rand(5, generator=None)), drawn(lambda: torch.rand(5)))


def test_the_source_is_asked_for_what_is_drawn():
    asked = []

    def source(kind, shape):
        asked.append((kind, shape))
        return empty(kind, shape).zero_()

    with RandomStream(source):
        F.dropout(torch.ones(2, 3), 0.5)
        F.dropout(torch.ones(2, 3), 0.5, training=False)
        F.dropout2d(torch.ones(2, 3, 4, 4), 0.5)
        torch.randn(4)
        torch.rand(2, 2)
    assert asked == [
        ("bits", (2, 3)),
        ("bits", (2, 3, 1, 1)),
        ("normal", (4,)),
        ("uniform", (2, 2)),
    ]


# --- named streams ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2**40, -3])
def test_weights_batches_and_masks_are_drawn_from_streams_of_their_own(seed):
    """Generators with the same seed give the same raw numbers: then a mask repeats the weights."""
    n = 4096
    weights = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    batches = torch.rand(n, generator=random_streams.stream("order of batches", seed))
    masks = torch.rand(n, generator=random_streams.stream("draws", seed))
    others = torch.rand(n, generator=random_streams.stream("other draws", seed))
    for a, b in itertools.combinations([weights, batches, masks, others], 2):
        assert not set(a.tolist()) >= set(b.tolist()[:5])
        # Uncorrelated: 4.5 standard errors, which fair numbers leave once in 10^5.
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / n**0.5


def test_fit_uses_these_streams():
    order = torch.cat(next(shuffled_batches(100, 10, seed=3)))
    own = torch.randperm(100, generator=random_streams.stream("order of batches", 3))
    assert torch.equal(order, own)
    assert not torch.equal(order, torch.randperm(100, generator=torch.Generator().manual_seed(3)))
    mask = drawn(lambda: torch.rand(100), seed=3)
    assert torch.equal(mask, torch.rand(100, generator=random_streams.stream("draws", 3)))
    assert not torch.equal(mask, torch.rand(100, generator=torch.Generator().manual_seed(3)))


def test_neighbouring_seeds_and_names_have_nothing_in_common():
    names = ["draws", "order of batches", "other draws"]
    drawn = [
        torch.rand(2048, generator=random_streams.stream(name, seed))
        for name in names
        for seed in range(8)
    ]
    correlations = np.corrcoef(torch.stack(drawn))[np.triu_indices(len(drawn), 1)]
    assert np.abs(correlations).max() < 5.5 / 2048**0.5  # of 276 pairs
