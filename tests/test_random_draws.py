"""The other random functions in the stream: shapes, types, ranges, and that they are random."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from course_utils.random_streams import SeededDraws, draw, draw_for_seeds, streams
from tests.draws import N, drawn, likely

CHANCES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]


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
