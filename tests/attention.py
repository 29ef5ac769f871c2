"""Layers of PyTorch that draw masks of attention, in float64, for the tests of random layers."""

import torch
from torch import nn

DOUBLE = torch.float64


def fixed(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


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
