"""Random functions that the stream leaves to PyTorch, and gradient hooks that draw."""

import math

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from course_utils.random_streams import RandomStream, SeededDraws
from tests.draws import N, drawn

#: What fair numbers leave once in a million.
RARE = 1e-6


def nothing_served(kind, shape):
    raise AssertionError(f"the source was asked for {kind}, {shape}")


DOUBLE, WHOLE = torch.float64, torch.int64


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
        with RandomStream(nothing_served):
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
