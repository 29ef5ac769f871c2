"""Lesson 03: a small trained network, drawn with the units that survive one forward pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.fleet import Run, train_fleet
from course_utils.live import Explore, choice, explore, slider
from course_utils.models import MLP
from course_utils.noise import SeededDraws
from course_utils.panels.runs import classes_of
from course_utils.plots import COLORS, Board, Mosaic
from course_utils.plots.style import FONT_SIZE, NEUTRAL

PS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
IMAGES = 8
DRAWS = 20
MODES = ("training", "evaluation")

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Pass:
    """One sample on its way through the network.

    `units` and `multipliers` are [layers, width]: what each hidden unit passes on, and what dropout
    multiplied it with (0: dropped). `said` and `steady` are [classes]: the probabilities of this
    pass, and those of evaluation mode.
    """

    image: Array
    label: int
    p: float
    draw: int
    mode: str
    units: Array
    multipliers: Array
    weights: list[Array]
    said: Array
    steady: Array


def mask(
    data: Dataset,
    layer: Callable[[float], nn.Module] = nn.Dropout,
    ps: Sequence[float] = PS,
    *,
    width: int = 16,
    epochs: int = 40,
) -> Explore:
    """A network and who is missing in it: another mask for every draw, none in evaluation mode.

    Args:
        data: images, or points with any number of features.
        layer: ``layer(p)`` is the dropout layer that trains and is drawn.
        ps: the values of p; one network is trained for each, at the start.
        width: units in each of the two hidden layers.

    The panel's `state` is the `Pass` on show.
    """
    classes = classes_of(data)
    ps = list(ps)

    def build(p: float) -> Run:
        model = MLP(data.input_shape, (width, width), classes, dropout=p, dropout_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=1e-2))

    fleet = train_fleet(build, data, values=ps, seeds=1, epochs=epochs, progress=False)

    def compute(draw: int, p: float, mode: str, image: int) -> Pass:
        chosen = ps.index(p)
        return forward(fleet.model(chosen, 0), data, image - 1, p=p, draw=draw, mode=mode)

    return explore(
        compute,
        _NetworkBoard(width, classes),
        controls={
            "draw": slider(range(1, DRAWS + 1), label="draw again"),
            "p": slider(ps, start=0.5 if 0.5 in ps else None),
            "mode": choice(MODES),
            "image": slider(range(1, min(IMAGES, len(data.x_val)) + 1)),
        },
        title="A network, and the units that survive",
    )


@torch.no_grad()
def forward(model: nn.Module, data: Dataset, index: int, *, p: float, draw: int, mode: str) -> Pass:
    """Send validation sample `index` through an `MLP` with dropout layers, layer by layer.

    Dropout multiplies, so what it does to ones tells what it does to anything.
    """
    x = data.x_val[index : index + 1]
    was_training = model.training
    model.eval()
    steady = model(x).softmax(1)[0]
    model.train(mode == "training")
    units: list[Tensor] = []
    multipliers: list[Tensor] = []
    weights = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    h = x
    with SeededDraws(1000 * index + draw):
        for layer in model.layers:  # type: ignore[union-attr]
            if isinstance(layer, nn.Flatten | nn.Linear | nn.ReLU):
                h = layer(h)
            else:
                multipliers.append(layer(torch.ones_like(h)))
                h = h * multipliers[-1]
                units.append(h)
    model.train(was_training)
    return Pass(
        image=_picture(x[0]), label=int(data.y_val[index]), p=p, draw=draw, mode=mode,
        units=torch.cat(units).numpy(), multipliers=torch.cat(multipliers).numpy(),
        weights=[w.numpy() for w in weights[1:]],
        said=h.softmax(1)[0].numpy(), steady=steady.numpy(),
    )  # fmt: skip


def _picture(sample: Tensor) -> Array:
    """A sample as one gray image: channels are averaged, anything else becomes one row."""
    if sample.ndim == 3:
        return np.asarray(sample.mean(0))
    return np.asarray(sample.reshape(1, -1) if sample.ndim != 2 else sample)


class _NetworkBoard(Board):
    """The image, the network, and the probabilities of its classes side by side."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__(columns=3, width=9.0, height=3.7, widths=[0.9, 2.6, 1.4])
        image, network, bars = self.axes
        self.image = self.add(Mosaic(image, 1, 1, title="the image"))
        self.network = self.add(_Network(network, width, classes))
        self.bars = self.add(_Bars(bars, classes))

    def update(self, state: Pass) -> None:
        low, high = float(state.image.min()), float(state.image.max())
        self.image.update((state.image[None] - low) / ((high - low) or 1.0))
        self.network.update(state)
        self.bars.update(state.said, state.steady)

    def describe(self, state: Pass) -> str:
        there = (state.multipliers != 0).sum(axis=1)
        width = state.multipliers.shape[1]
        best, steady = int(state.said.argmax()), int(state.steady.argmax())
        if state.mode == "evaluation":
            return (
                f"draw {state.draw}, evaluation mode, p = {state.p:g}: all units are there, "
                f"whatever is drawn; the image shows {state.label}, the network says {best} "
                f"({state.said[best]:.0%})"
            )
        kept = state.multipliers[state.multipliers != 0]
        times = f", multiplied by {kept[0]:.2f}" if len(kept) else ""
        return (
            f"draw {state.draw}, training mode, p = {state.p:g}: {there[0]} and {there[1]} of "
            f"{width} units survive{times}; the image shows {state.label}, this thinned network "
            f"says {best} ({state.said[best]:.0%}), the whole one {steady} "
            f"({state.steady[steady]:.0%})"
        )


class _Network:
    """Two hidden layers and the outputs: filled circles are there, crosses were dropped."""

    def __init__(self, ax: Axes, width: int, classes: int) -> None:
        ax.axis("off")
        ax.set(xlim=(-0.55, 2.3), ylim=(-0.04, 1.04))
        self._y = [_heights(width), _heights(width), _heights(classes)]
        self._lines = LineCollection([], colors=NEUTRAL)
        ax.add_collection(self._lines, autolim=False)
        places = np.array([(x, y) for x in (0, 1) for y in self._y[x]])
        self._hidden = places
        (self._gone,) = ax.plot([], [], "x", color=COLORS[1], markersize=7, markeredgewidth=1.6)
        self._there = ax.scatter(
            places[:, 0], places[:, 1], s=70, c=np.zeros(len(places)), cmap="Blues", vmin=0, vmax=1,
            edgecolors="black", linewidths=0.9, zorder=3,
        )  # fmt: skip
        self._outputs: list[Artist] = [
            ax.scatter(np.full(classes, 2.0), self._y[2], s=120, c="white", edgecolors="black"),
            *(
                ax.text(2.0, y, str(c), ha="center", va="center", fontsize=FONT_SIZE - 1.5)
                for c, y in enumerate(self._y[2])
            ),
        ]
        ax.set_title("circle: there, darker is more active    ×: dropped", fontsize=FONT_SIZE)

    @property
    def artists(self) -> list[Artist]:
        """The connections; over them the crosses of the dropped, and the circles of the others."""
        return [self._lines, self._gone, self._there, *self._outputs]

    def update(self, state: Pass) -> None:
        """Show who is there, how active they are, and the connections between them."""
        there = state.multipliers != 0
        alive = there.ravel()
        self._gone.set_data(self._hidden[~alive, 0], self._hidden[~alive, 1])
        self._there.set_offsets(self._hidden[alive])
        activity = state.units / max(float(state.units.max()), 1e-9)
        self._there.set_array(activity.ravel()[alive])
        segments: list[Array] = []
        widths: list[float] = []
        for layer, weights in enumerate(state.weights):  # [to, from]
            to_there = there[1] if layer == 0 else np.ones(len(weights), dtype=bool)
            size = np.abs(weights) / np.abs(weights).max()
            for to, origin in np.argwhere((size > 0.08) & to_there[:, None] & there[layer]):
                ends = [(layer, self._y[layer][origin]), (layer + 1, self._y[layer + 1][to])]
                segments.append(np.array(ends))
                widths.append(1.6 * float(size[to, origin]))
        for y in self._y[0][there[0]]:
            segments.append(np.array([(-0.5, 0.5), (0, y)]))
            widths.append(0.6)
        self._lines.set_segments(segments)
        self._lines.set_linewidth(widths)
        self._lines.set_alpha(0.55)


class _Bars:
    """What this pass says of each class, and a mark for what evaluation mode says."""

    def __init__(self, ax: Axes, classes: int) -> None:
        y = _heights(classes)
        ax.set(xlim=(0, 1), ylim=(-0.04, 1.04))
        ax.set_yticks(y, [str(c) for c in range(classes)], fontsize=FONT_SIZE - 1)
        ax.tick_params(axis="x", labelsize=FONT_SIZE - 1)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xlabel("probability", fontsize=FONT_SIZE)
        step = float(y[0] - y[1]) if classes > 1 else 0.5
        self._bars = ax.barh(y, np.zeros(classes), height=0.6 * step, color=COLORS[0])
        (self._marks,) = ax.plot(
            np.zeros(classes), y, "|", color="black", markersize=11, markeredgewidth=2,
            clip_on=False,
        )  # fmt: skip
        ax.legend(
            [self._bars, self._marks], ["this pass", "evaluation mode"],
            loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=2, fontsize=FONT_SIZE - 1,
            frameon=False, borderpad=0.2, columnspacing=1.0, handlelength=1.2,
        )  # fmt: skip

    @property
    def artists(self) -> list[Artist]:
        """The bars and, over them, the marks."""
        return [*self._bars.patches, self._marks]

    def update(self, said: Array, steady: Array) -> None:
        """Show both, each [classes]."""
        for bar, probability in zip(self._bars.patches, said, strict=True):
            bar.set_width(float(probability))
        self._marks.set_xdata(steady)


def _heights(count: int) -> Array:
    """`count` places from top to bottom."""
    return np.linspace(1, 0, count) if count > 1 else np.array([0.5])
