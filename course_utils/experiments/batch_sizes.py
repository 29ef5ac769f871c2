"""The results of training with different batch sizes, with batch norm and without."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.evidence import estimate, paired_difference
from course_utils.experiments.batch_modes import in_batches, in_mode, with_companions
from course_utils.fleet import Fleet, Run, iter_fleet

LENGTH = {"steps": 250, "epochs": 10}  # of training, where these are what is equal
LOOKS = 25  # so many epochs of a training are scored

Array = NDArray[Any]


@dataclass(eq=False)
class Sizes:
    """The results of training with each batch size, by size.

    `fleets` are over "with batch norm" and "without"; `training_mode` [seeds] is the validation
    accuracy of batch norm in training mode, in batches of that size, and `differ` [seeds] how much
    of a sample's probability mass then lies elsewhere than in evaluation mode. `data` holds the
    true labels, and the validation samples that were asked about.
    """

    data: Dataset
    sizes: list[int]
    seeds: int
    fleets: dict[int, Fleet] = field(default_factory=dict)
    training_mode: dict[int, Array] = field(default_factory=dict)
    differ: dict[int, Array] = field(default_factory=dict)
    _answers: dict[tuple[int, int], tuple[Array, Array]] = field(default_factory=dict)

    def accuracies(self, run: int) -> Array:
        """Validation accuracy in evaluation mode after training, [sizes, seeds]."""
        return self._by_size({n: f.val_acc[run, :, f.epoch] for n, f in self.fleets.items()})

    def report(self) -> str:
        """A line for each size: how accurate it is, what batch norm gains, how the modes differ."""
        lines = []
        for i, size in enumerate(self.sizes):
            with_it, without = self.accuracies(0)[i], self.accuracies(1)[i]
            gain = paired_difference(with_it, without).points()
            moves = f"{estimate(self.differ[size]).percent()} of the probability moves"
            lines.append(
                f"{size:3}: {estimate(with_it).percent()}, {gain} over none; "
                f"{moves} between the modes"
            )
        return "\n".join(lines)

    def in_training_mode(self) -> Array:
        """`training_mode` as [sizes, seeds]."""
        return self._by_size(self.training_mode)

    def answers(self, size: int, index: int) -> tuple[Array, Array] | None:
        """Probabilities of validation image `index` after training with batches of `size`, seed 0.

        In training mode with many companions [draws, classes], and in evaluation mode [classes];
        None as long as that size trains.
        """
        if size not in self.training_mode:
            return None
        if (size, index) not in self._answers:  # a hundred batches take longer than the drawing
            model, data = self.fleets[size].model(0, 0), self.data
            steady = in_mode(model, data.x_val[index : index + 1], training=False).softmax(1)[0]
            many = with_companions(model, data, index, size)
            self._answers[size, index] = many, steady.numpy()
        return self._answers[size, index]

    def _by_size(self, found: dict[int, Array]) -> Array:
        """NaN where there is nothing yet."""
        return np.array([found.get(size, np.full(self.seeds, np.nan)) for size in self.sizes])


def train_sizes(
    build: Callable[[Any], Run], data: Dataset, noise: float, epochs: Mapping[int, int], *,
    values: Sequence[Any], seeds: int,
) -> Iterator[Sizes]:  # fmt: skip
    """Train a fleet for each batch size in turn, and yield the same growing `Sizes` on the way.

    Args:
        build: as in `iter_fleet`.
        noise: the share of the training labels that each seed redraws.
        epochs: of each batch size.
        values: what `build` takes, the value with batch norm first.
    """
    state = Sizes(data, list(epochs), seeds)

    def noisy(_: Any, seed: int) -> Dataset:
        return data.with_label_noise(noise, seed)

    for size, count in epochs.items():
        fleets = iter_fleet(
            build, noisy, values=values, seeds=seeds, epochs=count, batch_size=size,
            score_at=range(0, count, max(1, count // LOOKS)),
        )  # fmt: skip
        for fleet in fleets:
            state.fleets[size] = fleet
            yield state
        models = [state.fleets[size].model(0, s) for s in range(seeds)]
        measured = [in_batches(model, data, size) for model in models]
        state.training_mode[size], state.differ[size] = np.array(measured).T
        yield state


def epochs_of(size: int, n_train: int, equal: str) -> int:
    """The number of epochs for batches of `size`; for equal steps, rounded to whole epochs."""
    length = budgeted(LENGTH[equal])
    return length if equal == "epochs" else max(1, round(length / -(-n_train // size)))


def without_a_single_rest(n: int, sizes: Sequence[int]) -> int:
    """The largest number of samples up to n that leaves no batch of one sample for any size."""
    return next(m for m in range(n, 0, -1) if all(m % size != 1 for size in sizes))
