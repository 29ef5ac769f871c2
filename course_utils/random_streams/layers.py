"""PyTorch's random layers, computed from the numbers of a source (see `functions`)."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.random_streams.functions import Serve, Wanted
from course_utils.random_streams.streams import LEVELS, Source

#: Minus the limit of SELU at minus infinity, the value that alpha dropout gives to dropped units.
_SELU_FLOOR = 1.7580993408473766


def _keep_mask(source: Source, shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """A tensor [*shape] that is 0 with probability p, else 1, of the dtype of `like`."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability must be in [0, 1], got {p}; p is the share dropped")
    bits = source("bits", shape)
    # Keep where bits >= dropped. Because bits are integers, this is a clamp to exactly 0 or 1,
    # which takes a third of the time of a comparison and a conversion from bool.
    dropped = round(p * LEVELS) - LEVELS // 2
    return (bits.to(torch.float32) - (dropped - 1)).clamp(0.0, 1.0).to(like.dtype)


def _drop(*, channels: bool = False, alpha: bool = False, inplace: bool = False) -> Serve:
    """Dropout of units, or of whole channels, with one draw per [sample, channel]. Alpha dropout
    does not scale units up, but keeps their mean at 0 and their variance at 1."""

    def dropout(source: Source, input: Tensor, p: float, train: bool) -> Any:
        if not train or not input.is_floating_point() or (channels and input.ndim < 2):
            return NotImplemented
        shape = tuple(input.shape)
        if channels:
            shape = shape[:2] + (1,) * (input.ndim - 2)
        kept = _keep_mask(source, shape, p, input)
        if not alpha or p == 1.0:
            mask = kept * (1.0 / (1.0 - p) if p < 1.0 else 0.0)
            return input.mul_(mask) if inplace else input * mask
        scale = 1.0 / math.sqrt((_SELU_FLOOR**2 * p + 1.0) * (1.0 - p))
        shift = (kept - (1.0 - p)) * (_SELU_FLOOR * scale)
        return (input.mul_(kept * scale) if inplace else input * (kept * scale)).add_(shift)

    return dropout


_dropout, _dropout_ = _drop(), _drop(inplace=True)


def _dropout_or_in_place(
    source: Source, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    return (_dropout_ if inplace else _dropout)(source, input, p, training)


def _attention(
    source: Source,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(query keyᵀ · scale + mask) value, with dropout of the softmax's weights.

    query [..., heads, queries, width], key and value [..., heads, keys, width]. PyTorch handles the
    call if there is no dropout, or if the arguments contradict each other.
    """
    if dropout_p == 0.0 or (is_causal and attn_mask is not None):
        return NotImplemented
    if enable_gqa:  # several heads of the query share one head of key and value
        key, value = (
            t.repeat_interleave(query.shape[-3] // t.shape[-3], dim=-3) for t in (key, value)
        )
    scale = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * scale) @ key.transpose(-2, -1)
    if is_causal:
        square = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
        attn_mask = square.tril()
    if attn_mask is None:
        weights = scores.softmax(-1)
    else:
        if attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -torch.inf)
        else:
            scores = scores + attn_mask
        # A query that may attend to nothing gets 0; its softmax would be 0/0.
        blind = (scores == -torch.inf).all(-1, keepdim=True)
        weights = scores.masked_fill(blind, 0.0).softmax(-1).masked_fill(blind, 0.0)
    return _dropout(source, weights, dropout_p, True) @ value


def _rrelu(*, inplace: bool = False) -> Serve:
    """Leaky ReLU with a random slope for each negative unit."""

    def rrelu(
        source: Source,
        input: Tensor,
        lower: float = 1.0 / 8.0,
        upper: float = 1.0 / 3.0,
        training: bool = False,
    ) -> Any:
        if not training or not input.is_floating_point() or not lower <= upper:
            return NotImplemented
        drawn = Wanted(source, tuple(input.shape), input.dtype, input.device).raw("uniform")
        slope = (drawn * (upper - lower) + lower).to(input.dtype)
        factor = torch.where(input <= 0, slope, 1.0)
        return input.mul_(factor) if inplace else input * factor

    return rrelu


LAYERS: dict[Any, Serve] = {
    F.dropout: _dropout_or_in_place,
    torch.dropout: _dropout,
    torch.dropout_: _dropout_,
    torch.feature_dropout: _drop(channels=True),
    torch.feature_dropout_: _drop(channels=True, inplace=True),
    torch.alpha_dropout: _drop(alpha=True),
    torch.alpha_dropout_: _drop(alpha=True, inplace=True),
    torch.feature_alpha_dropout: _drop(channels=True, alpha=True),
    torch.feature_alpha_dropout_: _drop(channels=True, alpha=True, inplace=True),
    torch.rrelu: _rrelu(),
    torch.rrelu_: _rrelu(inplace=True),
    F.scaled_dot_product_attention: _attention,
}
