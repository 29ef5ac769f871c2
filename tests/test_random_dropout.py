"""Dropout draws from the stream: its share, its nesting, its ends and its gradient."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.random_streams import RandomStream, SeededDraws
from tests.draws import N, drawn, likely

CHANCES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]


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
        with RandomStream(AllBits()):
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
