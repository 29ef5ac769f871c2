"""Lesson 06's panel about the signal: what is watched, on how many samples, and what is
reported."""

import numpy as np
from matplotlib.axes import Axes

from course_utils.data import Dataset
from course_utils.evidence import paired_difference
from course_utils.experiments.recorded_runs import StopRule, record_runs
from course_utils.experiments.watched_samples import Chosen, choose, draw_watched
from course_utils.live import Explore, choice, explore, slider
from course_utils.panels import noise_choice
from course_utils.plots import Part, PartsBoard, ValueAxis, accuracy_text
from course_utils.plots.style import COLORS, LABELS, MARKERS, NEUTRAL, legend_above
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
    runs = record_runs(data)
    drawn = {noise: draw_watched(runs, noise) for noise in runs.label_noise}
    sizes = drawn[runs.label_noise[0]].sizes
    waits = [*(wait for wait in WAITS if wait < runs.epochs), runs.epochs]

    def compute(metric: str, size: int, wait: int, noise: float) -> Chosen:
        return choose(drawn[noise], rule, metric=metric, size=size, wait=wait, noise=noise)

    return explore(
        compute,
        PartsBoard([_Signals(), _Report()], width=9.2, height=3.5, widths=[1.1, 1.0], say=_say),
        controls={
            "metric": choice(METRICS, label="watch the", start="accuracy"),
            "size": slider(sizes, label="samples watched", start=sizes[min(2, len(sizes) - 1)]),
            "wait": slider(
                waits, label="patience", start=10 if 10 in waits else None,
                say=lambda v: "wait for the end" if v == runs.epochs else str(v),
            ),
            "noise": noise_choice(runs.label_noise),
        },
        title="What to watch: loss or accuracy, few samples or many",
    )  # fmt: skip


class _Signals(Part):
    """The curves of seed 0 in each draw, those on fresh samples, and all chosen epochs."""

    def draw(self, ax: Axes, state: Chosen) -> None:
        epochs = state.curves.loss.shape[-1] - 1
        ax.set(xlim=(0, epochs), xlabel="epoch (ticks below: chosen ones, all seeds)")
        self._all = self.lines(colors="#aaaaaa", linewidths=0.6, alpha=0.7)
        self._one = self.line(color=COLORS[0], linewidth=1.4, label="one watched set")
        self._fresh = self.line("--", color="black", linewidth=1.8, label="fresh samples")
        self._mark = self.line("o", color=COLORS[0], markersize=8, label="chosen", mec="black")
        self._ticks = self.line(
            "|", color=COLORS[1], markersize=11, alpha=0.2, clip_on=False,
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip
        legend_above(ax)

    def update(self, state: Chosen) -> None:
        place = state.curves.sizes.index(state.size)
        watched, fresh = state.curves.scores(state.metric)
        top = max(1.6 * fresh[..., -1].mean(), 4 * fresh.min(axis=-1).mean())
        of_loss = (0, min(top, 1.2 * fresh[..., 0].mean()))
        self.set_axes(
            ylabel=f"{LABELS[state.metric]}, seed 0",
            ylim=of_loss if state.metric == "loss" else (0.4, 1.02),
        )
        epochs = np.arange(watched.shape[-1])
        self._all.set_segments([np.column_stack([epochs, curve]) for curve in watched[place, 0]])
        self._one.set_data(epochs, watched[place, 0, 0])
        self._fresh.set_data(epochs, fresh[0].mean(axis=0))
        best = int(state.epochs[place, 0, 0])
        self._mark.set_data([best], [watched[place, 0, 0, best]])
        chosen = state.epochs[place].ravel()
        self._ticks.set_data(chosen, np.full(len(chosen), 0.03))


class _Report(Part):
    """Accuracy at the chosen epochs against the number of samples watched: reported, and fresh."""

    def draw(self, ax: Axes, state: Chosen) -> None:
        axis = ValueAxis(state.curves.sizes)
        axis.apply(ax, "samples watched")
        ax.set_ylabel("accuracy at the chosen epoch")
        self._x = axis.positions
        self._guide = self.guide()
        self._last = self.moves(ax.axhline(0, color=NEUTRAL, linestyle=":", linewidth=1.4))
        self._last.set_label("last epoch")
        self._curves = [
            self.curve(style, color=COLORS[i], marker=MARKERS[i], markersize=6, linewidth=1.8,
                       label=label)
            for i, (style, label) in enumerate(
                [("-", "reported (watched)"), ("--", "on fresh samples")]
            )
        ]  # fmt: skip
        legend_above(ax)

    def update(self, state: Chosen) -> None:
        last = 1 - state.curves.fresh_error[..., -1].mean()
        self.set_axes(ylim=(min(last, 0.8) - 0.05, 1.0))
        for curve, score in zip(self._curves, (state.reported, state.fresh), strict=True):
            curve.show(self._x, score)
        self._guide.set_xdata([self._x[state.curves.sizes.index(state.size)]] * 2)
        self._last.set_ydata([last, last])


def _say(state: Chosen) -> str:
    """The accuracy reported, that on fresh samples, and how far the epochs scatter."""
    i = state.curves.sizes.index(state.size)
    reported, fresh = state.now
    price = paired_difference(reported, fresh)
    first, last = np.percentile(state.epochs[i], [5, 95])
    waits_for_all = state.wait >= state.curves.loss.shape[-1] - 1
    wait = "best of all epochs" if waits_for_all else f"patience {state.wait}"
    return (
        f"{state.metric} of {state.size} samples, {wait}, label noise {state.noise:.0%}: "
        f"reported accuracy {accuracy_text(reported)}, on fresh samples "
        f"{accuracy_text(fresh)}, a difference of {price.points()}, {price.n} paired "
        f"seeds; 90% of the chosen epochs lie from {first:.0f} to {last:.0f}"
    )
