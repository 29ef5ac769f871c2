"""The stream of random numbers: who gets which draw, and whether they are random as promised."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from course_utils import noise
from course_utils.noise import NoiseStream, SeededDraws, draw, draw_for_seeds, empty, streams
from course_utils.training import shuffled_batches

N = 100_000
CHANCES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]


def drawn(function, seed=0):
    with SeededDraws(seed):
        return function()


def likely(count, n, p, slack=0.0):
    """Whether `count` of n lies in a range that one in a million fair draws leaves."""
    low = stats.binom.ppf(5e-7, n, max(p - slack, 0.0))
    high = stats.binom.ppf(1 - 5e-7, n, min(p + slack, 1.0))
    return low <= count <= high


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

    with NoiseStream(source):
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


# --- dropout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", CHANCES)
def test_dropout_drops_a_share_p_and_scales_the_rest(p):
    out = drawn(lambda: F.dropout(torch.ones(N), p))
    kept = out[out != 0]
    assert likely(N - len(kept), N, p, slack=2**-17)  # p is met to 16 bits
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - p)))
    # The mean stays 1: its standard deviation is sqrt(p / (1 - p) / N).
    assert abs(out.mean().item() - 1) < 6 * (p / (1 - p) / N) ** 0.5


def test_dropout_meets_p_to_16_bits():
    class AllBits:
        def __call__(self, kind, shape):
            return torch.arange(-(2**15), 2**15).to(torch.int16)

    ones = torch.ones(2**16)
    for p in (2**-16, 0.3, 1 - 2**-16):
        with NoiseStream(AllBits()):
            dropped = int((F.dropout(ones, p) == 0).sum())
        assert dropped == round(p * 2**16)


def test_masks_are_nested_in_p():
    kept = [drawn(lambda p=p: F.dropout(torch.ones(N), p)) != 0 for p in CHANCES]
    for more, fewer in itertools.pairwise(kept):
        assert not (fewer & ~more).any()


def test_masks_are_fresh_in_every_call_and_differ_between_samples():
    with SeededDraws(0):
        first, second = (F.dropout(torch.ones(20, 50), 0.5) for _ in range(2))
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_dropout_at_its_ends():
    x = torch.randn(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(drawn(lambda: F.dropout(x, 0.0)), x)
    assert torch.equal(drawn(lambda: F.dropout(x, 1.0)), torch.zeros_like(x))
    assert torch.equal(drawn(lambda: F.dropout(x, 0.5, training=False)), x)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match=rf"must be in \[0, 1\], got {p}"):
            drawn(lambda p=p: F.dropout(x, p))


def test_dropout_in_place_and_its_gradient():
    x = torch.ones(1000)
    out = drawn(lambda: F.dropout(x, 0.5, inplace=True))
    assert out is x
    assert 0 < int((x == 0).sum()) < 1000
    leaf = torch.ones(1000, requires_grad=True)
    masked = drawn(lambda: F.dropout(leaf, 0.5))
    masked.sum().backward()
    assert torch.equal(leaf.grad, masked.detach())
    assert torch.equal(masked.detach(), out)


@pytest.mark.parametrize(
    ("layer", "shape", "ones"),
    [
        (nn.Dropout1d(0.5), (40, 30, 5), (1, 1, 5)),
        (nn.Dropout2d(0.5), (40, 30, 4, 5), (1, 1, 4, 5)),
        (nn.Dropout3d(0.5), (40, 30, 2, 3, 4), (1, 1, 2, 3, 4)),
        (nn.Dropout1d(0.5), (1200, 5), (1, 5)),  # no sample dimension
        (nn.Dropout3d(0.5), (1200, 2, 3, 4), (1, 2, 3, 4)),
    ],
)
def test_channel_dropout_drops_whole_channels(layer, shape, ones):
    out = drawn(lambda: layer(torch.ones(shape)))
    first = out[tuple(slice(None) if n == 1 else slice(0, 1) for n in ones)]
    assert torch.equal(out, first * torch.ones(ones))
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert likely(int((first == 0).sum()), first.numel(), 0.5)
    layer.eval()
    assert torch.equal(drawn(lambda: layer(torch.ones(shape))), torch.ones(shape))


# --- shapes, types and ranges of the other functions ------------------------------------------


@pytest.mark.parametrize("function", [torch.rand, torch.randn])
@pytest.mark.parametrize(
    ("args", "kwargs", "shape"),
    [
        ((3,), {}, (3,)),
        ((2, 3), {}, (2, 3)),
        (((2, 3),), {}, (2, 3)),
        (([2, 3],), {}, (2, 3)),
        ((torch.Size([2, 3]),), {}, (2, 3)),
        ((), {"size": (2, 3)}, (2, 3)),
        (((),), {}, ()),
        ((0, 3), {}, (0, 3)),
        ((2,), {"dtype": torch.float64}, (2,)),
        ((2,), {"dtype": None, "device": None}, (2,)),
        ((2,), {"requires_grad": True, "device": "cpu"}, (2,)),
    ],
)
def test_sizes_are_read_as_pytorch_reads_them(function, args, kwargs, shape):
    inside, outside = drawn(lambda: function(*args, **kwargs)), function(*args, **kwargs)
    assert inside.shape == outside.shape == shape
    assert inside.dtype == outside.dtype
    assert inside.requires_grad == outside.requires_grad


def test_a_size_of_numpy_integers():
    assert drawn(lambda: torch.rand(np.int64(3), np.int64(2))).shape == (3, 2)


@pytest.mark.parametrize("function", [torch.rand_like, torch.randn_like])
def test_like_follows_its_input_unless_told_otherwise(function):
    like = torch.empty(3, 2, dtype=torch.float64)
    assert drawn(lambda: function(like)).dtype == torch.float64
    single = drawn(lambda: function(like, dtype=torch.float32))
    assert (single.dtype, single.shape) == (torch.float32, (3, 2))


UNIFORM = {
    "rand": lambda: torch.rand(N),
    "rand_like": lambda: torch.rand_like(torch.empty(N)),
    "uniform_": lambda: torch.empty(N).uniform_(),
    "uniform_ moved": lambda: (torch.empty(N).uniform_(-3.0, 5.0) + 3.0) / 8.0,
    "uniform_ by name": lambda: (torch.empty(N).uniform_(**{"from": 1.0, "to": 3.0}) - 1) / 2,
}
NORMAL = {
    "randn": lambda: torch.randn(N),
    "randn_like": lambda: torch.randn_like(torch.empty(N)),
    "normal_": lambda: torch.empty(N).normal_(),
    "normal_ moved": lambda: (torch.empty(N).normal_(2.0, 3.0) - 2.0) / 3.0,
    "normal_ by name": lambda: torch.empty(N).normal_(mean=-1.0, std=0.5).add(1.0).mul(2.0),
}


@pytest.mark.parametrize("draw", UNIFORM.values(), ids=UNIFORM.keys())
def test_uniform_draws(draw):
    out = drawn(draw)
    assert out.min() >= 0.0
    assert out.max() <= 1.0
    assert stats.kstest(out.numpy(), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("draw", NORMAL.values(), ids=NORMAL.keys())
def test_normal_draws(draw):
    assert stats.kstest(drawn(draw).numpy(), "norm").pvalue > 1e-3


def test_in_place_draws_return_their_tensor():
    x = torch.empty(4)
    for call in (lambda: x.uniform_(), lambda: x.normal_(), lambda: x.bernoulli_(0.5)):
        assert drawn(call) is x


@pytest.mark.parametrize("p", CHANCES)
def test_bernoulli_hits_its_chance(p):
    for call in (
        lambda: torch.bernoulli(torch.full((N,), p)),
        lambda: torch.bernoulli(torch.empty(N), p),
        lambda: torch.empty(N).bernoulli(p),
        lambda: torch.empty(N).bernoulli_(p),
        lambda: torch.empty(N, dtype=torch.bool).bernoulli_(p).float(),
        lambda: torch.empty(N).bernoulli_(torch.full((N,), p)),
    ):
        out = drawn(call)
        assert set(out.unique().tolist()) <= {0.0, 1.0}
        assert likely(int(out.sum()), N, p)


def test_bernoulli_of_a_half_by_default_and_per_entry():
    assert likely(int(drawn(lambda: torch.empty(N).bernoulli_()).sum()), N, 0.5)
    chances = torch.tensor([[0.1], [0.9]]).expand(2, N)
    rows = drawn(lambda: torch.bernoulli(chances)).sum(1)
    assert likely(int(rows[0]), N, 0.1)
    assert likely(int(rows[1]), N, 0.9)


@pytest.mark.parametrize(
    ("call", "low", "high"),
    [
        (lambda: torch.randint(6, (N,)), 0, 6),
        (lambda: torch.randint(-2, 3, (N,)), -2, 3),
        (lambda: torch.randint(2, high=7, size=(N,)), 2, 7),
        (lambda: torch.randint(low=2, high=7, size=(N,)), 2, 7),
        (lambda: torch.randint(high=7, size=(N,)), 0, 7),
        (lambda: torch.randint(1, 4, [N]), 1, 4),
        (lambda: torch.randint(1, (N,)), 0, 1),
    ],
)
def test_randint_draws_every_number_alike(call, low, high):
    out = drawn(call)
    assert out.dtype == torch.int64
    counts = np.bincount(out.numpy() - low, minlength=high - low)
    assert len(counts) == high - low
    assert high - low == 1 or stats.chisquare(counts).pvalue > 1e-3


def test_randint_shapes_and_types():
    assert drawn(lambda: torch.randint(5, ())).shape == ()
    assert drawn(lambda: torch.randint(5, (2, 3), dtype=torch.int32)).dtype == torch.int32
    assert drawn(lambda: torch.randint(np.int64(5), (2,))).shape == (2,)
    assert drawn(lambda: torch.randint(10, 11, (2, 3))).tolist() == [[10] * 3] * 2


def test_randperm_is_a_permutation_and_no_fixed_one():
    with SeededDraws(0):
        firsts = []
        for _ in range(600):
            order = torch.randperm(6)
            assert sorted(order.tolist()) == list(range(6))
            firsts.append(int(order[0]))
    assert order.dtype == torch.int64
    assert stats.chisquare(np.bincount(firsts, minlength=6)).pvalue > 1e-3
    assert drawn(lambda: torch.randperm(0)).shape == (0,)
    assert drawn(lambda: torch.randperm(3, dtype=torch.int32)).dtype == torch.int32


@pytest.mark.parametrize("n", range(10))
def test_bits_fill_every_place(n):
    """Four 16-bit draws come from one of 64 bits; the tail that is left over is drawn apart."""
    generator = torch.Generator().manual_seed(0)
    seen = torch.stack([draw("bits", (n,), generator) for _ in range(2000)])
    assert seen.dtype == torch.int16
    for place in seen.T.double():
        assert abs(place.mean()) < 6 * 2**16 / 12**0.5 / 2000**0.5
        assert stats.kstest((place + 2**15) / 2**16, "uniform").pvalue > 1e-4


def test_neighboring_bits_are_independent():
    bits = draw("bits", (N,), torch.Generator().manual_seed(0)).double()
    for lag in (1, 2, 3, 4):
        correlation = np.corrcoef(bits[:-lag], bits[lag:])[0, 1]
        assert abs(correlation) < 6 / N**0.5


def test_a_module_draws_from_the_stream_without_knowing():
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Linear(50, 2))
    x = torch.randn(3, 4)
    assert torch.equal(drawn(lambda: model(x)), drawn(lambda: model(x)))
    assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [("bits", (8, 6))],
        [("bits", (8, 0))],
        [("bits", (8, 6)), ("bits", (4,)), ("bits", (2, 2, 3))],
        [("bits", (3, 5)), ("bits", (7,)), ("bits", ())],
        [("bits", (4,)), ("uniform", (5,)), ("normal", (3, 7)), ("bits", (8,))],
        [("integers", (3,)), ("uniform64", (2, 2)), ("normal64", (5,)), ("integers", (0,))],
    ],
    ids=str,
)
def test_a_seed_draws_for_many_requests_what_it_draws_for_one_after_the_other(
    requests, monkeypatch
):
    monkeypatch.setattr(streams, "_MOST_AT_ONCE", 2 * 2 * 64)  # two steps of the largest
    together = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    apart = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    for steps in (1, 3, 5):  # and goes on from there
        drawn = list(draw_for_seeds(requests, together, steps=steps))
        assert len(drawn) == steps
        for step in drawn:
            for s, generator in enumerate(apart):
                for (kind, shape), of_seeds in zip(requests, step, strict=True):
                    assert torch.equal(of_seeds[s], draw(kind, shape, generator))


# --- named streams ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2**40, -3])
def test_weights_batches_and_masks_are_drawn_from_streams_of_their_own(seed):
    """Generators with the same seed give the same raw numbers: then a mask repeats the weights."""
    n = 4096
    weights = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    batches = torch.rand(n, generator=noise.stream("order of batches", seed))
    masks = torch.rand(n, generator=noise.stream("draws", seed))
    others = torch.rand(n, generator=noise.stream("other draws", seed))
    for a, b in itertools.combinations([weights, batches, masks, others], 2):
        assert not set(a.tolist()) >= set(b.tolist()[:5])
        # Uncorrelated: 4.5 standard errors, which fair numbers leave once in 10^5.
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / n**0.5


def test_fit_uses_these_streams():
    order = torch.cat(next(shuffled_batches(100, 10, seed=3)))
    own = torch.randperm(100, generator=noise.stream("order of batches", 3))
    assert torch.equal(order, own)
    assert not torch.equal(order, torch.randperm(100, generator=torch.Generator().manual_seed(3)))
    mask = drawn(lambda: torch.rand(100), seed=3)
    assert torch.equal(mask, torch.rand(100, generator=noise.stream("draws", 3)))
    assert not torch.equal(mask, torch.rand(100, generator=torch.Generator().manual_seed(3)))


def test_neighbouring_seeds_and_names_have_nothing_in_common():
    names = ["draws", "order of batches", "other draws"]
    drawn = [
        torch.rand(2048, generator=noise.stream(name, seed)) for name in names for seed in range(8)
    ]
    correlations = np.corrcoef(torch.stack(drawn))[np.triu_indices(len(drawn), 1)]
    assert np.abs(correlations).max() < 5.5 / 2048**0.5  # of 276 pairs
