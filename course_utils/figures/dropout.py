"""Lesson 03's figure of the idea, and the accuracy of a network without half of its units."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet
from course_utils.plots import new_figure, show
from course_utils.plots.style import FONT_SIZE
from course_utils.training import evaluate


def half_gone(fleet: Fleet, data: Dataset, value_index: int = 0) -> list[float]:
    """Validation accuracy per seed of an `MLP` without half of its hidden units.

    The missing units are drawn at random, the same ones for fleets with the same seeds. Their
    weights and biases are 0 in a copy; the fleet's own models stay as they are.
    """
    found = []
    for place, seed in enumerate(fleet.seeds):
        model = copy.deepcopy(fleet.model(value_index, place))
        draws = torch.Generator().manual_seed(seed)
        for layer in [layer for layer in model.modules() if isinstance(layer, nn.Linear)][:-1]:
            gone = torch.randperm(layer.out_features, generator=draws)[: layer.out_features // 2]
            layer.weight.data[gone], layer.bias.data[gone] = 0.0, 0.0
        found.append(evaluate(model, data.x_val, data.y_val).acc)
    return found


def show_idea(dropout: Callable[[Tensor, float, bool], Tensor], p: float = 0.5) -> None:
    """Draw the effect of ``dropout(x, p, True)`` on a batch of ones: 8 samples, 12 units.

    Each row is a sample, each column a unit; the number in a field is the unit's value after
    dropout.
    """
    x = torch.ones(8, 12)
    figure, axes = new_figure(columns=3, width=9.0, height=2.6)
    out = dropout(x, p, True)
    evaluated = dropout(x, p, False)
    top = max(1 / (1 - p), 1.0)
    titles = ("what comes in", f"training, p = {p:g}", "evaluation")
    for ax, values, title in zip(axes, (x, out, evaluated), titles, strict=True):
        _fields(ax, values, top, title)
    axes[0].set_ylabel("samples", fontsize=FONT_SIZE)
    gone, kept = float((out == 0).float().mean()), out[out != 0]
    times = float(kept.mean()) if len(kept) else float("nan")
    show(
        figure,
        f"In training each sample loses units of its own, {gone:.0%} of all units in this batch. "
        f"The others are multiplied by {times:.2f}, so that the mean is {float(out.mean()):.2f} "
        "here and 1 on average. In evaluation nothing changes.",
    )


def _fields(ax: Axes, values: Tensor, top: float, title: str) -> None:
    grid = values.detach().numpy()
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1.6 * top, aspect="auto")
    rows, columns = grid.shape
    for row, column in np.ndindex(rows, columns):
        ax.text(
            column, row, f"{grid[row, column]:.3g}", ha="center", va="center",
            fontsize=FONT_SIZE - 2, color="#999999" if grid[row, column] == 0 else "black",
        )  # fmt: skip
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("units", fontsize=FONT_SIZE)
    ax.set_title(title, fontsize=FONT_SIZE + 1)
