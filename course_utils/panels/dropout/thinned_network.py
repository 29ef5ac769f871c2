"""Lesson 03: a small trained network, drawn with the units that survive one forward pass."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.dropout_passes import Pass, forward
from course_utils.experiments.runs import adam_run
from course_utils.fleet import train_fleet
from course_utils.live import Explore, choice, explore, slider
from course_utils.plots import Array, Images, Part, PartsBoard
from course_utils.plots.style import COLORS, FONT_SIZE, NEUTRAL, legend_above

PS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
IMAGES = 8
DRAWS = 20
MODES = ("training", "evaluation")


def mask(
    data: Dataset, layer: Callable[[float], nn.Module] = nn.Dropout, ps: Sequence[float] = PS, *,
    width: int = 16, epochs: int = 40,
) -> Explore:  # fmt: skip
    """A network and the units that are dropped: another mask for every draw, none in evaluation
    mode.

    Args:
        data: images, or points with any number of features.
        layer: ``layer(p)`` is the dropout layer that trains and is drawn.
        ps: the values of p; one network is trained for each, at the start.
        width: units in each of the two hidden layers.

    The panel's `state` is the `Pass` on show.
    """
    fleet = train_fleet(
        lambda p: adam_run(data, (width, width), lr=1e-2, dropout=p, dropout_layer=layer),
        data, values=ps, seeds=1, epochs=budgeted(epochs), progress=False,
    )  # fmt: skip

    def compute(draw: int, p: float, mode: str, image: int) -> Pass:
        model = fleet.model(fleet.values.index(p), 0)
        return forward(model, data, image - 1, p=p, draw=draw, mode=mode)

    parts = [Images(_gray, title="the image"), _Network(), _Bars()]
    return explore(
        compute,
        PartsBoard(parts, height=3.7, widths=[0.9, 2.6, 1.4], say=_say),
        controls={
            "draw": slider(range(1, DRAWS + 1), label="draw again"),
            "p": slider(ps, near=0.5),
            "mode": choice(MODES),
            "image": slider(range(1, min(IMAGES, len(data.x_val)) + 1)),
        },
        title="A network, and the units that survive",
    )


def _say(state: Pass) -> str:
    best, steady = int(state.output.argmax()), int(state.steady.argmax())
    if state.mode == "evaluation":
        return (
            f"draw {state.draw}, evaluation mode, p = {state.p:g}: all units are there, "
            f"whatever is drawn; the image shows {state.label}, the network says {best} "
            f"({state.output[best]:.0%})"
        )
    first, second = (state.multipliers != 0).sum(axis=1)
    kept = state.multipliers[state.multipliers != 0]
    times = f", multiplied by {kept[0]:.2f}" if len(kept) else ""
    return (
        f"draw {state.draw}, training mode, p = {state.p:g}: {first} and {second} of "
        f"{state.multipliers.shape[1]} units survive{times}; the image shows {state.label}, this "
        f"thinned network says {best} ({state.output[best]:.0%}), the whole one {steady} "
        f"({state.steady[steady]:.0%})"
    )


def _gray(state: Pass) -> Array:
    """The image that is sent through, in its own range of gray, [1, height, width]."""
    low, high = float(state.image.min()), float(state.image.max())
    return np.asarray((state.image[None] - low) / ((high - low) or 1.0))


class _Network(Part):
    """Two hidden layers and the outputs: filled circles are there, crosses were dropped."""

    def draw(self, ax: Axes, state: Pass) -> None:
        ax.axis("off")
        ax.set(xlim=(-0.55, 2.3), ylim=(-0.04, 1.04))
        classes = len(state.output)
        self._y = [_heights(n) for n in (*state.units.shape[1:] * 2, classes)]
        self._lines = self.lines(colors=NEUTRAL)
        self._hidden = np.array([(x, y) for x in (0, 1) for y in self._y[x]])
        self._gone = self.line("x", color=COLORS[1], markersize=7, markeredgewidth=1.6)
        self._there = self.moves(
            ax.scatter(
                self._hidden[:, 0], self._hidden[:, 1], s=70, c=np.zeros(len(self._hidden)),
                cmap="Blues", vmin=0, vmax=1, edgecolors="black", linewidths=0.9, zorder=3,
            )
        )  # fmt: skip
        twos = np.full(classes, 2.0)
        self.moves(ax.scatter(twos, self._y[2], s=120, c="white", edgecolors="black", zorder=3))
        for c, y in enumerate(self._y[2]):
            self.moves(ax.text(2.0, y, str(c), ha="center", va="center", fontsize=FONT_SIZE - 1.5))
        ax.set_title("circle: there, bluer is more active    ×: dropped", fontsize=FONT_SIZE)

    def update(self, state: Pass) -> None:
        there = state.multipliers != 0
        alive = there.ravel()
        self._gone.set_data(*self._hidden[~alive].T)
        self._there.set_offsets(self._hidden[alive])
        activity = state.units / max(float(state.units.max()), 1e-9)
        self._there.set_array(activity.ravel()[alive])
        ends: list[Any] = []
        widths: list[float] = []
        for layer, weights in enumerate(state.weights):  # [to, from]
            to_there = there[1] if layer == 0 else np.ones(len(weights), dtype=bool)
            size = np.abs(weights) / np.abs(weights).max()
            for to, origin in np.argwhere((size > 0.08) & to_there[:, None] & there[layer]):
                start, end = self._y[layer][origin], self._y[layer + 1][to]
                ends.append([(layer, start), (layer + 1, end)])
                widths.append(1.6 * float(size[to, origin]))
        for y in self._y[0][there[0]]:
            ends.append([(-0.5, 0.5), (0, y)])
            widths.append(0.6)
        self._lines.set_segments(ends)
        self._lines.set(linewidth=widths, alpha=0.55)


class _Bars(Part):
    """The probabilities of this pass, and marks for those of evaluation mode."""

    grid = False

    def draw(self, ax: Axes, state: Pass) -> None:
        classes = len(state.output)
        y = _heights(classes)
        ax.set(xlim=(0, 1), ylim=(-0.04, 1.04), xlabel="probability")
        ax.set_yticks(y, [str(c) for c in range(classes)], fontsize=FONT_SIZE - 1)
        ax.tick_params(axis="y", length=0)
        step = float(y[0] - y[1]) if classes > 1 else 0.5
        bars = ax.barh(y, np.zeros(classes), height=0.6 * step, color=COLORS[0], label="this pass")
        self._bars = [self.moves(bar) for bar in bars.patches]
        self._marks = self.line(
            "|", color="black", markersize=11, mew=2, clip_on=False, label="evaluation mode"
        )
        self._marks.set_data(np.zeros(classes), y)
        legend_above(ax)

    def update(self, state: Pass) -> None:
        for bar, probability in zip(self._bars, state.output, strict=True):
            bar.set_width(float(probability))
        self._marks.set_xdata(state.steady)


def _heights(count: int) -> Array:
    """`count` places from top to bottom."""
    return np.linspace(1, 0, count) if count > 1 else np.array([0.5])
