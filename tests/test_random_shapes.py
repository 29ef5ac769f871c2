"""Every random function of PyTorch, met inside a stream: shapes, types, errors and gradients."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.random_streams import SeededDraws
from tests.draws import drawn

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
