"""Lesson 06's figure of the idea: a recorded curve, and the count that a stopping rule keeps."""

from collections.abc import Sequence

import numpy as np

from course_utils.plots import COLORS, new_figure, show, tidy
from course_utils.plots.style import FONT_SIZE, legend_above
from course_utils.regularizers import stopping_epoch


def show_count(val_losses: Sequence[float], patience: int, min_delta: float = 0.0) -> None:
    """Draw a recorded curve with the count of waiting epochs over each of its points."""
    stop = stopping_epoch(val_losses, patience, min_delta)
    last = len(val_losses) - 1 if stop is None else stop
    figure, (ax,) = new_figure(width=7.0, height=2.9)
    tidy(ax)
    best, waited, counts = float("inf"), 0, []
    for loss in val_losses[: last + 1]:
        best, waited = (loss, 0) if loss < best - min_delta else (best, waited + 1)
        counts.append(waited)
    epochs = np.arange(len(val_losses))
    losses = np.array(val_losses)
    ax.plot(epochs[last:], losses[last:], ":", color=COLORS[0], label="never seen")
    ax.plot(epochs[: last + 1], losses[: last + 1], "--", color=COLORS[0], label="validation loss")
    better = np.flatnonzero(np.array(counts) == 0)
    worse = np.flatnonzero(np.array(counts))
    ax.plot(better, losses[better], "o", color=COLORS[2], label="better: count 0")
    ax.plot(worse, losses[worse], "^", color=COLORS[1], label="not better: count + 1")
    for epoch, count in enumerate(counts):
        ax.annotate(
            str(count), (epoch, losses[epoch]), (0, 8), textcoords="offset points", ha="center",
            fontsize=FONT_SIZE, fontweight="bold" if count == patience else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},  # over the dotted line
        )  # fmt: skip
    restored = int(losses[: last + 1].argmin())
    ax.axvline(restored, color=COLORS[2], linestyle=":", linewidth=1.4)
    ax.set(xlabel="epoch", ylabel="validation loss", ylim=(0, 1.15 * losses.max()))
    legend_above(ax)
    ending = "never reaches it" if stop is None else f"reaches it after epoch {stop}"
    show(
        figure,
        f"Patience {patience}: the count of epochs without an improvement runs "
        f"{', '.join(map(str, counts))} and {ending}; the best epoch so far is {restored}.",
    )
