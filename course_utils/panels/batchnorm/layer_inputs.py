"""Lesson 04's look inside: the inputs of each layer's units while a network learns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.batch_modes import MODES, Arrived, record_arrivals
from course_utils.experiments.runs import adam_run, labeled
from course_utils.fleet import iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import LayerOfWidth
from course_utils.panels import AgainstValues
from course_utils.panels.batchnorm.parts import RUNS
from course_utils.plots import COLORS, FONT_SIZE, NEUTRAL, Array, Part, PartsBoard, number_text

MOST_SENT = 300  # training images that are sent through to measure
LIMIT = 20.0  # of the picture, whose middle from -1 to 1 is linear and the rest logarithmic
TICKS = (-10, -1, 0, 1, 10)


def activations(
    data: Dataset, norm: LayerOfWidth = nn.BatchNorm1d, *, layers: int = 4, width: int = 64,
    epochs: int = 12, seeds: int = 8,
) -> Sweep:  # fmt: skip
    """The slider is the epoch: the inputs of each unit of a layer, with batch norm and without.

    Args:
        data: images or points with class labels.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        layers: hidden layers, of `width` units each.

    In training mode all training images are one batch (the first 300 of them). The panel's
    `result` is an `Arrived`.
    """
    data, epochs = labeled(data), budgeted(epochs)

    def train() -> Iterator[Arrived]:
        fleets = iter_fleet(
            lambda layer: adam_run(data, (width,) * layers, lr=8e-3, norm_layer=layer),
            data, values=[norm, None], seeds=seeds, epochs=epochs, batch_size=100,
        )  # fmt: skip
        return record_arrivals(fleets, data.x_train[:MOST_SENT])

    spread = AgainstValues(
        _spreads,
        {name: (i, "-") for i, name in enumerate(RUNS)},
        (0.01, 20),
        "median spread of the units (log scale)",
        yscale="log",
    )
    return sweep(
        train,
        PartsBoard(
            [_Units(0), _Units(1), spread], width=9.2, height=3.3, widths=[1.0, 1.0, 1.1], say=_say
        ),
        name="epoch",
        values=slider(range(epochs + 1), start=epochs),
        controls={
            "layer": choice(range(1, layers + 1), start=layers, trains=False),
            "mode": choice(MODES, trains=False),
        },
        epochs=epochs,
        title="What arrives at each unit, with batch norm and without",
    )


@dataclass(eq=False)
class _Units(Part):
    """A line from mean - std to mean + std for each unit, and a dot at the mean, in order."""

    run: int

    def draw(self, ax: Axes, at: At) -> None:
        width = at.result.mean.shape[-1]
        ax.set(xlim=(-1, width), xticks=[], xlabel="units, in the order of their means")
        if self.run == 0:
            ax.set_ylabel("given to the ReLU: mean ± std")
        ax.set_title(f"{RUNS[self.run]}, seed 0", fontsize=FONT_SIZE + 1)
        ax.axhline(0, color=NEUTRAL, linewidth=1)
        ax.set_yscale("symlog", linthresh=1)
        ax.set(ylim=(-LIMIT, LIMIT), yticks=TICKS, yticklabels=[str(tick) for tick in TICKS])
        ax.minorticks_off()
        ax.axhspan(-LIMIT, 0, color="#eeeeee", zorder=0)  # what does not pass the ReLU
        self._x = np.arange(width)
        self._lines = self.lines(colors=COLORS[0], linewidths=1.6, alpha=0.6)
        self._dots = self.line("o", color="black", markersize=2.5)

    def update(self, at: At) -> None:
        layer, mode, epoch = _where(at)
        here = (self.run, mode, layer, 0, epoch)
        order = np.argsort(at.result.mean[here])
        middle, half = at.result.mean[here][order], at.result.std[here][order]
        ends = zip(self._x, middle - half, middle + half, strict=True)
        self._lines.set_segments([np.array([(x, low), (x, high)]) for x, low, high in ends])
        self._dots.set_data(self._x, middle)


def _spreads(at: At) -> dict[str, Array]:
    """The median spread of the layer's units after each epoch, of both runs."""
    layer, mode, _ = _where(at)
    return {name: at.result.spreads(run, mode, layer) for run, name in enumerate(RUNS)}


def _where(at: At) -> tuple[int, int, int]:
    """The indices of layer, mode and epoch in the state."""
    mode = MODES.index(at.settings["mode"])
    return at.settings["layer"] - 1, mode, min(at.value, at.result.epoch)


def _say(at: At) -> str:
    state, (layer, mode, epoch) = at.result, _where(at)
    parts = []
    for run, name in enumerate(RUNS):
        spread = number_text(state.spreads(run, mode, layer)[epoch])
        std = state.std[run, mode, layer, 0, epoch]
        parts.append(
            f"{name} the units' inputs spread by {spread} in the median, those of seed 0 from "
            f"{std.min():.2f} to {std.max():.2f}"
        )
    seeds = state.mean.shape[3]
    return (
        f"epoch {epoch}, layer {layer + 1}, {MODES[mode]} mode: {'; '.join(parts)}; "
        f"{seeds} seed{'s' if seeds > 1 else ''}"
    )
