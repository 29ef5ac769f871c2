"""Lesson 07's figure: which mix leads depends on the epoch."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_utils.plots import COLORS, new_figure, show, tidy
from course_utils.plots.curves import Line
from course_utils.plots.style import FONT_SIZE, NEUTRAL
from course_utils.search import Ablation, Mix


def show_race(trials: Ablation, mixes: Mapping[str, Mix]) -> None:
    """Accuracy on the watched half against the epoch, for a few mixes by name."""
    figure, (ax,) = new_figure(height=3.2)
    tidy(ax)
    curves = {name: trials.curves(mix).watched_acc for name, mix in mixes.items()}
    epochs = np.arange(trials.epochs + 1)
    # Before the curves: a band is cut to the axis as it is when the curve is drawn.
    top = max(float(np.nanmax(curve.mean(0))) for curve in curves.values())
    ax.set(xlim=(0, trials.epochs), ylim=(top - 0.3, top + 0.04))
    for (name, curve), color in zip(curves.items(), (NEUTRAL, *COLORS), strict=False):
        Line(ax, epochs, split="train", color=color, label=name).update(curve)
    ax.set_xlabel("epoch", fontsize=FONT_SIZE)
    ax.set_ylabel("accuracy on new images", fontsize=FONT_SIZE)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right", fontsize=FONT_SIZE, frameon=False)
    sentences = []
    for end in trials.ends:
        leader = max(curves, key=lambda name: curves[name][:, end].mean())
        sentences.append(f"after {end} epochs {leader} ({curves[leader][:, end].mean():.1%})")
    show(figure, f"Who leads: {', '.join(sentences)}. Mean of {trials.seeds} seeds, 95% band.")
