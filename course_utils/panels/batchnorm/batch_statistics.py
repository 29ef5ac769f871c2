"""Lesson 04's panel for the batch: how many samples a network is normalized with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels.batchnorm.compared import RUNS, LossCurves, Series
from course_utils.panels.batchnorm.layer_inputs import in_mode
from course_utils.panels.runs import classes_of
from course_utils.panels.votes import Votes
from course_utils.plots import COLORS, Board, ValueAxis, said_accuracy, said_gain
from course_utils.plots.style import FONT_SIZE

SIZES = (2, 10, 50, 250)
NOISES = (0.0, 0.2)
EQUAL = ("steps", "epochs")
STEPS, EPOCHS = 250, 10  # of training, where these are what is equal
MOST_SAMPLES = 500  # training samples that are used
IMAGES = 8  # validation images to choose from
DRAWS = 100  # times that an image meets other companions
MOST_BATCHES = 20  # batches that a score in training mode is taken from
TOP = 2.0  # of the loss axis
LINES = ("with, evaluation mode", "with, training mode", "without")

Array = NDArray[Any]


@dataclass(eq=False)
class Sizes:
    """What training with each batch size gave.

    `fleets` by size, each over `RUNS`; `training_mode` [seeds] by size is the validation accuracy
    of batch norm in training mode, in batches of that size, and `differ` [seeds] how much of a
    sample's probability mass then lies elsewhere than in evaluation mode. `votes` [draws, classes]
    by size are the probabilities of one image with different companions, `steady` [classes] those
    of evaluation mode, both from seed 0.
    """

    sizes: list[int]
    seeds: int
    label: int
    fleets: dict[int, Fleet] = field(default_factory=dict)
    training_mode: dict[int, Array] = field(default_factory=dict)
    differ: dict[int, Array] = field(default_factory=dict)
    votes: dict[int, Array] = field(default_factory=dict)
    steady: dict[int, Array] = field(default_factory=dict)

    def accuracies(self, run: int) -> Array:
        """Validation accuracy in evaluation mode after training, [sizes, seeds]."""
        none = np.full(self.seeds, np.nan)
        done = (self.fleets.get(size) for size in self.sizes)
        return np.array([none if f is None else f.val_acc[run, :, f.epoch] for f in done])

    def in_training_mode(self) -> Array:
        """`training_mode` as [sizes, seeds]; NaN where it has not been measured yet."""
        none = np.full(self.seeds, np.nan)
        return np.array([self.training_mode.get(size, none) for size in self.sizes])


def batch_size(
    data: Dataset,
    norm: LayerOfWidth = nn.BatchNorm1d,
    sizes: Sequence[int] = SIZES,
    *,
    width: int = 32,
    lr: float = 8e-3,
    seeds: int = 8,
) -> Sweep:
    """The slider is the batch size: what its statistics are worth, with equal steps or epochs.

    Args:
        data: images or points with class labels; of many training samples 500 are used.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        sizes: samples in a batch, 2 or more, rising; those larger than the data set are left out.
        width: units in each of the two hidden layers.

    The panel's `result` is a `Sizes`.
    """
    classes = classes_of(data)
    if min(sizes) < 2:
        raise ValueError(
            f"batch norm needs 2 samples or more in a batch, got sizes {tuple(sizes)}; "
            "the variance of one sample is 0"
        )
    sizes = [size for size in sizes if size <= data.n_train]
    used = _without_a_single_rest(min(data.n_train, MOST_SAMPLES), sizes)
    kept = data.subset(used).scored_on()
    trained: dict[tuple[str, float], Sizes] = {}

    def build(layer: LayerOfWidth | None) -> Run:
        model = MLP(data.input_shape, (width, width), classes, norm_layer=layer)
        return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

    def train(image: int, noise: float, equal: str) -> Iterator[Sizes]:
        known = trained.get((equal, noise))
        state = Sizes(sizes, seeds, int(kept.y_val[image - 1]))
        for size in sizes:
            if known is not None:
                state.fleets[size] = known.fleets[size]
                state.training_mode[size] = known.training_mode[size]
                state.differ[size] = known.differ[size]
            else:
                fleets = iter_fleet(
                    build,
                    lambda _, seed: kept.with_label_noise(noise, seed),
                    values=[norm, None],
                    seeds=seeds,
                    epochs=epochs_of(size, kept.n_train, equal),
                    batch_size=size,
                )
                for fleet in fleets:
                    state.fleets[size] = fleet
                    yield state
                models = [state.fleets[size].model(0, s) for s in range(seeds)]
                measured = [in_batches(model, kept, size) for model in models]
                state.training_mode[size], state.differ[size] = np.array(measured).T
            model = state.fleets[size].model(0, 0)
            state.votes[size] = with_companions(model, kept, image - 1, size)
            shown = kept.x_val[image - 1 : image]
            state.steady[size] = in_mode(model, shown, training=False).softmax(1)[0].numpy()
            yield state
        trained[equal, noise] = state

    return sweep(
        train,
        _SizesBoard(sizes, classes),
        name="batch size",
        values=slider(sizes, start=sizes[min(1, len(sizes) - 1)]),
        controls={
            "image": slider(range(1, min(IMAGES, len(kept.y_val)) + 1)),
            "noise": choice(NOISES, label="label noise", say=lambda share: f"{share:.0%}"),
            "equal": choice(EQUAL, label="the same number of"),
        },
        epochs=sum(epochs_of(size, kept.n_train, EQUAL[0]) + 2 for size in sizes),
        title="Batch size, and what is normalized with it",
    )


def epochs_of(size: int, n_train: int, equal: str) -> int:
    """How many epochs to train with batches of `size`; of equal steps a whole number of epochs."""
    if equal == "epochs":
        return EPOCHS
    return max(1, round(STEPS / -(-n_train // size)))


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


class _SizesBoard(Board):
    """One image among companions, the loss while training, and accuracies against batch size."""

    def __init__(self, sizes: Sequence[int], classes: int) -> None:
        super().__init__(columns=3, width=9.4, height=3.5, widths=[1.0, 1.0, 1.05])
        one, loss, accuracy = self.axes
        self.one = self.add(
            Votes(
                one, classes, DRAWS, color=COLORS[2], ylabel="probability, one image, seed 0",
                title=f"in {DRAWS} batches (dots), evaluation (bar)",
            )
        )  # fmt: skip
        self.loss = self.add(LossCurves(loss, top=TOP))
        self.accuracy = self.add(Series(accuracy, LINES, styles=(0, 2, 1)))
        self._places = ValueAxis(sizes)
        self._places.apply(accuracy, "batch size")
        accuracy.set_ylim(0, 1.02)
        accuracy.set_ylabel("validation accuracy", fontsize=FONT_SIZE)
        self._equal = ""

    def update(self, at: At) -> None:
        state: Sizes = at.result
        self._fit(at.settings["equal"])
        if fleet := state.fleets.get(at.value):
            x = np.linspace(0, self._length(at), fleet.epochs + 1)
            self.loss.update(x, fleet.train_loss, fleet.val_loss)
        else:
            none = np.full((len(RUNS), state.seeds, 1), np.nan)
            self.loss.update([0.0], none, none)
        self.one.update(state.votes.get(at.value), state.steady.get(at.value))
        found = (state.accuracies(0), state.in_training_mode(), state.accuracies(1))
        for name, samples in zip(LINES, found, strict=True):
            self.accuracy.update(name, self._places.positions, samples)
        self.accuracy.mark(self._places.position(at.index))

    def _fit(self, equal: str) -> None:
        if equal != self._equal:
            self._equal = equal
            self.axes[1].set_xlim(0, STEPS if equal == "steps" else EPOCHS)
            self.axes[1].set_xlabel(equal.removesuffix("s"), fontsize=FONT_SIZE)
            self.redraw_background()

    def _length(self, at: At) -> float:
        return STEPS if at.settings["equal"] == "steps" else EPOCHS

    def describe(self, at: At) -> str:
        state: Sizes = at.result
        size, i = at.value, at.index
        if size not in state.votes:
            return f"batch size {size}: training"
        with_it, without = state.accuracies(0)[i], state.accuracies(1)[i]
        counts = np.bincount(state.votes[size].argmax(1))
        order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] > 0][:3]
        said = ", ".join(f"{c} in {counts[c]}" for c in order)
        trained = f"{STEPS} steps" if at.settings["equal"] == "steps" else f"{EPOCHS} epochs"
        return (
            f"batch size {size}, {trained}: validation accuracy {said_accuracy(with_it)} with "
            f"batch norm, {said_gain(with_it, without)} over none, {state.seeds} paired seeds; in "
            f"training mode {said_accuracy(state.training_mode[size])}, and "
            f"{said_accuracy(state.differ[size])} of the probability lies elsewhere; the image "
            f"shows {state.label} and is taken for {said} of {len(state.votes[size])} batches"
        )
