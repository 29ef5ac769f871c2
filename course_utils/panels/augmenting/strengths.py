"""How strongly to transform the training images, kind by kind."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from course_utils.augmentation import Augment, GaussianNoise, RandomAffine
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP
from course_utils.noise import SeededDraws
from course_utils.panels.augmenting.transformed import (
    gray,
    images_to_train_on,
    pixel_limits,
)
from course_utils.plots import (
    COLORS,
    Board,
    Curves,
    Metric,
    Mosaic,
    format_value,
    said_accuracy,
    said_gain,
)
from course_utils.plots.style import FONT_SIZE, NEUTRAL

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)
KINDS = ("all three", "rotation", "shift", "zoom", "pixel noise")
NOISE = 0.2
HIDDEN, LR, EPOCHS, SEEDS = 64, 5e-3, 30, 8
ROWS, COLUMNS = 4, 5


class Pair(NamedTuple):
    """The same strengths trained on clean and on noisy labels."""

    clean: Fleet
    noisy: Fleet


def transform_of(kind: str, strength: float, width: int) -> Augment:
    """The transform that a kind of the panel means at a strength, for images `width` pixels wide.

    At strength 1 a rotation is up to 10 degrees, a shift up to a sixteenth of the image, a zoom up
    to 10 %, and pixel noise has a standard deviation of 0.2.
    """
    degrees, pixels, zoom = 10.0 * strength, width / 16 * strength, 0.1 * strength
    transforms: dict[str, Augment] = {
        "all three": RandomAffine(degrees=degrees, shift=pixels, zoom=zoom),
        "rotation": RandomAffine(degrees=degrees),
        "shift": RandomAffine(shift=pixels),
        "zoom": RandomAffine(zoom=zoom),
        "pixel noise": GaussianNoise(0.2 * strength),
    }
    return transforms[kind]


def said_transform(kind: str, strength: float, width: int) -> str:
    """The same in words, with its units."""
    said = {
        "rotation": f"turned up to {format_value(10 * strength)}°",
        "shift": f"shifted up to {format_value(width / 16 * strength)} pixels",
        "zoom": f"zoomed up to {format_value(10 * strength)} %",
        "pixel noise": f"noise of standard deviation {format_value(0.2 * strength)}",
    }
    if strength == 0:
        return "images as they are"
    if kind == "all three":
        return ", ".join(said[one] for one in ("rotation", "shift", "zoom"))
    return said[kind]


def strength(data: Dataset, *, epochs: int = EPOCHS) -> Sweep:
    """The panel: how strongly to transform, on clean and on noisy labels, kind by kind.

    Args:
        data: images with class labels; of its true labels 20 % are redrawn for the noisy half,
            by each seed in its own way.

    The panel's `result` is a `Pair` of fleets over `STRENGTHS`.
    """
    data = images_to_train_on(data)
    width = data.input_shape[-1]

    def train(kind: str) -> Iterator[Pair]:
        def build(strength: float) -> Run:
            model = MLP(data.input_shape, (HIDDEN, HIDDEN), data.num_classes or 1)
            adam = torch.optim.Adam(model.parameters(), lr=LR)
            return Run(model, adam, augment=transform_of(kind, strength, width))

        def fleet(noise: float) -> Iterator[Fleet]:
            return iter_fleet(
                build,
                lambda _, seed: data.with_label_noise(noise, seed),
                values=STRENGTHS,
                seeds=SEEDS,
                epochs=epochs,
            )

        return map(Pair, fleet(0.0), fleet(NOISE))

    return sweep(
        train,
        StrengthBoard(data, epochs),
        name="strength",
        values=slider(STRENGTHS, start=1.0),
        controls={"kind": choice(KINDS, label="transform")},
        epochs=epochs,
        title="How strongly to transform the training images",
    )


class LineName:
    """A name beside a line, so that no one needs its color; moves with the line."""

    def __init__(self, ax: Axes, name: str, *, above: bool, color: str) -> None:
        self._text = ax.annotate(
            name, (0, 0), xytext=(2, 7 if above else -7), textcoords="offset points", color=color,
            fontsize=FONT_SIZE, va="bottom" if above else "top", annotation_clip=True,
        )  # fmt: skip

    @property
    def artists(self) -> list[Artist]:
        """The name."""
        return [self._text]

    def update(self, x: float, y: float) -> None:
        """Write the name at the point (x, y) of the line."""
        self._text.xy = (x, y)


class StrengthBoard(Board):
    """Accuracy against strength for clean and noisy labels, the noisy curves, and the images."""

    def __init__(self, data: Dataset, epochs: int) -> None:
        super().__init__(columns=3, width=9.6, height=3.3, widths=[1.15, 1.0, 0.85])
        accuracy, curves, images = self.axes
        self.metrics = [
            self.add(Metric(accuracy, "strength", STRENGTHS, ylim=(0.5, 1.0), color=COLORS[i]))
            for i in range(2)
        ]
        accuracy.yaxis.set_major_locator(MultipleLocator(0.05))
        accuracy.yaxis.set_major_formatter("{x:.2f}")  # as wide as before when the limits change
        self.names = [
            self.add(LineName(accuracy, name, above=i == 0, color=COLORS[i]))
            for i, name in enumerate(["clean labels", f"{NOISE:.0%} noise"])
        ]
        self.curves = self.add(
            Curves(curves, epochs, ylim=(0.5, 1.0), quantity="accuracy", color=COLORS[1],
                   label="noisy")
        )  # fmt: skip
        right = 1 - NOISE * (1 - 1 / (data.num_classes or 1))
        curves.axhline(right, color=NEUTRAL, linestyle=":", linewidth=1.4)
        curves.text(
            0.97, 0.04, f"dotted: the {right:.0%} of the labels that are right", ha="right",
            fontsize=FONT_SIZE - 1, color=NEUTRAL, transform=curves.transAxes,
        )  # fmt: skip
        self.images = self.add(
            Mosaic(images, ROWS, COLUMNS, limits=pixel_limits(data), title="what training sees")
        )
        self._x = data.x_train[: ROWS * COLUMNS]
        self._lowest = 1.0

    def update(self, at: At) -> None:
        """Show the runs at the slider's strength."""
        pair: Pair = at.result
        if pair.clean.epoch == pair.clean.epochs:
            self._make_room(pair)
        for metric, name, fleet in zip(self.metrics, self.names, pair, strict=True):
            scores = fleet.val_acc[..., fleet.epoch]
            metric.update(at.index, val=scores)
            name.update(metric.axis.position(0), float(scores[0].mean()))
        self.curves.update(pair.noisy.train_acc[at.index], pair.noisy.val_acc[at.index])
        with SeededDraws(0):
            x = transform_of(at.settings["kind"], at.value, self._x.shape[-1])(self._x)
        self.images.update(gray(x))

    def _make_room(self, pair: Pair) -> None:
        """Let the axis reach down to the lowest score at the end of a training, and stay there."""
        lowest = min(float(np.nanmin(fleet.val_acc[..., -1].mean(1))) for fleet in pair)
        lowest = math.floor(20 * (lowest - 0.03)) / 20
        if lowest < self._lowest:
            self._lowest = lowest
            self.axes[0].set_ylim(lowest, 1.0)
            self.redraw_background()

    def describe(self, at: At) -> str:
        """Accuracy on both kinds of labels, and its gain over images as they are."""
        pair: Pair = at.result
        parts = []
        for name, fleet in zip(("clean labels", f"{NOISE:.0%} noise"), pair, strict=True):
            scores = fleet.val_acc[..., fleet.epoch]
            part = f"{name}: validation accuracy {said_accuracy(scores[at.index])}"
            if at.index:
                part += f", {said_gain(scores[at.index], scores[0])} over strength 0"
            parts.append(part)
        how = said_transform(at.settings["kind"], at.value, self._x.shape[-1])
        seeds = len(pair.clean.seeds)
        return f"strength {at.value:g} ({how}): {'; '.join(parts)}; {seeds} paired seeds"
