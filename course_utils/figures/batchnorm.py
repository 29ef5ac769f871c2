"""Lesson 04's figure of the idea."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.plots import color, marker, new_figure, show, tidy
from course_utils.plots.style import FONT_SIZE, NEUTRAL


def show_idea(norm: Callable[[int], nn.Module], batch: int = 40) -> None:
    """Draw the effect of ``norm(3)`` on a batch: three units, and one dot per sample.

    Left: the input. Middle: the output of a new layer. Right: with scales and shifts that are no
    longer 1 and 0.
    """
    draws = torch.Generator().manual_seed(0)
    means, stds = torch.tensor([-3.0, 0.0, 5.0]), torch.tensor([0.2, 1.0, 2.0])
    x = means + stds * torch.randn(batch, 3, generator=draws)
    layer = norm(3).train()
    normalized = layer(x).detach()
    scale, shift = layer.parameters()
    with torch.no_grad():
        scale.copy_(torch.tensor([0.5, 1.0, 2.0]))
        shift.copy_(torch.tensor([-2.0, 0.0, 3.0]))
    shifted = layer(x).detach()
    figure, axes = new_figure(columns=3, width=9.0, height=2.4)
    titles = ("what comes in", "normalized", "then scaled and shifted")
    for ax, values, title in zip(axes, (x, normalized, shifted), titles, strict=True):
        _strips(ax, values, title)
    middle, spread = normalized.mean(0).abs().max(), normalized.std(0, correction=0)
    show(
        figure,
        f"Three units in a batch of {batch}: they come in around {_listed(x.mean(0))}, spread by "
        f"{_listed(x.std(0, correction=0))}.\nNormalized, each has a mean of {middle:.1f} and "
        f"a spread of {spread.mean():.1f}.\nWith scales 0.5, 1, 2 and shifts -2, 0, 3 "
        f"they lie around {_listed(shifted.mean(0))}, spread by "
        f"{_listed(shifted.std(0, correction=0))}.",
    )


def _strips(ax: Axes, values: Tensor, title: str) -> None:
    tidy(ax)
    rows = values.shape[1]
    for unit in range(rows):
        height = np.random.default_rng(unit).uniform(-0.25, 0.25, len(values)) + rows - 1 - unit
        ax.plot(
            values[:, unit], height, marker(unit), color=color(unit), markersize=4, alpha=0.6,
            markeredgewidth=0,
        )  # fmt: skip
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    ax.set(xlim=(-10, 10), ylim=(-0.6, rows - 0.4))
    ax.set_yticks(range(rows), [f"unit {rows - i}" for i in range(rows)], fontsize=FONT_SIZE)
    ax.set_title(title, fontsize=FONT_SIZE + 1)


def _listed(numbers: Tensor) -> str:
    return ", ".join(f"{number:.1f}" for number in numbers.tolist())
