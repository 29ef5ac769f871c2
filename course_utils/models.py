"""The networks of the course, whose layers can be the learner's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

LayerOfWidth = Callable[[int], nn.Module]


class MLP(nn.Module):
    """Fully connected network: flatten, then (linear, norm, activation, dropout) per hidden layer.

    Args:
        in_features: numbers per sample after flattening; or the shape of one sample.
        hidden_sizes: width of each hidden layer; empty for a linear model.
        num_classes: number of logits.
        dropout: one p for all hidden layers, or one for each; None for no dropout layers.
        dropout_layer: called with p, for example `torch.nn.Dropout` or the learner's own.
        norm_layer: called with the width, for example `torch.nn.BatchNorm1d`; None for none.
        activation: called without arguments.

    Maps x [n, ...] to logits [n, num_classes].
    """

    def __init__(
        self,
        in_features: int | Sequence[int],
        hidden_sizes: Sequence[int],
        num_classes: int,
        *,
        dropout: float | Sequence[float] | None = None,
        dropout_layer: Callable[[float], nn.Module] = nn.Dropout,
        norm_layer: LayerOfWidth | None = None,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        width = in_features if isinstance(in_features, int) else math.prod(in_features)
        sizes = [width, *hidden_sizes]
        if min(*sizes, num_classes) < 1:
            raise ValueError(
                f"every layer needs at least one unit, got in_features={width}, "
                f"hidden_sizes={tuple(hidden_sizes)}, num_classes={num_classes}"
            )
        layers: list[nn.Module] = [nn.Flatten()]
        for (n_in, n_out), p in zip(
            pairwise(sizes), _per_layer(dropout, len(hidden_sizes)), strict=True
        ):
            layers.append(nn.Linear(n_in, n_out))
            if norm_layer is not None:
                layers.append(norm_layer(n_out))
            layers.append(activation())
            if p is not None:
                layers.append(dropout_layer(p))
        layers.append(nn.Linear(sizes[-1], num_classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits


class SmallCNN(nn.Module):
    """Two 3x3 convolutions with 2x2 max-pooling, then a linear layer.

    Maps images x [n, channels, height, width], height and width at least 4, to logits
    [n, num_classes].
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        *,
        channels: tuple[int, int] = (8, 16),
        dropout: float | None = None,
        dropout_layer: Callable[[float], nn.Module] = nn.Dropout,
        norm_layer: LayerOfWidth | None = None,
    ) -> None:
        super().__init__()
        in_channels, height, width = input_shape
        if min(height, width) < 4:
            raise ValueError(
                f"images must be at least 4 x 4 to be pooled twice, got {height} x {width}"
            )
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((in_channels, *channels)):
            layers.append(nn.Conv2d(n_in, n_out, kernel_size=3, padding=1))
            if norm_layer is not None:
                layers.append(norm_layer(n_out))
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        layers.append(nn.Flatten())
        (p,) = _per_layer(dropout, 1)
        if p is not None:
            layers.append(dropout_layer(p))
        layers.append(nn.Linear(channels[-1] * (height // 4) * (width // 4), num_classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits


class SmallTransformer(nn.Module):
    """Predicts the next of `words` words from up to `context` before it: embedding, blocks of
    attention and a small network, each behind a norm (pre-norm) and added to what came in, head.

    Args:
        words: how many there are; word 0 fills the places before a sentence begins.
        context: words that are looked at.
        width: numbers for each word, a multiple of `heads`.
        depth: blocks.
        dropout: p behind both parts of each block; 0 leaves the layers out.
        dropout_layer, norm_layer: as in `MLP`; `torch.nn.LayerNorm` and `torch.nn.RMSNorm` are the
            usual norms.

    Maps x [n, context], numbers of words in any dtype, to logits [n, words].
    """

    def __init__(
        self,
        words: int,
        context: int,
        *,
        width: int = 32,
        heads: int = 2,
        depth: int = 1,
        dropout: float = 0.0,
        dropout_layer: Callable[[float], nn.Module] = nn.Dropout,
        norm_layer: LayerOfWidth = nn.LayerNorm,
    ) -> None:
        super().__init__()
        if width < 1 or heads < 1 or width % heads or depth < 1:
            raise ValueError(
                "width must be a multiple of heads, and depth at least 1, got "
                f"width={width}, heads={heads}, depth={depth}; use e.g. width=32, heads=2, depth=1"
            )
        (p,) = _per_layer(dropout, 1)
        self.word = nn.Embedding(words, width)
        nn.init.normal_(self.word.weight, std=0.5)
        self.place = nn.Parameter(0.02 * torch.randn(context, width))

        def drop() -> nn.Module:
            return dropout_layer(p) if p else nn.Identity()

        self.blocks = nn.ModuleList(_Block(width, heads, drop, norm_layer) for _ in range(depth))
        self.norm = norm_layer(width)
        self.head = nn.Linear(width, words)

    def forward(self, x: Tensor) -> Tensor:
        h = self.word(x.long()) + self.place
        for block in self.blocks[:-1]:
            h = block(h, h)
        # Only the last place predicts, so only it asks in the last block.
        h = self.blocks[-1](h[:, -1:], h)
        logits: Tensor = self.head(self.norm(h[:, -1]))
        return logits


class _Block(nn.Module):
    """One block of a transformer: `asks` [n, places, width] attend to `given` [n, context, width],
    whose last places they are."""

    def __init__(
        self, width: int, heads: int, drop: Callable[[], nn.Module], norm: LayerOfWidth
    ) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = norm(width), norm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.drop1, self.drop2 = drop(), drop()

    def forward(self, asks: Tensor, given: Tensor) -> Tensor:
        q, k, v = (
            layer(self.norm1(part)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, part in ((self.query, asks), (self.key, given), (self.value, given))
        )
        weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
        asks = asks + self.drop1(self.out((weights @ v).transpose(1, 2).flatten(2)))
        fed: Tensor = asks + self.drop2(self.feed(self.norm2(asks)))
        return fed


def _per_layer(dropout: float | Sequence[float] | None, n_layers: int) -> Sequence[float | None]:
    """One p for each of `n_layers`, checked; None where there is to be no dropout layer."""
    if dropout is None:
        return [None] * n_layers
    ps = [dropout] * n_layers if isinstance(dropout, int | float) else list(dropout)
    if len(ps) != n_layers:
        raise ValueError(
            f"dropout needs one p, or one for each of the {n_layers} hidden layers, got {ps}"
        )
    for p in ps:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p must be in [0, 1), got {p}; p is the share of units dropped")
    return ps
