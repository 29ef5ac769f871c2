"""How strongly to transform the training images, kind by kind."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.runs import adam_run, classes_of
from course_utils.experiments.transforms import transform_of, transform_text
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, EpochCurves, Sweep, choice, slider, sweep
from course_utils.panels.augmentation.images import gray, images_to_train_on, pixel_limits
from course_utils.plots import (
    COLORS,
    Metric,
    Mosaic,
    Part,
    PartsBoard,
    accuracy_text,
    gain_text,
)
from course_utils.plots.style import FONT_SIZE, NEUTRAL
from course_utils.random_streams import SeededDraws

STRENGTHS = (0.0, 0.5, 1.0, 2.0)
KINDS = ("all three", "rotation", "shift", "zoom", "pixel noise")
NOISE = 0.2
NAMES = ("clean labels", f"{NOISE:.0%} noise")
ROWS, COLUMNS = 4, 5


class Pair(NamedTuple):
    """The same strengths trained on clean and on noisy labels."""

    clean: Fleet
    noisy: Fleet

    @property
    def epoch(self) -> int:
        """So many are trained."""
        return self.noisy.epoch


def strength(data: Dataset, *, epochs: int = 30) -> Sweep:
    """The panel: how strongly to transform, on clean and on noisy labels, kind by kind.

    Args:
        data: images with class labels; of its true labels 20 % are redrawn for the noisy half,
            by each seed in its own way.

    The panel's `result` is a `Pair` of fleets over `STRENGTHS`.
    """
    data, epochs = images_to_train_on(data), budgeted(epochs)
    width = data.input_shape[-1]

    def train(kind: str) -> Iterator[Pair]:
        def build(strength: float) -> Run:
            run = adam_run(data, (64, 64), lr=5e-3)
            run.augment = transform_of(kind, strength, width)
            return run

        def fleet(noise: float) -> Iterator[Fleet]:
            return iter_fleet(
                build,
                lambda _, seed: data.with_label_noise(noise, seed),
                values=STRENGTHS,
                epochs=epochs,
                score_at=range(0, epochs, 2),
            )

        return map(Pair, fleet(0.0), fleet(NOISE))

    def say(at: At) -> str:
        how = transform_text(at.settings["kind"], at.value, width)
        return f"strength {at.value:g} ({how}): {_scores_text(at)}"

    parts = [_Accuracies(), _NoisyCurves(classes_of(data)), _Transformed(data)]
    return sweep(
        train,
        PartsBoard(parts, width=9.6, height=3.3, widths=[1.15, 1.0, 0.85], say=say),
        name="strength",
        values=slider(STRENGTHS, start=1.0),
        controls={"kind": choice(KINDS, label="transform")},
        epochs=epochs,
        title="How strongly to transform the training images",
    )


def _scores_text(at: At) -> str:
    parts = []
    for name, fleet in zip(NAMES, at.result, strict=True):
        scores = fleet.val_acc[..., fleet.epoch]
        part = f"{name}: validation accuracy {accuracy_text(scores[at.index])}"
        if at.index:
            part += f", {gain_text(scores[at.index], scores[0])} over strength 0"
        parts.append(part)
    return f"{'; '.join(parts)}; {len(at.result.clean.seeds)} paired seeds"


class _Accuracies(Part):
    """Accuracy against strength, for clean and noisy labels, each line with its name."""

    def draw(self, ax: Axes, at: At) -> None:
        look: dict[str, Any] = {"ylim": (0.5, 1.0)}
        self._metrics = [
            self.add(Metric(ax, at.name, at.values, color=COLORS[i], **look)) for i in range(2)
        ]
        ax.yaxis.set_major_locator(MultipleLocator(0.05))
        ax.yaxis.set_major_formatter("{x:.2f}")  # as wide as before when the limits change
        self._names = [
            self.moves(
                ax.annotate(
                    name, (0, 0), xytext=(2, up), textcoords="offset points", color=COLORS[i],
                    fontsize=FONT_SIZE, va="bottom" if up > 0 else "top", annotation_clip=True,
                )
            )
            for i, (name, up) in enumerate(zip(NAMES, (7, -7), strict=True))
        ]  # fmt: skip
        self._lowest = 1.0

    def update(self, at: At) -> None:
        if at.result.clean.epoch == at.result.clean.epochs:
            self._make_room(at.result)
        for metric, name, fleet in zip(self._metrics, self._names, at.result, strict=True):
            scores = fleet.val_acc[..., fleet.epoch]
            metric.update(at.index, val=scores)
            name.xy = (metric.axis.position(0), float(scores[0].mean()))

    def _make_room(self, pair: Pair) -> None:
        """Extend the axis down to the lowest score at the end of a training, and keep it there."""
        lowest = min(float(np.nanmin(fleet.val_acc[..., -1].mean(1))) for fleet in pair)
        lowest = math.floor(20 * (lowest - 0.03)) / 20
        if lowest < self._lowest:
            self._lowest = lowest
            self.ax.set_ylim(lowest, 1.0)
            self.redraw_background()


class _NoisyCurves(EpochCurves):
    """Accuracy with noisy labels over the epochs, beside the share of labels that are right."""

    def __init__(self, classes: int) -> None:
        super().__init__("accuracy", ylim=(0.5, 1.0), best=False, color=COLORS[1], label="noisy")
        self._right = 1 - NOISE * (1 - 1 / classes)

    def draw(self, ax: Axes, at: At) -> None:
        super().draw(ax, replace(at, result=at.result.noisy))
        ax.axhline(self._right, color=NEUTRAL, linestyle=":", linewidth=1.4)
        ax.text(
            0.97, 0.04, f"dotted: the {self._right:.0%} of the labels that are right", ha="right",
            fontsize=FONT_SIZE - 1, color=NEUTRAL, transform=ax.transAxes,
        )  # fmt: skip

    def update(self, at: At) -> None:
        super().update(replace(at, result=at.result.noisy))


class _Transformed(Part):
    """Training images as they are seen in training."""

    def __init__(self, data: Dataset) -> None:
        self._x, self._limits = data.x_train[: ROWS * COLUMNS], pixel_limits(data)

    def draw(self, ax: Axes, at: At) -> None:
        title = "what training sees"
        self._images = self.add(Mosaic(ax, ROWS, COLUMNS, limits=self._limits, title=title))

    def update(self, at: At) -> None:
        with SeededDraws(0):
            x = transform_of(at.settings["kind"], at.value, self._x.shape[-1])(self._x)
        self._images.update(gray(x))
