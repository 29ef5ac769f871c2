"""Batch norm in both modes: the inputs of inner layers, and the effect of other samples."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet
from course_utils.snapshot import evaluating

Array = NDArray[Any]

MODES = ("training", "evaluation")
DRAWS = 100  # batches of other images in which an image is scored
MOST_BATCHES = 20  # batches that a score in training mode is taken from


@dataclass(frozen=True, eq=False)
class Arrived:
    """Mean and standard deviation, over the training images, of what arrives at each unit's ReLU.

    Both are [runs, modes, layers, seeds, epochs + 1, units], NaN where an epoch has not been
    trained yet: a run for each value of `fleet`, which holds the networks, modes as in `MODES`.
    """

    mean: Array
    std: Array
    fleet: Fleet

    def spreads(self, run: int, mode: int, layer: int) -> Array:
        """The median of the units' standard deviations, [epochs + 1, seeds]."""
        return np.median(self.std[run, mode, layer], axis=-1).T

    @property
    def epoch(self) -> int:
        """The last epoch with numbers."""
        return self.fleet.epoch


def record_arrivals(fleets: Iterable[Fleet], x: Tensor) -> Iterator[Arrived]:
    """Record the inner activations of x [n, ...], one batch, in every network after each epoch."""
    state: Arrived | None = None
    for fleet in fleets:
        for run, mode, seed in np.ndindex(len(fleet.values), len(MODES), len(fleet.seeds)):
            given = what_arrives(fleet.model(run, seed), x, training=MODES[mode] == "training")
            std, mean = torch.std_mean(torch.stack(given), dim=1, correction=0)  # [layers, units]
            if state is None:
                layers, units = mean.shape
                shape = (len(fleet.values), len(MODES), layers, len(fleet.seeds), fleet.epochs + 1)
                nothing = np.full((2, *shape, units), np.nan)
                state = Arrived(nothing[0], nothing[1], fleet)
            here = (run, mode, slice(None), seed, fleet.epoch)
            state.mean[here], state.std[here] = mean.numpy(), std.numpy()
        assert state is not None, "a fleet has at least one network"
        yield state


@torch.no_grad()
def what_arrives(model: nn.Module, x: Tensor, *, training: bool) -> list[Tensor]:
    """The activations of x [n, ...] in front of each ReLU of `model`, each [n, units].

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
    """``model(x)`` in the mode given; the model's mode and running statistics are restored."""
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with evaluating(model):
            outputs: Tensor = model.train(training)(x)
    finally:
        for buffer, value in kept:
            buffer.copy_(value)
    return outputs


def with_companions(model: nn.Module, data: Dataset, index: int, size: int) -> Array:
    """Probabilities [draws, classes] of validation image `index` in training mode, each time in a
    batch of `size` with other training images, drawn at random."""
    draws = torch.Generator().manual_seed(index)
    probabilities = []
    for _ in range(DRAWS):
        others = torch.randperm(data.n_train, generator=draws)[: size - 1]
        batch = torch.cat([data.x_val[index : index + 1], data.x_train[others]])
        probabilities.append(in_mode(model, batch, training=True)[0].softmax(0))
    return torch.stack(probabilities).numpy()


def in_batches(model: nn.Module, data: Dataset, size: int) -> tuple[float, float]:
    """Validation accuracy in training mode, in random batches of `size`, and how far from the
    evaluation mode's its probabilities are: half the sum of the absolute differences."""
    size = min(size, len(data.y_val))
    order = torch.randperm(len(data.y_val), generator=torch.Generator().manual_seed(0))
    batches = order[: len(order) // size * size].split(size)[:MOST_BATCHES]
    probabilities = torch.cat(
        [in_mode(model, data.x_val[b], training=True) for b in batches]
    ).softmax(1)
    asked = torch.cat(batches)
    steady = in_mode(model, data.x_val[asked], training=False).softmax(1)
    right = (probabilities.argmax(1) == data.y_val[asked]).float().mean()
    return float(right), float((probabilities - steady).abs().sum(1).mean()) / 2
