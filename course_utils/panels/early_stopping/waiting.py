"""How long to wait: the effect of patience and min_delta on runs that are recorded once."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from course_utils.data import Dataset
from course_utils.experiments import recorded_runs
from course_utils.experiments.recorded_runs import StopRule, record_runs, stops
from course_utils.live import Explore, explore, slider
from course_utils.panels import noise_choice
from course_utils.plots import Array, Metric, Part, PartsBoard, format_value
from course_utils.plots.style import COLORS, NEUTRAL, legend_above
from course_utils.plots.text import accuracy_text, gain_text
from course_utils.regularizers import stopping_epoch

PATIENCE = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30)
MIN_DELTA = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
TOLERANCE = 0.02  # in units of the loss: what counts as too early or too late


@dataclass(frozen=True)
class Stopped:
    """The effect of one patience and one min_delta on the runs at one noise level."""

    watched: Array  # losses, [seeds, epochs + 1]
    fresh: Array  # accuracies on samples that no rule sees, likewise
    waits: list[int]
    patience: int
    min_delta: float
    noise: float
    seed: int
    now: recorded_runs.Stops
    by_patience: Array  # fresh accuracy of what is restored, [waits, seeds]

    @property
    def epochs(self) -> int:
        """Epochs that every run was trained."""
        return self.watched.shape[1] - 1


def patience(data: Dataset, rule: StopRule = stopping_epoch) -> Explore:
    """The panel: patience and min_delta over recorded curves, on clean and on noisy labels.

    Args:
        data: images or points with class labels; 24 small networks are trained on it, once.
        rule: ``rule(val_losses, patience, min_delta)``, the learner's own.
    """
    runs = record_runs(data)
    waits = [wait for wait in PATIENCE if wait < runs.epochs]

    def compute(patience: int, min_delta: float, noise: float, seed: int) -> Stopped:
        watched, fresh = runs.watched(noise)[0], runs.fresh(noise)[1]
        by_patience = [stops(rule, watched, wait, min_delta).at(fresh) for wait in waits]
        now = stops(rule, watched, patience, min_delta)
        return Stopped(
            watched, fresh, waits, patience, min_delta, noise, seed, now, np.array(by_patience)
        )

    parts = [_OneRun(), _Lanes(), _Fresh()]
    return explore(
        compute,
        PartsBoard(parts, width=9.6, height=3.4, widths=[1.15, 1.1, 0.9], say=_say),
        controls={
            "patience": slider(waits, near=5),
            "min_delta": slider(MIN_DELTA),
            "noise": noise_choice(runs.label_noise),
            "seed": slider(range(runs.seeds), label="seed drawn at the left"),
        },
        title="Where patience stops each run, and what it gives back",
    )


class _OneRun(Part):
    """The watched loss of one seed as far as it was trained, the rest of it, and all others."""

    def draw(self, ax: Axes, state: Stopped) -> None:
        ax.set(xlim=(0, state.epochs), xlabel="epoch", ylabel="validation loss, watched half")
        self._others = self.lines(colors="#bbbbbb", linewidths=0.7)
        self._line = self.line("--", color=COLORS[0], linewidth=1.8, label="seen")
        self._rest = self.line(":", color=COLORS[0], linewidth=1.2, label="not seen", zorder=1.9)
        self._bar = self.line(color="black", linewidth=1.2, label="to beat")
        self._best = self.line("o", color=COLORS[2], markersize=8, mec="black", zorder=5)
        self._stop = self.line("X", color=COLORS[1], markersize=8, mec="black", zorder=5)
        legend_above(ax)

    def update(self, state: Stopped) -> None:
        watched, curve = state.watched, state.watched[state.seed]
        first = stops(stopping_epoch, watched, state.waits[0]).at(watched)
        top = max(first.max(), watched[:, -1].max())
        self.set_axes(ylim=(0.85 * watched.min(), 1.1 * top))
        end, best = (int(a[state.seed]) for a in (state.now.trained, state.now.restored))
        epochs = np.arange(len(curve))
        self._others.set_segments([np.column_stack([epochs, other]) for other in watched])
        self._line.set_data(epochs[: end + 1], curve[: end + 1])
        self._rest.set_data(epochs[end:], curve[end:])
        self._best.set_data([best], [curve[best]])
        fired, counted = bool(state.now.fired[state.seed]), end - state.patience
        self._stop.set_data([end] if fired else [], [curve[end]] if fired else [])
        self._bar.set_data([], [])
        if fired and counted >= 0:
            self._bar.set_data([counted, end], [curve[counted] - state.min_delta] * 2)


class _Lanes(Part):
    """One lane per seed: the epochs trained, the epochs saved, and the epoch that is restored."""

    grid = False

    def draw(self, ax: Axes, state: Stopped) -> None:
        seeds = len(state.watched)
        ax.set(xlim=(0, state.epochs), ylim=(seeds - 0.5, -0.5), yticks=range(seeds))
        ax.set(xlabel="epoch", ylabel="seed")
        self._saved = self.lines(colors=NEUTRAL, linestyles=":", linewidths=1.2)
        self._done = self.lines(colors=COLORS[0], linewidths=3)
        look = {"markersize": 7, "mec": "black"}
        self._given = self.line("o", color=COLORS[2], label="restored", zorder=2.1, **look)
        self._stop = self.line("X", color=COLORS[1], label="stop", zorder=2.1, **look)
        self._truth = self.line("d", color="white", markersize=9, mec="black", label="best of all")
        legend_above(ax)

    def update(self, state: Stopped) -> None:
        now, rows = state.now, np.arange(len(state.watched))
        self._done.set_segments([[(0, row), (now.trained[row], row)] for row in rows])
        end = state.epochs
        self._saved.set_segments([[(now.trained[row], row), (end, row)] for row in rows])
        self._truth.set_data(state.watched.argmin(axis=1), rows)
        self._given.set_data(now.restored, rows)
        self._stop.set_data(now.trained[now.fired], rows[now.fired])


class _Fresh(Part):
    """The accuracy of each patience on fresh samples, beside that of the last epoch."""

    def draw(self, ax: Axes, state: Stopped) -> None:
        label = "fresh accuracy of what is restored"
        self._metric = self.add(Metric(ax, "patience", state.waits, ylim=(0, 1), ylabel=label))
        self._last = self.moves(ax.axhline(0, color=NEUTRAL, linestyle=":", linewidth=1.4))
        self._last.set_label("last epoch")
        ax.legend(handles=[self._last], loc="lower right", fontsize=8, frameon=False)
        self._limits: dict[float, tuple[float, float]] = {}  # by noise; they stay for any min_delta

    def update(self, state: Stopped) -> None:
        last = state.fresh[:, -1].mean()
        ends = last, *state.by_patience.mean(axis=1)
        self.set_axes(
            ylim=self._limits.setdefault(state.noise, (min(ends) - 0.04, max(ends) + 0.03))
        )
        self._metric.update(state.waits.index(state.patience), val=state.by_patience)
        self._last.set_ydata([last, last])


def _say(state: Stopped) -> str:
    """The epochs trained and restored, and how many runs were stopped too early or too late."""
    now, seeds = state.now, len(state.watched)
    early = recorded_runs.too_early(state.watched, now, TOLERANCE).sum()
    late = recorded_runs.too_late(state.watched, now, TOLERANCE).sum()
    given = now.at(state.fresh)
    return (
        f"patience {state.patience}, min_delta {format_value(state.min_delta)}, label noise "
        f"{state.noise:.0%}: {now.trained.mean():.0f} of {state.epochs} epochs trained "
        f"({now.trained.min()} to {now.trained.max()}), epoch {now.restored.mean():.0f} "
        f"restored; fresh accuracy {accuracy_text(given)}, "
        f"{gain_text(given, state.fresh[:, -1])} over the last epoch; stopped too early: {early} "
        f"of {seeds} seeds, too late: {late}, not at all: {(~now.fired).sum()}"
    )
