"""Learning curves: training solid, validation dashed, each with its band over seeds."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from course_utils.evidence import interval_along
from course_utils.history import History
from course_utils.plots.off_scale import on_scale
from course_utils.plots.style import (
    BAND_ALPHA,
    COLORS,
    FONT_SIZE,
    LABELS,
    LINE_STYLES,
    SPLIT_NAMES,
    Split,
    legend_above,
    tidy,
)

Quantity = Literal["loss", "accuracy"]


class Line:
    """One curve with its band, for one run and one split. Updates in place."""

    def __init__(
        self, ax: Axes, x: ArrayLike, *, split: Split, color: str = COLORS[0], label: str = ""
    ) -> None:
        self.x: NDArray[Any] = np.asarray(x, dtype=float)
        nothing = np.full_like(self.x, np.nan)
        self._band = ax.fill_between(
            self.x, nothing, nothing, color=color, alpha=BAND_ALPHA, linewidth=0
        )
        (self._line,) = ax.plot(
            self.x, nothing, color=color, linestyle=LINE_STYLES[split], linewidth=1.8, label=label
        )

    @property
    def artists(self) -> list[Artist]:
        """The band and, over it, the line."""
        return [self._band, self._line]

    def update(self, samples: ArrayLike) -> None:
        """Show `samples` [seeds, x] or [x]; NaN is not drawn, and a line goes on from one place
        that was scored to the next."""
        values = np.atleast_2d(np.asarray(samples, dtype=float))
        if values.shape[1] != len(self.x):
            raise ValueError(
                f"curves must have one value for each of the {len(self.x)} places on the x axis, "
                f"got {values.shape[1]}; build the drawing with the same number of epochs"
            )
        scored = ~np.isnan(values).all(axis=0)
        x, line = self.x[scored], self._line
        mean, low, high = interval_along(values[:, scored], axis=0)
        line.set_data(x, mean)
        self._band.set_data(x, on_scale(line, mean, low), on_scale(line, mean, high))


def mark_epochs(ax: Axes, epochs: int) -> None:
    """Put ticks on an axis from 0 to `epochs`, the last one at its end if four or five steps go.

    Texts refer to the last epoch; ticks that end before it would leave the reader to guess.
    """
    parts = next((parts for parts in (4, 5) if epochs % parts == 0), None)
    if epochs and parts:
        ax.set_xticks(range(0, epochs + 1, epochs // parts))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


class Curves:
    """Training and validation curves of one run on `ax`, over epochs 0..epochs.

    `ylim` is fixed: a plot that rescales while a slider moves cannot be compared. Several runs
    share an axes as several `Curves` with their own `color` and `label`. `ylabel` takes the place
    of the quantity's name.
    """

    def __init__(
        self,
        ax: Axes,
        epochs: int,
        *,
        ylim: tuple[float, float],
        quantity: Quantity = "loss",
        color: str = COLORS[0],
        label: str = "",
        ylabel: str = "",
    ) -> None:
        tidy(ax)
        ax.set(xlim=(0, epochs), ylim=ylim)
        mark_epochs(ax, epochs)
        ax.set_xlabel("epoch", fontsize=FONT_SIZE)
        ax.set_ylabel(ylabel or LABELS[quantity], fontsize=FONT_SIZE)
        names = {
            split: ", ".join(filter(None, (label, SPLIT_NAMES[split]))) for split in SPLIT_NAMES
        }
        x = np.arange(epochs + 1)
        self.train = Line(ax, x, split="train", color=color, label=names["train"])
        self.val = Line(ax, x, split="val", color=color, label=names["val"])
        self._best = ax.axvline(0, color=color, linestyle=":", linewidth=1.4, visible=False)
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Both bands, both lines and the dotted line at the best epoch."""
        return [*self.train.artists, *self.val.artists, self._best]

    def update(self, train: ArrayLike, val: ArrayLike, best_epoch: int | None = None) -> None:
        """Show `train` and `val` [seeds, epochs + 1] or [epochs + 1].

        The epoch `best_epoch` is marked with a dotted line; the function `best_epoch` finds it.
        """
        self.train.update(train)
        self.val.update(val)
        self._best.set_visible(best_epoch is not None)
        if best_epoch is not None:
            self._best.set_xdata([best_epoch, best_epoch])


def best_epoch(val_loss: ArrayLike) -> int | None:
    """The epoch with the lowest mean validation loss over seeds [seeds, epochs + 1].

    The first one on a tie; an epoch where a seed has NaN is never best; None if all have.
    """
    mean = np.atleast_2d(np.asarray(val_loss, dtype=float)).mean(axis=0)
    return None if np.isnan(mean).all() else int(np.nanargmin(mean))


def plot_curves(
    ax: Axes,
    histories: Sequence[History] | History,
    *,
    quantity: Quantity = "loss",
    color: str = COLORS[0],
    label: str = "",
    ylim: tuple[float, float] | None = None,
) -> Axes:
    """Draw the curves of one run, given as one history or as one per seed. Returns `ax`."""
    runs = [histories] if isinstance(histories, History) else list(histories)
    short = {"loss": "loss", "accuracy": "acc"}[quantity]
    train = np.array([getattr(run, f"train_{short}") for run in runs])
    val = np.array([getattr(run, f"val_{short}") for run in runs])
    if ylim is None:
        top = float(np.nanmax([train, val])) * 1.05
        bottom, _ = (0.0, 1.0) if quantity == "loss" else (float(np.nanmin([train, val])), 1.0)
        ylim = (bottom, top if quantity == "loss" else 1.0)
    curves = Curves(ax, train.shape[1] - 1, ylim=ylim, quantity=quantity, color=color, label=label)
    curves.update(train, val, best_epoch(np.array([run.val_loss for run in runs])))
    return ax
