"""Lesson 04's panel to look inside: what arrives at each layer's units while a network learns."""

from collections.abc import Iterator
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
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels.batchnorm.compared import RUNS, Series
from course_utils.panels.runs import classes_of
from course_utils.plots import COLORS, Board, said_number, tidy
from course_utils.plots.style import FONT_SIZE, NEUTRAL

MODES = ("training", "evaluation")
MOST_SENT = 300  # training images that are sent through to measure
LIMIT = 20.0  # of the picture, whose middle from -1 to 1 is linear and the rest logarithmic
TICKS = (-10, -1, 0, 1, 10)

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Arrived:
    """Mean and standard deviation, over the training images, of what arrives at each unit's ReLU.

    Both are [runs, modes, layers, seeds, epochs + 1, units], in the order of `RUNS` and `MODES`,
    NaN where an epoch has not been trained yet. `fleet` holds the networks.
    """

    mean: Array
    std: Array
    fleet: Fleet

    def spreads(self, run: int, mode: int, layer: int) -> Array:
        """The middle unit's standard deviation, [epochs + 1, seeds]."""
        return np.median(self.std[run, mode, layer], axis=-1).T

    @property
    def epoch(self) -> int:
        """Up to which epoch there are numbers."""
        return self.fleet.epoch


def activations(
    data: Dataset,
    norm: LayerOfWidth = nn.BatchNorm1d,
    *,
    layers: int = 4,
    width: int = 64,
    lr: float = 8e-3,
    epochs: int = 12,
    batch_size: int = 100,
    seeds: int = 8,
) -> Sweep:
    """The slider goes through the epochs: what each unit of a layer is given, with and without.

    Args:
        data: images or points with class labels.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        layers: hidden layers, of `width` units each.

    In training mode all training images are one batch (the first 300 of them). The panel's
    `result` is an `Arrived`.
    """
    classes, data = classes_of(data), data.scored_on()
    sent = data.x_train[:MOST_SENT]
    trained: list[Arrived] = []

    def build(layer: LayerOfWidth | None) -> Run:
        model = MLP(data.input_shape, (width,) * layers, classes, norm_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

    def train(layer: int, mode: str) -> Iterator[Arrived]:
        if trained:  # the other controls only choose what is shown of it
            yield trained[0]
            return
        shape = (len(RUNS), len(MODES), layers, seeds, epochs + 1, width)
        fleets = iter_fleet(
            build, data, values=[norm, None], seeds=seeds, epochs=epochs, batch_size=batch_size
        )
        state = None
        for fleet in fleets:
            state = state or Arrived(np.full(shape, np.nan), np.full(shape, np.nan), fleet)
            for run, m, seed in np.ndindex(len(RUNS), len(MODES), seeds):
                given = what_arrives(fleet.model(run, seed), sent, training=m == 0)
                std, mean = torch.std_mean(torch.stack(given), dim=1, correction=0)
                here = (run, m, slice(None), seed, fleet.epoch)
                state.mean[here], state.std[here] = mean.numpy(), std.numpy()
            yield state
        if state is not None:
            trained.append(state)

    return sweep(
        train,
        _InputsBoard(epochs, width),
        name="epoch",
        values=slider(range(epochs + 1), start=epochs),
        controls={
            "layer": choice(range(1, layers + 1), start=layers),
            "mode": choice(MODES),
        },
        epochs=epochs,
        title="What arrives at each unit, with batch norm and without",
    )


@torch.no_grad()
def what_arrives(model: nn.Module, x: Tensor, *, training: bool) -> list[Tensor]:
    """What x [n, ...] becomes in front of each ReLU of `model`, each [n, units].

    In training mode x is one batch. The model's mode and running statistics stay as they are.
    """
    found: list[Tensor] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, given: found.append(given[0]))
        for module in model.modules()
        if isinstance(module, nn.ReLU)
    ]
    try:
        in_mode(model, x, training=training)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@torch.no_grad()
def in_mode(model: nn.Module, x: Tensor, *, training: bool) -> Tensor:
    """``model(x)`` in that mode, for a look: mode and running statistics stay as they are."""
    was_training = [(module, module.training) for module in model.modules()]
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    model.train(training)
    try:
        outputs: Tensor = model(x)
    finally:
        for module, mode in was_training:
            module.training = mode
        for buffer, value in kept:
            buffer.copy_(value)
    return outputs


class _InputsBoard(Board):
    """Each unit's inputs with batch norm and without, at one epoch; their spread over epochs."""

    def __init__(self, epochs: int, width: int) -> None:
        super().__init__(columns=3, width=9.2, height=3.3, widths=[1.0, 1.0, 1.1])
        self.units = [self.add(_Units(ax, width)) for ax in self.axes[:2]]
        for ax, name in zip(self.axes, RUNS, strict=False):
            ax.set_title(f"{name}, seed 0", fontsize=FONT_SIZE + 1)
        self.axes[0].set_ylabel("given to the ReLU: mean ± std", fontsize=FONT_SIZE)
        self.spread = self.add(Series(self.axes[2], split="train", markers=False))
        self.axes[2].set(xlim=(0, epochs), ylim=(0.01, 20), yscale="log")
        self.axes[2].set_xlabel("epoch", fontsize=FONT_SIZE)
        self.axes[2].set_ylabel("spread of the middle unit (log scale)", fontsize=FONT_SIZE)

    def update(self, at: At) -> None:
        state, layer, mode, epoch = _where(at)
        for run, units in enumerate(self.units):
            here = (run, mode, layer, 0, epoch)
            units.update(state.mean[here], state.std[here])
        x = np.arange(state.mean.shape[4])
        for run, name in enumerate(RUNS):
            self.spread.update(name, x, state.spreads(run, mode, layer))
        self.spread.mark(epoch)

    def describe(self, at: At) -> str:
        state, layer, mode, epoch = _where(at)
        parts = []
        for run, name in enumerate(RUNS):
            spread = said_number(state.spreads(run, mode, layer)[epoch])
            std = state.std[run, mode, layer, 0, epoch]
            parts.append(
                f"{name} the middle unit's inputs spread by {spread}, in seed 0 from "
                f"{std.min():.2f} to {std.max():.2f}"
            )
        seeds = state.mean.shape[3]
        return (
            f"epoch {epoch}, layer {layer + 1}, {MODES[mode]} mode: {'; '.join(parts)}; "
            f"{seeds} seed{'s' if seeds > 1 else ''}"
        )


def _where(at: At) -> tuple[Arrived, int, int, int]:
    """The state, and the places of layer, mode and epoch in it."""
    state: Arrived = at.result
    mode = MODES.index(at.settings["mode"])
    return state, at.settings["layer"] - 1, mode, min(at.value, state.epoch)


class _Units:
    """A line from mean - std to mean + std for each unit, and a dot at the mean, in order."""

    def __init__(self, ax: Axes, width: int) -> None:
        tidy(ax)
        ax.set_xlim(-1, width)
        ax.set_xticks([])
        ax.set_xlabel("units, in the order of their means", fontsize=FONT_SIZE)
        ax.axhline(0, color=NEUTRAL, linewidth=1)
        ax.set_yscale("symlog", linthresh=1)
        ax.set_ylim(-LIMIT, LIMIT)
        ax.set_yticks(TICKS, [str(tick) for tick in TICKS])
        ax.minorticks_off()
        ax.axhspan(-LIMIT, 0, color="#eeeeee", zorder=0)  # what does not pass the ReLU
        self._x = np.arange(width)
        self._lines = LineCollection([], colors=COLORS[0], linewidths=1.6, alpha=0.6)
        ax.add_collection(self._lines, autolim=False)
        (self._dots,) = ax.plot([], [], "o", color="black", markersize=2.5)

    @property
    def artists(self) -> list[Artist]:
        """The lines and the dots on them."""
        return [self._lines, self._dots]

    def update(self, mean: Array, std: Array) -> None:
        """Show both, each [units]."""
        order = np.argsort(mean)
        middle, half = mean[order], std[order]
        ends = zip(self._x, middle - half, middle + half, strict=True)
        self._lines.set_segments([np.array([(x, low), (x, high)]) for x, low, high in ends])
        self._dots.set_data(self._x, middle)
