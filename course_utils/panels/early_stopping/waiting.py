"""How long to wait: what a patience and a min_delta do to runs that are recorded once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from course_utils.data import Dataset
from course_utils.live import Explore, choice, explore, slider
from course_utils.panels.early_stopping.recorded_runs import (
    Array,
    Record,
    StopRule,
    Stops,
    record,
    stops,
    too_early,
    too_late,
)
from course_utils.plots import (
    COLORS,
    Board,
    Metric,
    format_value,
    said_accuracy,
    said_gain,
    tidy,
)
from course_utils.plots.style import FONT_SIZE, NEUTRAL, legend_above
from course_utils.regularizers import stopping_epoch

PATIENCE = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30)
MIN_DELTA = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
TOLERANCE = 0.02  # in units of the loss: what counts as too early or too late


@dataclass(frozen=True)
class Stopped:
    """What one patience and one min_delta do to the runs at one noise level."""

    runs: Record
    noise: float
    patience: int
    min_delta: float
    seed: int
    now: Stops
    by_patience: Array  # fresh accuracy of what is restored, [patience, seeds]


def patience(data: Dataset, rule: StopRule = stopping_epoch) -> Explore:
    """The panel: patience and min_delta over recorded curves, on clean and on noisy labels.

    Args:
        data: images or points with class labels; 24 small networks are trained on it, once.
        rule: ``rule(val_losses, patience, min_delta)``, the learner's own.
    """
    runs = record(data)
    waits = [wait for wait in PATIENCE if wait < runs.epochs]

    def compute(patience: int, min_delta: float, noise: float, seed: int) -> Stopped:
        watched, (_, accuracy) = runs.watched(noise)[0], runs.fresh(noise)
        sweep = [stops(rule, watched, wait, min_delta).at(accuracy) for wait in waits]
        now = stops(rule, watched, patience, min_delta)
        return Stopped(runs, noise, patience, min_delta, seed, now, np.array(sweep))

    return explore(
        compute,
        PatienceBoard(runs, waits),
        controls={
            "patience": slider(waits, start=5),
            "min_delta": slider(MIN_DELTA),
            "noise": choice(
                runs.label_noise, label="label noise", start=0.2, say=lambda v: f"{v:.0%}"
            ),
            "seed": slider(range(runs.seeds), label="seed drawn at the left"),
        },
        title="Where patience stops each run, and what it gives back",
    )


class OneRun:
    """The watched loss of one seed as far as it was trained, the rest of it, and all others."""

    def __init__(self, ax: Axes, epochs: int) -> None:
        tidy(ax)
        ax.set_xlim(0, epochs)
        ax.set_xlabel("epoch", fontsize=FONT_SIZE)
        ax.set_ylabel("validation loss, watched half", fontsize=FONT_SIZE)
        self._others = LineCollection([], colors="#bbbbbb", linewidths=0.7)
        ax.add_collection(self._others, autolim=False)
        (self._line,) = ax.plot([], [], "--", color=COLORS[0], linewidth=1.8, label="seen")
        (self._rest,) = ax.plot([], [], ":", color=COLORS[0], linewidth=1.2, label="not seen")
        (self._bar,) = ax.plot([], [], "-", color="black", linewidth=1.2, label="to beat")
        (self._stop,) = ax.plot([], [], "X", color=COLORS[1], markersize=8)
        (self._best,) = ax.plot([], [], "o", color=COLORS[2], markersize=8)
        for mark in (self._stop, self._best):
            mark.set(markeredgecolor="black", zorder=5)
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Other seeds, then this one and its marks."""
        return [self._others, self._rest, self._line, self._bar, self._best, self._stop]

    def update(self, watched: Array, state: Stopped) -> None:
        """Show `watched` [seeds, epochs + 1] with the stop of seed `state.seed`."""
        curve = watched[state.seed]
        end, best = (int(a[state.seed]) for a in (state.now.trained, state.now.restored))
        epochs = np.arange(len(curve))
        self._others.set_segments([np.column_stack([epochs, other]) for other in watched])
        self._line.set_data(epochs[: end + 1], curve[: end + 1])
        self._rest.set_data(epochs[end:], curve[end:])
        self._best.set_data([best], [curve[best]])
        fired = bool(state.now.fired[state.seed])
        self._stop.set_data([end] if fired else [], [curve[end]] if fired else [])
        counted = end - state.patience
        self._bar.set_data([], [])
        if fired and counted >= 0:
            self._bar.set_data([counted, end], [curve[counted] - state.min_delta] * 2)


class Lanes:
    """One lane for each seed: what was trained, what was saved, and which epoch is given back."""

    def __init__(self, ax: Axes, seeds: int, epochs: int) -> None:
        tidy(ax, grid=False)
        ax.set(xlim=(0, epochs), ylim=(seeds - 0.5, -0.5))
        ax.set_yticks(range(seeds))
        ax.set_xlabel("epoch", fontsize=FONT_SIZE)
        ax.set_ylabel("seed", fontsize=FONT_SIZE)
        self._rows, self._end = np.arange(seeds), epochs
        (self._done,) = ax.plot([], [], "-", color=COLORS[0], linewidth=3)
        (self._saved,) = ax.plot([], [], ":", color=NEUTRAL, linewidth=1.2)
        (self._given,) = ax.plot([], [], "o", color=COLORS[2], markersize=7, label="restored")
        (self._stop,) = ax.plot([], [], "X", color=COLORS[1], markersize=7, label="stop")
        (self._truth,) = ax.plot([], [], "d", color="white", markersize=9, label="best of all")
        for mark in (self._given, self._stop, self._truth):
            mark.set(markeredgecolor="black")
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Lanes, then the marks on them."""
        return [self._saved, self._done, self._truth, self._given, self._stop]

    def update(self, watched: Array, now: Stops) -> None:
        """Show where each of the runs `watched` [seeds, epochs + 1] was stopped."""
        self._done.set_data(*_lanes(np.zeros_like(now.trained), now.trained, self._rows))
        self._saved.set_data(*_lanes(now.trained, np.full_like(now.trained, self._end), self._rows))
        self._truth.set_data(watched.argmin(axis=1), self._rows)
        self._given.set_data(now.restored, self._rows)
        self._stop.set_data(now.trained[now.fired], self._rows[now.fired])


def _lanes(start: Array, end: Array, rows: Array) -> tuple[Array, Array]:
    """Points of horizontal lines from `start` to `end`, with a gap after each."""
    gap = np.full(len(rows), np.nan)
    return np.stack([start, end, gap], 1).ravel(), np.stack([rows, rows, gap], 1).ravel()


class PatienceBoard(Board):
    """One seed's curve, all seeds as lanes, and what each patience gives on fresh samples."""

    def __init__(self, runs: Record, waits: Sequence[int]) -> None:
        super().__init__(columns=3, width=9.6, height=3.4, widths=[1.15, 1.1, 0.9])
        self.runs = runs
        self.one = self.add(OneRun(self.axes[0], runs.epochs))
        self.lanes = self.add(Lanes(self.axes[1], runs.seeds, runs.epochs))
        self.metric = self.add(
            Metric(
                self.axes[2], "patience", waits, ylim=(0, 1),
                ylabel="fresh accuracy of what is restored",
            )
        )  # fmt: skip
        self._last = self.axes[2].axhline(
            0, color=NEUTRAL, linestyle=":", linewidth=1.4, label="last epoch"
        )
        self.axes[2].legend(handles=[self._last], loc="lower right", fontsize=8, frameon=False)
        self._waits = list(waits)
        self._noise: float | None = None

    @property
    def artists(self) -> list[Artist]:
        """The parts, and the line of the last epoch."""
        return [*super().artists, self._last]

    def update(self, state: Stopped) -> None:
        """Show `state`; another noise level has other limits."""
        watched, (_, accuracy) = self.runs.watched(state.noise)[0], self.runs.fresh(state.noise)
        if state.noise != self._noise:
            self._noise = state.noise
            first = stops(stopping_epoch, watched, self._waits[0]).at(watched)
            top = max(first.max(), watched[:, -1].max())
            self.axes[0].set_ylim(0.85 * watched.min(), 1.1 * top)
            ends = accuracy[:, -1].mean(), *state.by_patience.mean(axis=1)
            self.axes[2].set_ylim(min(ends) - 0.04, max(ends) + 0.03)
            self.redraw_background()
        self.one.update(watched, state)
        self.lanes.update(watched, state.now)
        self.metric.update(self._waits.index(state.patience), val=state.by_patience)
        self._last.set_ydata([accuracy[:, -1].mean()] * 2)

    def describe(self, state: Stopped) -> str:
        """What it cost, what it gave back, and how many runs it stopped too early or too late."""
        watched, (_, accuracy) = self.runs.watched(state.noise)[0], self.runs.fresh(state.noise)
        now, seeds = state.now, self.runs.seeds
        early, late = (f(watched, now, TOLERANCE).sum() for f in (too_early, too_late))
        given = now.at(accuracy)
        return (
            f"patience {state.patience}, min_delta {format_value(state.min_delta)}, label noise "
            f"{state.noise:.0%}: {now.trained.mean():.0f} of {self.runs.epochs} epochs trained "
            f"({now.trained.min()} to {now.trained.max()}), epoch {now.restored.mean():.0f} "
            f"restored; fresh accuracy {said_accuracy(given)}, "
            f"{said_gain(given, accuracy[:, -1])} over the last epoch; of {seeds} seeds {early} "
            f"stopped too early, {late} too late, {(~now.fired).sum()} never"
        )
