"""Lesson 04's panel about the batch: how many samples a network is normalized with."""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.batch_modes import DRAWS
from course_utils.experiments.batch_sizes import (
    LENGTH,
    LOOKS,
    Sizes,
    epochs_of,
    train_sizes,
    without_a_single_rest,
)
from course_utils.experiments.runs import adam_run, classes_of, labeled
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import LayerOfWidth
from course_utils.panels import AgainstValues, OverTraining, Probabilities, noise_choice
from course_utils.panels.batchnorm.parts import LOSSES, losses_of
from course_utils.plots import COLORS, Array, PartsBoard, accuracy_text, gain_text

SIZES = (2, 10, 50, 250)
MOST_SAMPLES = 500  # training samples that are used
IMAGES = 8  # the first of the validation images, to choose from
FIRST = 2  # is shown first: of lesson 04's digits one that the networks of larger batches can read
STYLES = {
    "with, evaluation mode": (0, "--"),
    "with, training mode": (2, "--"),
    "without": (1, "--"),
}


def batch_size(
    data: Dataset, norm: LayerOfWidth = nn.BatchNorm1d, sizes: Sequence[int] = SIZES, *,
    width: int = 32, seeds: int = 8,
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
    used = without_a_single_rest(min(data.n_train, MOST_SAMPLES), sizes)
    kept = labeled(data).subset(used)
    images = min(IMAGES, len(kept.y_val))
    length = {equal: budgeted(count) for equal, count in LENGTH.items()}
    epochs = {equal: {n: epochs_of(n, used, equal) for n in sizes} for equal in LENGTH}

    def train(noise: float, equal: str) -> Iterator[Sizes]:
        return train_sizes(
            lambda layer: adam_run(data, (width, width), lr=8e-3, norm_layer=layer),
            kept, noise, epochs[equal], values=[norm, None], seeds=seeds,
        )  # fmt: skip

    def places(at: At) -> Array:
        equal = at.settings["equal"]
        return np.linspace(0, length[equal], epochs[equal][at.value] + 1)

    def say(at: At) -> str:
        equal = at.settings["equal"]
        return f"batch size {at.value}, {length[equal]} {equal}: {_scores_text(at)}"

    parts = [
        Probabilities(
            classes_of(data), DRAWS, lambda at: at.result.answers(at.value, _image(at)),
            color=COLORS[2], title=f"in {DRAWS} batches (dots), evaluation (bar)",
            ylabel="probability, one image, seed 0", describe=_say_classes,
        ),
        OverTraining(
            _losses, LOSSES, (0, 2), "cross-entropy",
            places=places, xlabel=lambda at: at.settings["equal"].removesuffix("s"),
        ),
        AgainstValues(_accuracies, STYLES, (0, 1.02), "validation accuracy"),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, width=9.4, height=3.5, widths=[1.0, 1.0, 1.05], say=say),
        name="batch size",
        values=slider(sizes, start=sizes[min(1, len(sizes) - 1)]),
        controls={
            "image": slider(range(1, images + 1), start=min(FIRST, images), trains=False),
            "noise": noise_choice(start=0.0),
            "equal": choice(list(LENGTH), label="the same number of"),
        },
        epochs=sum(min(count, LOOKS) + 2 for count in epochs["steps"].values()),
        counted="part",
        title="Batch size, and what is normalized with it",
    )


def _image(at: At) -> int:
    return int(at.settings["image"]) - 1


def _say_classes(at: At, taken: str) -> str:
    label = at.result.data.y_val[_image(at)]
    return f"the image shows {label} and is taken for {taken} of {DRAWS} batches"


def _losses(at: At) -> dict[str, Array]:
    fleet = at.result.fleets.get(at.value)
    return losses_of(fleet, 0, 1) if fleet else {}


def _accuracies(at: At) -> dict[str, Array]:
    found = at.result.accuracies(0), at.result.in_training_mode(), at.result.accuracies(1)
    return dict(zip(STYLES, found, strict=True))


def _scores_text(at: At) -> str:
    state, size = at.result, at.value
    if size not in state.training_mode:
        return "training"
    with_it, without = (state.accuracies(run)[at.index] for run in (0, 1))
    return (
        f"validation accuracy {accuracy_text(with_it)} with batch norm, "
        f"{gain_text(with_it, without)} over none, {state.seeds} paired seeds; in training mode "
        f"{accuracy_text(state.training_mode[size])}; from one mode to the other "
        f"{accuracy_text(state.differ[size])} of the probability moves to another class"
    )
