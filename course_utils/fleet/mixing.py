"""Find out whether a model may let samples influence each other in evaluation, now or later."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_utils.fast_paths import is_plain
from course_utils.scoring import mixes_samples

#: How far weights and buffers are moved.
_SHIFT = 0.3


def may_mix_samples(model: nn.Module, x: Tensor) -> bool:
    """Whether a model's outputs for a sample depend on the samples beside it, with its present
    weights or with others, because training may open a gate that is closed at first.

    Its weights and buffers may be changed.
    """
    if is_plain(model):
        return False
    if mixes_samples(model, x):
        return True
    generator = torch.Generator().manual_seed(0)
    for sign in (1, -1):
        for t in model.parameters():
            numbers = torch.rand if t.ndim < 2 else torch.randn  # gates in both directions
            if t.is_floating_point():
                drawn = numbers(t.shape, generator=generator, dtype=t.dtype)
                t.add_(drawn.to(t.device), alpha=sign * _SHIFT)
        for buffer in model.buffers():
            if buffer.is_floating_point():
                drawn = torch.rand(buffer.shape, generator=generator, dtype=buffer.dtype)
                buffer.add_(drawn.to(buffer.device), alpha=_SHIFT)  # variances stay positive
            elif buffer.dtype != torch.bool and not buffer.is_complex():
                buffer.add_(1000)  # steps counted so far
        if mixes_samples(model, x):
            return True
    return False
