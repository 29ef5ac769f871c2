"""Every random function of PyTorch, met inside a stream: its shapes, types, ranges and chances, or
PyTorch's own numbers where the stream does not serve it."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor, nn

from course_utils.noise import NoiseStream, SeededDraws

N = 100_000
#: What fair numbers leave once in a million.
RARE = 1e-6
HALVES = [torch.float16, torch.bfloat16]


def drawn(function, seed=0):
    with SeededDraws(seed):
        return function()


def nothing_served(kind, shape):
    raise AssertionError(f"the source was asked for {kind}, {shape}")


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

    with NoiseStream(most):
        assert torch.empty(3, dtype=dtype).uniform_(1.0, 2.0).max() < 2
        assert torch.rand(3, dtype=dtype).max() < 1


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_what_takes_a_logarithm_of_a_draw_stays_finite_at_its_ends(dtype, end):
    def at_the_end(kind, shape):
        value = torch.full(shape, end, dtype=torch.float64 if "64" in kind else torch.float32)
        return torch.nextafter(value, torch.zeros_like(value))

    with NoiseStream(at_the_end):
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


# --- shapes, types and gradients as in PyTorch ------------------------------------------------

DOUBLE, WHOLE = torch.float64, torch.int64
AS_PYTORCH = {
    "normal, broadcast": lambda: torch.normal(torch.ones(3, 1), torch.ones(2, dtype=DOUBLE)),
    "normal, scalar": lambda: torch.normal(torch.ones(2, dtype=DOUBLE), torch.ones(3, 1)),
    "normal, std": lambda: torch.normal(1.0, torch.ones(2, dtype=DOUBLE)),
    "normal, dtype": lambda: torch.normal(0.0, 1.0, (2,), dtype=DOUBLE),
    "normal, int": lambda: torch.normal(0, 1, size=(2,)),
    "normal, empty": lambda: torch.normal(torch.ones(0, 2), 1.0),
    "normal_ of numbers in tensors": lambda: torch.empty(2).normal_(torch.tensor(0.0)),
    "rand of tensors": lambda: torch.rand(torch.tensor(3), torch.tensor(2)),
    "rand_like": lambda: torch.rand_like(torch.ones(2, dtype=torch.float16)),
    "rand_like of int as float": lambda: torch.rand_like(torch.ones(2, dtype=WHOLE), dtype=DOUBLE),
    "rand_like, memory": lambda: torch.rand_like(
        torch.ones(2, 3, 4, 5), memory_format=torch.channels_last
    ),
    "rand_like, no change": lambda: torch.rand_like(
        torch.ones(2), layout=torch.strided, requires_grad=False, pin_memory=False
    ),
    "rand, requires_grad": lambda: torch.rand(2, 3, requires_grad=True),
    "rand, out": lambda: torch.rand(2, 3, out=torch.empty(2, 3)),
    "randint_like": lambda: torch.randint_like(torch.ones(2, 3), 5),
    "randint_like, dtype": lambda: torch.randint_like(torch.ones(2), 5, dtype=torch.int32),
    "randint_like, tensor": lambda: torch.randint_like(torch.ones(2), torch.tensor(5)),
    "randint of a tensor": lambda: torch.randint(torch.tensor(5), (2,)),
    "randint, out": lambda: torch.randint(5, (2,), out=torch.empty(2, dtype=WHOLE)),
    "randint, uint16": lambda: torch.randint(0, 500, (2,), dtype=torch.uint16),
    "randperm": lambda: torch.randperm(n=4, dtype=torch.float16),
    "random_": lambda: torch.empty(3, dtype=torch.uint8).random_(),
    "random_ from": lambda: torch.empty(3, dtype=WHOLE).random_(-(2**63), None),
    "bernoulli of int": lambda: torch.bernoulli(torch.ones(3, dtype=WHOLE), 0.5),
    "bernoulli with gradient": lambda: torch.bernoulli(torch.full((3,), 0.5, requires_grad=True)),
    "normal with gradient": lambda: torch.normal(torch.ones(3, requires_grad=True), 1.0),
    "complex normal_": lambda: torch.empty(3, dtype=torch.complex64).normal_(),
    "dropout, float16": lambda: F.dropout(torch.ones(3, dtype=torch.float16)),
    "poisson": lambda: torch.poisson(torch.ones(3)),
}


@pytest.mark.parametrize("draw", AS_PYTORCH.values(), ids=AS_PYTORCH.keys())
def test_shape_and_type_are_those_of_pytorch(draw):
    inside, outside = drawn(draw), draw()
    for name in ("shape", "dtype", "device", "requires_grad"):
        assert getattr(inside, name) == getattr(outside, name)


ERRORS = {
    "rand": lambda: torch.rand(),
    "rand of ints": lambda: torch.rand(3, dtype=torch.int32),
    "rand of float8": lambda: torch.rand(3, dtype=torch.float8_e4m3fn),
    "rand, two sizes": lambda: torch.rand(2, size=(3,)),
    "rand of a float": lambda: torch.rand(2.5),
    "rand below 0": lambda: torch.rand(-1),
    "rand, unknown word": lambda: torch.rand(3, colour=1),
    "rand_like of ints": lambda: torch.rand_like(torch.ones(3, dtype=WHOLE)),
    "rand_like of sparse": lambda: torch.rand_like(torch.eye(3).to_sparse()),
    "bernoulli of ints": lambda: torch.bernoulli(torch.ones(3, dtype=WHOLE)),
    "bernoulli of 2": lambda: torch.bernoulli(torch.ones(3), 2.0),
    "bernoulli_ of NaN": lambda: torch.ones(3).bernoulli_(math.nan),
    "uniform_ of ints": lambda: torch.ones(3, dtype=WHOLE).uniform_(),
    "uniform_ downwards": lambda: torch.ones(3).uniform_(2.0, 1.0),
    "uniform_ without end": lambda: torch.ones(3).uniform_(0.0, math.inf),
    "normal_ below 0": lambda: torch.ones(3).normal_(0.0, -1.0),
    "normal below 0": lambda: torch.normal(torch.ones(3), -1.0),
    "normal of ints": lambda: torch.normal(torch.ones(3, dtype=WHOLE), 1.0),
    "normal without size": lambda: torch.normal(0.0, 1.0),
    "normal, shapes": lambda: torch.normal(torch.ones(3), torch.ones(2)),
    "exponential_": lambda: torch.ones(3).exponential_(-1.0),
    "exponential_ of ints": lambda: torch.ones(3, dtype=WHOLE).exponential_(),
    "geometric_": lambda: torch.ones(3).geometric_(1.0),
    "cauchy_": lambda: torch.ones(3).cauchy_(0.0, 0.0),
    "log_normal_": lambda: torch.ones(3).log_normal_(0.0, 0.0),
    "randint of none": lambda: torch.randint(5, 5, (3,)),
    "randint without size": lambda: torch.randint(5),
    "randint of floats": lambda: torch.randint(5.5, (3,)),
    "randint past its type": lambda: torch.randint(0, 500, (3,), dtype=torch.uint8),
    "random_ of floats": lambda: torch.ones(3).random_(5.5),
    "randperm below 0": lambda: torch.randperm(-1),
    "randperm past its type": lambda: torch.randperm(300, dtype=torch.uint8),
    "dropout of ints": lambda: F.dropout(torch.ones(3, dtype=WHOLE), 0.5),
    "dropout1d in 4-D": lambda: F.dropout1d(torch.ones(2, 3, 4, 5), 0.5),
    "dropout2d in 1-D": lambda: F.dropout2d(torch.ones(3), 0.5),
    "dropout, p": lambda: F.dropout(torch.ones(3), 1.5),
    "attention, p": lambda: F.scaled_dot_product_attention(*torch.ones(3, 2, 4), dropout_p=1.5),
    "attention, two masks": lambda: F.scaled_dot_product_attention(
        *torch.ones(3, 2, 4), attn_mask=torch.ones(2, 2), dropout_p=0.5, is_causal=True
    ),
}


@pytest.mark.filterwarnings("ignore:dropout2d")
@pytest.mark.parametrize("draw", ERRORS.values(), ids=ERRORS.keys())
def test_what_pytorch_refuses_is_refused(draw):
    with pytest.raises(Exception) as outside:
        draw()
    with pytest.raises((type(outside.value), TypeError, ValueError)):
        drawn(draw)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.bernoulli(torch.tensor([0.5, -0.1, 1.1, math.nan])),
        lambda: torch.empty(4).bernoulli_(torch.tensor([0.5, -0.1, 1.1, math.nan])),
        lambda: torch.normal(torch.zeros(4), torch.tensor([1.0, -1.0, -1e-30, math.nan])),
    ],
)
def test_a_tensor_of_chances_or_deviations_that_are_none_gives_nan(draw):
    """PyTorch raises; a fleet cannot look into its tensors, but the loss shows NaN."""
    assert drawn(draw).isnan().tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    "draw", [torch.bernoulli, lambda p: torch.normal(p, 1.0), lambda p: torch.normal(1.0, p)]
)
def test_the_gradient_through_a_draw_is_0_as_in_pytorch(draw):
    for context in (SeededDraws(0), torch.enable_grad()):
        p = torch.full((5,), 0.5, requires_grad=True)
        with context:
            draw(p).sum().backward()
        assert torch.equal(p.grad, torch.zeros(5))


def test_filling_in_place_is_as_in_pytorch():
    fills = [
        lambda x: x.bernoulli_(0.5),
        lambda x: x.uniform_(1.0, 2.0),
        lambda x: x.random_(10),
        lambda x: x.exponential_(),
    ]
    for fill in fills:
        x = torch.full((4, 6), math.nan)
        rest = x[:, ::2]
        assert drawn(lambda fill=fill, rest=rest: fill(rest)) is rest  # also a view, here and there
        assert torch.equal(x[:, ::2], rest)
        assert rest.isfinite().all()
        assert x[:, 1::2].isnan().all()
        leaf = torch.ones(3, requires_grad=True)
        with pytest.raises(RuntimeError, match="leaf"):
            drawn(lambda fill=fill, leaf=leaf: fill(leaf))
        fill_after = leaf * 2
        drawn(lambda fill=fill, x=fill_after: fill(x)).sum().backward()
        assert torch.equal(leaf.grad, torch.zeros(3))


def test_normal_initialization_inside_a_forward_pass():
    for init in (nn.init.kaiming_normal_, nn.init.xavier_uniform_, nn.init.trunc_normal_):
        w = torch.empty(20, 30, requires_grad=True)
        first = drawn(lambda init=init, w=w: init(w)).detach().clone()
        assert torch.equal(drawn(lambda init=init, w=w: init(w)), first)
        assert not torch.equal(drawn(lambda init=init, w=w: init(w), seed=1), first)


# --- what is left to PyTorch ------------------------------------------------------------------

LEFT = {
    "rand, out": lambda: torch.rand(9, out=torch.empty(9)),
    "randn, out": lambda: torch.randn(9, out=torch.empty(9)),
    "randint, out": lambda: torch.randint(9, (9,), out=torch.empty(9, dtype=WHOLE)),
    "randperm, out": lambda: torch.randperm(9, out=torch.empty(9, dtype=WHOLE)),
    "normal, out": lambda: torch.normal(torch.zeros(9), 1.0, out=torch.empty(9)),
    "bernoulli, out": lambda: torch.bernoulli(torch.full((9,), 0.5), out=torch.empty(9)),
    "complex rand": lambda: torch.rand(N, dtype=torch.complex64),
    "complex randn": lambda: torch.randn(N, dtype=torch.complex128),
    "complex randn_like": lambda: torch.randn_like(torch.empty(9, dtype=torch.complex64)),
    "complex normal_": lambda: torch.empty(9, dtype=torch.complex64).normal_(),
    "requires_grad": lambda: torch.rand(9, requires_grad=True),
    "memory": lambda: torch.rand_like(torch.empty(1, 2, 3, 4), memory_format=torch.channels_last),
    "wide": lambda: torch.randint(-(2**62), 2**62, (9,)),
    "random_": lambda: torch.empty(9).random_(),
    "tensor bound": lambda: torch.randint_like(torch.ones(9), torch.tensor(5)),
    "poisson": lambda: torch.poisson(torch.ones(9)),
    "multinomial": lambda: torch.multinomial(torch.ones(9), 5),
    "init.normal_": lambda: nn.init.normal_(torch.empty(9)),
}


@pytest.mark.parametrize("draw", LEFT.values(), ids=LEFT.keys())
def test_what_is_left_to_pytorch_is_left_as_a_whole(draw):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        outside = draw()
        torch.manual_seed(5)
        with NoiseStream(nothing_served):
            inside = draw()
    assert torch.equal(inside, outside)
    assert inside.stride() == outside.stride()


def test_out_is_written():
    for call in (
        lambda out: torch.rand(4, out=out),
        lambda out: torch.randn(4, out=out),
        lambda out: torch.bernoulli(torch.full((4,), 0.5), out=out),
        lambda out: torch.normal(torch.zeros(4), 1.0, out=out),
    ):
        out = torch.full((4,), math.nan)
        assert drawn(lambda call=call, out=out: call(out)) is out
        assert out.isfinite().all()


def test_complex_normal_numbers_have_a_variance_of_1_in_all():
    out = drawn(lambda: torch.randn(N, dtype=torch.complex64))
    for part in (out.real, out.imag):
        assert abs(part.var().item() - 0.5) < 5 * 0.5 * (2 / N) ** 0.5
        assert stats.kstest(part.numpy(), stats.norm(0, 0.5**0.5).cdf).pvalue > RARE


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA card")
def test_what_is_left_to_pytorch_on_a_card_obeys_the_seed_too():
    before = torch.cuda.get_rng_state()

    def draw(seed):
        with SeededDraws(seed, "cuda"):
            return torch.rand(9, out=torch.empty(9, device="cuda"))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert torch.equal(torch.cuda.get_rng_state(), before)


# --- gradient hooks ---------------------------------------------------------------------------


def noisy_gradient(noise: list[Tensor], passes_back) -> Tensor:
    x = torch.ones(6, requires_grad=True)
    y = x * 2

    def disturb(gradient: Tensor) -> Tensor:
        noise.append(torch.randn_like(gradient))
        return gradient + noise[-1]

    y.register_hook(disturb)
    return passes_back(y.sum(), x)


@pytest.mark.parametrize(
    "passes_back",
    [
        lambda loss, x: loss.backward(),
        lambda loss, x: torch.autograd.backward(loss),
        lambda loss, x: torch.autograd.grad(loss, x),
        lambda loss, x: loss.backward(inputs=[x], retain_graph=True),
    ],
)
def test_hooks_draw_from_the_stream_in_a_backward_pass_inside_it(passes_back):
    noise: list[Tensor] = []
    drawn(lambda: noisy_gradient(noise, passes_back))
    assert torch.equal(noise[0], drawn(lambda: torch.randn(6)))


def test_the_gradient_of_a_function_of_pytorch_in_python_is_its_own():
    x = torch.ones(6, requires_grad=True)
    (gradient,) = drawn(lambda: torch.autograd.grad((x**2).sum(), x))
    assert torch.equal(gradient, 2 * x)
    assert drawn(lambda: (x**2).sum().backward()) is None
    assert torch.equal(x.grad, 2 * x)
