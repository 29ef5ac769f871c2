"""Lesson 04's panel for the batch: how many samples a network is normalized with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import LayerOfWidth
from course_utils.panels.batchnorm.compared import LossCurves, ValidationAccuracy
from course_utils.panels.batchnorm.layer_inputs import in_mode
from course_utils.panels.probabilities import Probabilities
from course_utils.panels.runs import adam_run, classes_of, labeled, noise_choice
from course_utils.plots import COLORS, PartsBoard, said_accuracy, said_gain

SIZES = (2, 10, 50, 250)
LENGTH = {"steps": 250, "epochs": 10}  # of training, where these are what is equal
MOST_SAMPLES = 500  # training samples that are used
IMAGES = 8  # validation images to choose from
DRAWS = 100  # times that an image meets other companions
MOST_BATCHES = 20  # batches that a score in training mode is taken from
STYLES = {"with, evaluation mode": 0, "with, training mode": 2, "without": 1}

Array = NDArray[Any]


@dataclass(eq=False)
class Sizes:
    """What training with each batch size gave, by size.

    `fleets` are over "with batch norm" and "without"; `training_mode` [seeds] is the validation
    accuracy of batch norm in training mode, in batches of that size, and `differ` [seeds] how much
    of a sample's probability mass then lies elsewhere than in evaluation mode.
    """

    sizes: list[int]
    seeds: int
    fleets: dict[int, Fleet] = field(default_factory=dict)
    training_mode: dict[int, Array] = field(default_factory=dict)
    differ: dict[int, Array] = field(default_factory=dict)

    def accuracies(self, run: int) -> Array:
        """Validation accuracy in evaluation mode after training, [sizes, seeds]."""
        return self._by_size({n: f.val_acc[run, :, f.epoch] for n, f in self.fleets.items()})

    def in_training_mode(self) -> Array:
        """`training_mode` as [sizes, seeds]."""
        return self._by_size(self.training_mode)

    def _by_size(self, found: dict[int, Array]) -> Array:
        """NaN where there is nothing yet."""
        return np.array([found.get(size, np.full(self.seeds, np.nan)) for size in self.sizes])


def batch_size(
    data: Dataset, norm: LayerOfWidth = nn.BatchNorm1d, sizes: Sequence[int] = SIZES, *,
    width: int = 32, lr: float = 8e-3, seeds: int = 8,
) -> Sweep:  # fmt: skip
    """The slider is the batch size: what its statistics are worth, with equal steps or epochs.

    Args:
        data: images or points with class labels; of many training samples 500 are used.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        sizes: samples in a batch, 2 or more, rising; those larger than the data set are left out.
        width: units in each of the two hidden layers.

    The panel's `result` is a `Sizes`.
    """
    if min(sizes) < 2:
        raise ValueError(
            f"batch norm needs 2 samples or more in a batch, got sizes {tuple(sizes)}; "
            "the variance of one sample is 0"
        )
    sizes = [size for size in sizes if size <= data.n_train]
    used = _without_a_single_rest(min(data.n_train, MOST_SAMPLES), sizes)
    kept = labeled(data).subset(used)
    length = {equal: budgeted(count) for equal, count in LENGTH.items()}
    epochs = {(n, equal): epochs_of(n, used, equal) for n in sizes for equal in LENGTH}

    def build(layer: LayerOfWidth | None) -> Run:
        return adam_run(data, (width, width), lr=lr, norm_layer=layer)

    def train(noise: float, equal: str) -> Iterator[Sizes]:
        state = Sizes(sizes, seeds)
        for size in sizes:
            fleets = iter_fleet(
                build,
                lambda _, seed: kept.with_label_noise(noise, seed),
                values=[norm, None],
                seeds=seeds,
                epochs=epochs[size, equal],
                batch_size=size,
            )
            for fleet in fleets:
                state.fleets[size] = fleet
                yield state
            models = [state.fleets[size].model(0, s) for s in range(seeds)]
            measured = [in_batches(model, kept, size) for model in models]
            state.training_mode[size], state.differ[size] = np.array(measured).T
            yield state

    def one_image(at: At) -> tuple[Array, Array] | None:
        if at.value not in at.result.training_mode:
            return None
        model, index = at.result.fleets[at.value].model(0, 0), at.settings["image"] - 1
        steady = in_mode(model, kept.x_val[index : index + 1], training=False).softmax(1)[0]
        return with_companions(model, kept, index, at.value), steady.numpy()

    def losses(at: At) -> tuple[ArrayLike, Array, Array]:
        if at.value not in at.result.fleets:
            return [0.0], *np.full((2, 2, seeds, 1), np.nan)
        fleet = at.result.fleets[at.value]
        x = np.linspace(0, length[at.settings["equal"]], fleet.epochs + 1)
        return x, fleet.train_loss, fleet.val_loss

    def axis(at: At) -> tuple[float, str]:
        return length[at.settings["equal"]], at.settings["equal"].removesuffix("s")

    def accuracies(at: At) -> dict[str, Array]:
        found = at.result.accuracies(0), at.result.in_training_mode(), at.result.accuracies(1)
        return dict(zip(STYLES, found, strict=True))

    votes = Probabilities(
        classes_of(data), DRAWS, one_image, color=COLORS[2],
        ylabel="probability, one image, seed 0",
        title=f"in {DRAWS} batches (dots), evaluation (bar)",
    )  # fmt: skip

    def say(at: At) -> str:
        state, size, equal = at.result, at.value, at.settings["equal"]
        if size not in state.training_mode:
            return f"batch size {size}: training"
        with_it, without = (state.accuracies(run)[at.index] for run in (0, 1))
        return (
            f"batch size {size}, {length[equal]} {equal}: validation accuracy "
            f"{said_accuracy(with_it)} with batch norm, {said_gain(with_it, without)} over none, "
            f"{seeds} paired seeds; in training mode {said_accuracy(state.training_mode[size])}, "
            f"and {said_accuracy(state.differ[size])} of the probability lies elsewhere; the image "
            f"shows {kept.y_val[at.settings['image'] - 1]} and is taken for {votes.taken_for()} of "
            f"{DRAWS} batches"
        )

    parts = [votes, LossCurves(losses, top=2.0, axis=axis), ValidationAccuracy(accuracies, STYLES)]
    return sweep(
        train,
        PartsBoard(parts, width=9.4, height=3.5, widths=[1.0, 1.0, 1.05], say=say),
        name="batch size",
        values=slider(sizes, start=sizes[min(1, len(sizes) - 1)]),
        controls={
            "image": slider(range(1, min(IMAGES, len(kept.y_val)) + 1), trains=False),
            "noise": noise_choice(start=0.0),
            "equal": choice(list(LENGTH), label="the same number of"),
        },
        epochs=sum(epochs[size, "steps"] + 2 for size in sizes),
        title="Batch size, and what is normalized with it",
    )


def epochs_of(size: int, n_train: int, equal: str) -> int:
    """How many epochs to train with batches of `size`; of equal steps a whole number of epochs."""
    length = budgeted(LENGTH[equal])
    return length if equal == "epochs" else max(1, round(length / -(-n_train // size)))


def _without_a_single_rest(n: int, sizes: Sequence[int]) -> int:
    """The largest number up to n that leaves no batch with one sample, whatever the size."""
    return next(m for m in range(n, 0, -1) if all(m % size != 1 for size in sizes))


def with_companions(model: nn.Module, data: Dataset, index: int, size: int) -> Array:
    """Probabilities [draws, classes] of validation image `index` in training mode, each time in a
    batch of `size` with other training images, drawn at random."""
    draws = torch.Generator().manual_seed(index)
    votes = []
    for _ in range(DRAWS):
        others = torch.randperm(data.n_train, generator=draws)[: size - 1]
        batch = torch.cat([data.x_val[index : index + 1], data.x_train[others]])
        votes.append(in_mode(model, batch, training=True)[0].softmax(0))
    return torch.stack(votes).numpy()


def in_batches(model: nn.Module, data: Dataset, size: int) -> tuple[float, float]:
    """Validation accuracy in training mode, in random batches of `size`, and how far from the
    evaluation mode's its probabilities are: half the sum of the absolute differences."""
    size = min(size, len(data.y_val))
    order = torch.randperm(len(data.y_val), generator=torch.Generator().manual_seed(0))
    batches = order[: len(order) // size * size].split(size)[:MOST_BATCHES]
    said = torch.cat([in_mode(model, data.x_val[b], training=True) for b in batches]).softmax(1)
    asked = torch.cat(batches)
    steady = in_mode(model, data.x_val[asked], training=False).softmax(1)
    right = (said.argmax(1) == data.y_val[asked]).float().mean()
    return float(right), float((said - steady).abs().sum(1).mean()) / 2
