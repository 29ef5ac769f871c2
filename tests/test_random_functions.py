"""Every random function of PyTorch, met inside a stream: its distribution and its resolution."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from course_utils.random_streams import RandomStream, SeededDraws
from tests.draws import N, drawn

#: What fair numbers leave once in a million.
RARE = 1e-6
HALVES = [torch.float16, torch.bfloat16]


def counts_are(counts, chances):
    assert len(counts) == len(chances)
    assert stats.chisquare(counts, np.asarray(chances) * counts.sum()).pvalue > RARE


# --- distributions ----------------------------------------------------------------------------


CONTINUOUS = {
    "normal": (lambda: torch.normal(2.0, 3.0, (N,)), stats.norm(2, 3)),
    "normal, size by name": (lambda: torch.normal(2.0, 3.0, size=[N]), stats.norm(2, 3)),
    "normal, mean by entry": (lambda: torch.normal(torch.full((N,), 2.0)), stats.norm(2, 1)),
    "normal, mean by entry, std": (
        lambda: torch.normal(torch.full((N,), 2.0), 3.0),
        stats.norm(2, 3),
    ),
    "normal, std by entry": (lambda: torch.normal(2.0, torch.full((N,), 3.0)), stats.norm(2, 3)),
    "normal, both by entry": (
        lambda: torch.normal(torch.tensor(2.0), std=torch.full((N,), 3.0)),
        stats.norm(2, 3),
    ),
    "normal_": (lambda: torch.empty(N, dtype=torch.float64).normal_(2.0, 3.0), stats.norm(2, 3)),
    "log_normal_": (lambda: torch.empty(N).log_normal_(0.5, 0.7), stats.lognorm(0.7, 0, np.e**0.5)),
    "log_normal_ by default": (lambda: torch.empty(N).log_normal_(), stats.lognorm(2, 0, np.e)),
    "exponential_": (lambda: torch.empty(N).exponential_(), stats.expon()),
    "exponential_ of a rate": (lambda: torch.empty(N).exponential_(4.0), stats.expon(0, 0.25)),
    "cauchy_": (lambda: torch.empty(N).cauchy_(), stats.cauchy()),
    "cauchy_ moved": (lambda: torch.empty(N).cauchy_(median=1.0, sigma=2.0), stats.cauchy(1, 2)),
    "rand float64": (lambda: torch.rand(N, dtype=torch.float64), stats.uniform()),
    "randn float64": (lambda: torch.randn(N, dtype=torch.float64), stats.norm()),
    "uniform_ float64": (
        lambda: torch.empty(N, dtype=torch.float64).uniform_(-1.0, 3.0),
        stats.uniform(-1, 4),
    ),
}


@pytest.mark.parametrize(("draw", "distribution"), CONTINUOUS.values(), ids=CONTINUOUS.keys())
def test_distributions(draw, distribution):
    assert stats.kstest(drawn(draw).double().numpy(), distribution.cdf).pvalue > RARE


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_geometric_counts_trials_to_the_first_success(p, dtype):
    out = drawn(lambda: torch.empty(N, dtype=dtype).geometric_(p)).long().numpy()
    assert out.min() == 1
    last = int(stats.geom(p).ppf(1 - 1e-3))
    counts = np.bincount(np.minimum(out, last + 1), minlength=last + 2)[1:]
    chances = [*stats.geom(p).pmf(range(1, last + 1)), stats.geom(p).sf(last)]
    counts_are(counts, chances)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.randint_like(torch.empty(N), 2, 7),
        lambda: torch.randint_like(torch.empty(N), low=2, high=7),
        lambda: torch.randint_like(torch.empty(N, dtype=torch.int8), 5) + 2,
        lambda: torch.empty(N).random_(5) + 2,
        lambda: torch.empty(N, dtype=torch.int32).random_(2, 7),
        lambda: torch.empty(N, dtype=torch.float64).random_(**{"from": 2, "to": 7}),
        lambda: torch.empty(N, dtype=torch.uint8).random_(2, to=7),
        lambda: torch.randint(2, 7, (N,), dtype=torch.float16),
    ],
)
def test_whole_numbers_have_the_same_chance(draw):
    counts_are(np.bincount(drawn(draw).long() - 2), [0.2] * 5)


@pytest.mark.parametrize("high", [2**24 + 1, 2**26, 3 * 2**30, 2**32, 2**40, 3 * 2**61, 2**63 - 1])
@pytest.mark.parametrize("low", [0, -5])
def test_whole_numbers_from_wide_ranges_use_all_their_digits(high, low):
    high += low
    out = drawn(lambda: torch.randint(low, high, (N,)))
    assert low <= out.min() <= out.max() < high
    counts_are(np.bincount(out.remainder(2)), [0.5] * 2)
    counts_are(np.bincount(out.remainder(7)), [1 / 7] * 7)
    thirds = ((out.double() - low) / ((high - low) / 3)).long().clamp(max=2)
    if high < 2**60:  # PyTorch itself shares out wider ranges unevenly
        counts_are(np.bincount(thirds), [1 / 3] * 3)


def test_bools_and_the_ends_of_types():
    assert drawn(lambda: torch.randint(0, 2, (N,), dtype=torch.bool)).double().mean() > 0.4
    out = drawn(lambda: torch.empty(N, dtype=torch.int8).random_(-128, 128))
    assert (out.min(), out.max()) == (-128, 127)
    assert drawn(lambda: torch.randint(2**31 - 3, 2**31 - 1, (50,), dtype=torch.int32)).min() > 0


# --- resolution -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.rand(N, dtype=torch.float64),
        lambda: torch.rand_like(torch.empty(N, dtype=torch.float64)),
        lambda: torch.empty(N, dtype=torch.float64).uniform_(),
        lambda: torch.randn(N, dtype=torch.float64),
        lambda: torch.empty(N, dtype=torch.float64).normal_(),
        lambda: torch.normal(torch.zeros(N, dtype=torch.float64), 1.0),
        lambda: torch.empty(N, dtype=torch.float64).exponential_(),
    ],
)
def test_float64_has_digits_that_float32_has_not(draw):
    out = drawn(draw)
    assert out.dtype == torch.float64
    assert (out.float().double() != out).double().mean() > 0.99
    assert out.unique().numel() == N


def test_bernoulli_meets_a_chance_that_float32_cannot():
    chance = torch.full((2_000_000,), 1e-9, dtype=torch.float64)
    assert drawn(lambda: torch.bernoulli(chance)).sum() == 0
    assert drawn(lambda: torch.bernoulli(1 - chance)).sum() == len(chance)


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_stays_below_1(dtype):
    for draw in (
        lambda: torch.rand(N, dtype=dtype),
        lambda: torch.rand_like(torch.empty(N, dtype=dtype)),
        lambda: torch.empty(N, dtype=dtype).uniform_(),
    ):
        out = drawn(draw)
        assert out.dtype == dtype
        assert 0 <= out.min() < out.max() < 1
        assert abs(out.double().mean() - 0.5) < 2**-8


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
def test_uniform_does_not_reach_its_upper_end(dtype):
    def most(kind, shape):
        one = torch.ones(shape, dtype=torch.float64 if kind == "uniform64" else torch.float32)
        return torch.nextafter(one, torch.zeros_like(one))

    with RandomStream(most):
        assert torch.empty(3, dtype=dtype).uniform_(1.0, 2.0).max() < 2
        assert torch.rand(3, dtype=dtype).max() < 1


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_what_takes_a_logarithm_of_a_draw_stays_finite_at_its_ends(dtype, end):
    def at_the_end(kind, shape):
        value = torch.full(shape, end, dtype=torch.float64 if "64" in kind else torch.float32)
        return torch.nextafter(value, torch.zeros_like(value))

    with RandomStream(at_the_end):
        exponential = torch.empty(2, dtype=dtype).exponential_()
        assert 0 < exponential.min() <= exponential.max() < math.inf
        cauchy = torch.empty(2, dtype=dtype).cauchy_()  # float16 has no room for the far tails
        assert dtype == torch.float16 or cauchy.isfinite().all()
        assert 1 <= torch.empty(2, dtype=dtype).geometric_(0.5).max() < math.inf
        assert F.gumbel_softmax(torch.zeros(2, dtype=dtype)).isfinite().all()


def test_draws_follow_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        for draw in (
            lambda: torch.rand(N),
            lambda: torch.randn(N),
            lambda: torch.normal(0.0, 1.0, (N,)),
        ):
            out = drawn(draw)
            assert out.dtype == torch.float64
            assert out.unique().numel() == N
        mask = drawn(lambda: F.dropout(torch.ones(50), 0.5))
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(mask.float(), drawn(lambda: F.dropout(torch.ones(50), 0.5)))


def test_new_tensors_lie_where_pytorch_puts_them():
    for draw in (
        lambda: torch.rand(3),
        lambda: torch.randint(5, (3,)),
        lambda: torch.randperm(3),
    ):
        with torch.device("meta"):
            assert drawn(draw).device.type == "meta"
        with SeededDraws(0), torch.device("meta"):
            assert draw().device.type == "meta"
        assert drawn(draw).device.type == "cpu"
    with torch.device("meta"):  # which torch.normal does not heed
        assert drawn(lambda: torch.normal(0.0, 1.0, (3,))).device.type == "cpu"
    assert drawn(lambda: torch.rand_like(torch.empty(3, device="meta"))).device.type == "meta"
