"""Lesson 06's panel for the signal: what is watched, on how many samples, and who reports."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from course_utils.data import Dataset
from course_utils.evidence import interval_along, paired_difference
from course_utils.live import Explore, choice, explore, slider
from course_utils.panels.early_stopping.recorded_runs import Array, Record, StopRule, record
from course_utils.panels.early_stopping.watched_samples import Chosen, choose, draw_watched
from course_utils.plots import COLORS, MARKERS, Board, ValueAxis, said_accuracy, tidy
from course_utils.plots.style import BAND_ALPHA, FONT_SIZE, LABELS, NEUTRAL, legend_above
from course_utils.regularizers import stopping_epoch

METRICS = ("loss", "accuracy")
WAITS = (1, 2, 3, 5, 10, 20)


def which_metric(data: Dataset, rule: StopRule = stopping_epoch) -> Explore:
    """The panel: watch the loss or the accuracy, of few samples or many, and report on which?

    Args:
        data: images or points with class labels; 24 small networks are trained on it, once.
        rule: ``rule(val_losses, patience, min_delta)``, the learner's own. To watch the accuracy
            it is given 1 - accuracy.
    """
    runs = record(data)
    drawn = {noise: draw_watched(runs, noise) for noise in runs.label_noise}
    sizes = drawn[runs.label_noise[0]].sizes

    def compute(metric: str, size: int, wait: int, noise: float) -> Chosen:
        return choose(drawn[noise], rule, metric=metric, size=size, wait=wait, noise=noise)

    return explore(
        compute,
        MetricBoard(runs, sizes),
        controls={
            "metric": choice(METRICS, label="watch the", start="accuracy"),
            "size": slider(sizes, label="samples watched", start=sizes[min(2, len(sizes) - 1)]),
            "wait": slider(
                [*WAITS, runs.epochs], label="patience", start=10,
                say=lambda v: "wait for the end" if v == runs.epochs else str(v),
            ),
            "noise": choice(
                runs.label_noise, label="label noise", start=0.2, say=lambda v: f"{v:.0%}"
            ),
        },
        title="What to watch: loss or accuracy, few samples or many",
    )  # fmt: skip


class Signals:
    """What the rule sees of seed 0 in each draw, what fresh samples say, and all chosen epochs."""

    def __init__(self, ax: Axes, epochs: int) -> None:
        tidy(ax)
        ax.set_xlim(0, epochs)
        ax.set_xlabel("epoch (ticks below: chosen ones, all seeds)", fontsize=FONT_SIZE)
        self.ax = ax
        self._all = LineCollection([], colors="#aaaaaa", linewidths=0.6, alpha=0.7)
        ax.add_collection(self._all, autolim=False)
        (self._one,) = ax.plot([], [], "-", color=COLORS[0], linewidth=1.4, label="one watched set")
        (self._fresh,) = ax.plot([], [], "--", color="black", linewidth=1.8, label="fresh samples")
        (self._mark,) = ax.plot([], [], "o", color=COLORS[0], markersize=8, label="chosen")
        self._mark.set(markeredgecolor="black", zorder=5)
        (self._ticks,) = ax.plot(
            [], [], "|", color=COLORS[1], markersize=11, alpha=0.2, clip_on=False,
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Curves, then marks."""
        return [self._all, self._one, self._fresh, self._mark, self._ticks]

    def update(self, state: Chosen) -> None:
        """Show `state`."""
        place = state.curves.sizes.index(state.size)
        watched, fresh = _signals(state)
        epochs = np.arange(watched.shape[-1])
        self._all.set_segments([np.column_stack([epochs, curve]) for curve in watched[place, 0]])
        self._one.set_data(epochs, watched[place, 0, 0])
        self._fresh.set_data(epochs, fresh[0].mean(axis=0))
        best = int(state.epochs[place, 0, 0])
        self._mark.set_data([best], [watched[place, 0, 0, best]])
        chosen = state.epochs[place].ravel()
        self._ticks.set_data(chosen, np.full(len(chosen), 0.03))


def _signals(state: Chosen) -> tuple[Array, Array]:
    curves = state.curves
    if state.metric == "loss":
        return curves.loss, curves.fresh_loss
    return 1 - curves.error, 1 - curves.fresh_error


class Report:
    """Accuracy at the chosen epochs against the number of samples watched: reported, and fresh."""

    def __init__(self, ax: Axes, sizes: Sequence[int]) -> None:
        tidy(ax)
        self.ax = ax
        axis = ValueAxis(sizes)
        axis.apply(ax, "samples watched")
        ax.set_ylabel("accuracy at the chosen epoch", fontsize=FONT_SIZE)
        self._x = axis.positions
        self._guide = ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6)
        self._last = ax.axhline(0, color=NEUTRAL, linestyle=":", linewidth=1.4, label="last epoch")
        nothing = np.full(len(self._x), np.nan)
        self._lines, self._bands = [], []
        for i, said in enumerate(["reported (watched)", "on fresh samples"]):
            self._bands.append(
                ax.fill_between(
                    self._x, nothing, nothing, color=COLORS[i], alpha=BAND_ALPHA, linewidth=0
                )
            )
            (line,) = ax.plot(
                self._x, nothing, ("-", "--")[i], color=COLORS[i], marker=MARKERS[i],
                markersize=6, linewidth=1.8, label=said,
            )  # fmt: skip
            self._lines.append(line)
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Guide, level of the last epoch, bands, lines."""
        return [self._guide, self._last, *self._bands, *self._lines]

    def update(self, state: Chosen) -> None:
        """Show `state`."""
        scores = (state.reported, state.fresh)
        for line, band, score in zip(self._lines, self._bands, scores, strict=True):
            mean, low, high = interval_along(score, axis=1)
            line.set_ydata(mean)
            band.set_data(self._x, low, high)
        self._guide.set_xdata([self._x[state.curves.sizes.index(state.size)]] * 2)
        self._last.set_ydata([1 - state.curves.fresh_error[..., -1].mean()] * 2)


class MetricBoard(Board):
    """The signal at the left, what the choice is worth at the right."""

    def __init__(self, runs: Record, sizes: Sequence[int]) -> None:
        super().__init__(columns=2, width=9.2, height=3.5, widths=[1.1, 1.0])
        self.signals = self.add(Signals(self.axes[0], runs.epochs))
        self.report = self.add(Report(self.axes[1], sizes))
        self._drawn: tuple[str, float] | None = None

    def update(self, state: Chosen) -> None:
        """Show `state`; another metric or noise level has other limits."""
        if (state.metric, state.noise) != self._drawn:
            self._drawn = (state.metric, state.noise)
            self._set_limits(state)
            self.redraw_background()
        self.signals.update(state)
        self.report.update(state)

    def _set_limits(self, state: Chosen) -> None:
        _, fresh = _signals(state)
        loss = state.metric == "loss"
        name = LABELS[state.metric]
        self.axes[0].set_ylabel(f"{name}, seed 0", fontsize=FONT_SIZE)
        top = max(1.6 * fresh[..., -1].mean(), 4 * fresh.min(axis=-1).mean())
        self.axes[0].set_ylim((0, min(top, 1.2 * fresh[..., 0].mean())) if loss else (0.4, 1.02))
        lowest = 1 - state.curves.fresh_error[..., -1].mean()
        self.axes[1].set_ylim(min(lowest, 0.8) - 0.05, 1.0)

    def describe(self, state: Chosen) -> str:
        """What was reported, what fresh samples say, and how far the epochs scatter."""
        i = state.curves.sizes.index(state.size)
        reported, fresh = state.now
        price = paired_difference(reported, fresh)
        first, last = np.percentile(state.epochs[i], [5, 95])
        waits_for_all = state.wait >= state.curves.loss.shape[-1] - 1
        wait = "best of all epochs" if waits_for_all else f"patience {state.wait}"
        return (
            f"{state.metric} of {state.size} samples, {wait}, label noise {state.noise:.0%}: "
            f"reported accuracy {said_accuracy(reported)}, on fresh samples "
            f"{said_accuracy(fresh)}, a difference of {price.points()}, {price.n} paired "
            f"seeds; 90 % of the chosen epochs lie from {first:.0f} to {last:.0f}"
        )
