"""Lesson 02's figures: how hard a penalty pulls, and how the weights are distributed afterwards."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import nn

from course_utils.fleet import Fleet
from course_utils.plots import (
    Curves,
    accuracy_text,
    best_epoch,
    color,
    new_figure,
    show,
    tidy,
)
from course_utils.plots.style import FONT_SIZE, WITHOUT_PENALTY, legend_above
from course_utils.regularizers import penalized_weights

Weights = NDArray[np.floating]

NEAR = 0.01  # a weight this small moves a hidden unit by no more than 0.01
_LINE_STYLES = ("-", "--", "-.", ":")


def weights_of(run: Fleet | nn.Module, value_index: int = 0) -> Weights:
    """All penalized weights in one row: of a model, or of every seed of a fleet at one value."""
    models = (
        [run]
        if isinstance(run, nn.Module)
        else [run.model(value_index, s) for s in range(len(run.seeds))]
    )
    return np.concatenate(
        [w.detach().cpu().numpy().ravel() for model in models for _, w in penalized_weights(model)]
    )


def weights_text(weights: Weights) -> str:
    """Mean size, the share below `NEAR`, and the share that is exactly zero."""
    size = np.abs(weights)
    return (
        f"mean |w| {size.mean():.3f}, below {NEAR}: {100 * (size < NEAR).mean():.0f}%, "
        f"exactly zero: {100 * (size == 0).mean():.0f}%"
    )


def show_pull() -> None:
    """Draw what one weight costs under each penalty, and how hard the penalty pulls it to 0."""
    figure, (cost, pull) = new_figure(2, width=8.0, height=2.8)
    w = np.linspace(-1.5, 1.5, 300)  # an even number: L1 has no slope at 0 itself
    curves = {"L2": (w**2, 2 * w), "L1": (np.abs(w), np.sign(w))}
    for i, (kind, (price, slope)) in enumerate(curves.items()):
        cost.plot(w, price, _LINE_STYLES[i], color=color(i), label=kind, linewidth=1.8)
        slope = np.where(np.abs(np.gradient(slope)) > 0.5, np.nan, slope)  # no line across the jump
        pull.plot(w, slope, _LINE_STYLES[i], color=color(i), label=kind, linewidth=1.8)
    _finish(cost, "weight w", "what it costs")
    _finish(pull, "weight w", "slope: the pull toward 0")
    show(
        figure,
        "Left: L2 costs w², L1 costs |w|. Right: the pull of L2 fades as the weight shrinks; "
        "the pull of L1 is 1 for every weight, however small, and changes sign at 0.",
    )


def show_curves(runs: Mapping[str, Fleet]) -> None:
    """Draw the losses of the first value of each fleet side by side, by name, on one scale."""
    figure, axes = new_figure(len(runs), width=4.6 * len(runs), height=2.9)
    sentences = []
    for i, (name, fleet) in enumerate(runs.items()):
        curves = Curves(
            axes[i], fleet.epochs, ylim=(0, 1.25), color=color(i), label=name,
            ylabel=WITHOUT_PENALTY,
        )  # fmt: skip
        best = best_epoch(fleet.val_loss[0])
        curves.update(fleet.train_loss[0], fleet.val_loss[0], best)
        mean = fleet.val_loss[0].mean(0)
        sentences.append(
            f"{name}: validation loss {np.nanmin(mean):.2f} at epoch {best}, {mean[-1]:.2f} at the "
            f"end; accuracy then {accuracy_text(fleet.train_acc[0, :, -1])} in training, "
            f"{accuracy_text(fleet.val_acc[0, :, -1])} in validation"
        )
    show(figure, "\n".join(sentences))


def show_weights(runs: Mapping[str, Fleet | nn.Module], *, limit: float = 1.5) -> None:
    """Draw how the weights of models, or of fleets (first value), are distributed, by name."""
    figure, (ax,) = new_figure(width=8.0, height=2.9)
    edges = np.linspace(-limit, limit, 76)
    sentences = []
    for i, (name, run) in enumerate(runs.items()):
        weights = weights_of(run)
        counts, _ = np.histogram(np.clip(weights, -limit, limit), edges)
        ax.stairs(
            counts / len(weights), edges, color=color(i), linewidth=1.6, label=name,
            linestyle=_LINE_STYLES[i % len(_LINE_STYLES)],
        )  # fmt: skip
        sentences.append(f"{name}: {weights_text(weights)}")
    ax.set(yscale="log", xlim=(-limit, limit), ylim=(1e-4, 1.5))
    _finish(ax, "weight (the outermost bins hold all that lies beyond)", "share (log scale)")
    show(figure, "\n".join(sentences))


def show_distances(distances: Mapping[str, Sequence[float]]) -> None:
    """Draw how far apart two models are after each step, for several pairs, by name.

    The axis is logarithmic; a distance of exactly 0 is drawn at its lower end.
    """
    figure, (ax,) = new_figure(width=8.0, height=2.9)
    lowest = 1e-10
    for i, (name, values) in enumerate(distances.items()):
        steps = np.arange(1, len(values) + 1)
        ax.plot(
            steps, np.maximum(values, lowest), _LINE_STYLES[i % len(_LINE_STYLES)],
            color=color(i), linewidth=1.8, label=name,
        )  # fmt: skip
    ax.set(yscale="log", ylim=(lowest / 2, 1))
    _finish(ax, "step", "largest difference of a weight (log scale)")
    sentences = (f"{name}: {max(values):.1e}" for name, values in distances.items())
    show(figure, "Largest difference within all steps. " + ", ".join(sentences) + ".")


def _finish(ax: Axes, xlabel: str, ylabel: str) -> None:
    tidy(ax)
    ax.set_xlabel(xlabel, fontsize=FONT_SIZE)
    ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
    legend_above(ax)
