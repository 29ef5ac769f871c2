"""Lesson 04's panel about the batch: how many samples a network is normalized with."""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.batch_modes import DRAWS, in_mode, with_companions
from course_utils.experiments.batch_sizes import (
    LENGTH,
    LOOKS,
    Sizes,
    epochs_of,
    train_sizes,
    without_a_single_rest,
)
from course_utils.experiments.runs import adam_run, classes_of, labeled
from course_utils.fleet import Run
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import LayerOfWidth
from course_utils.panels.batchnorm.parts import LossCurves, ValidationAccuracy
from course_utils.panels.controls import noise_choice
from course_utils.panels.probabilities import Probabilities
from course_utils.plots import COLORS, Array, PartsBoard, accuracy_text, gain_text

SIZES = (2, 10, 50, 250)
MOST_SAMPLES = 500  # training samples that are used
IMAGES = 8  # validation images to choose from
STYLES = {"with, evaluation mode": 0, "with, training mode": 2, "without": 1}


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
    used = without_a_single_rest(min(data.n_train, MOST_SAMPLES), sizes)
    kept = labeled(data).subset(used)
    length = {equal: budgeted(count) for equal, count in LENGTH.items()}
    epochs = {equal: {n: epochs_of(n, used, equal) for n in sizes} for equal in LENGTH}

    def build(layer: LayerOfWidth | None) -> Run:
        return adam_run(data, (width, width), lr=lr, norm_layer=layer)

    def train(noise: float, equal: str) -> Iterator[Sizes]:
        return train_sizes(build, kept, noise, epochs[equal], values=[norm, None], seeds=seeds)

    def axis(at: At) -> tuple[float, str]:
        return length[at.settings["equal"]], at.settings["equal"].removesuffix("s")

    def losses(at: At) -> tuple[Array, Array, Array]:
        fleet = at.result.fleets.get(at.value)
        if fleet is None:
            return np.zeros(1), *np.full((2, 2, seeds, 1), np.nan)
        scored = ~np.isnan(fleet.val_loss).all((0, 1))
        x = np.linspace(0, axis(at)[0], fleet.epochs + 1)[scored]
        return x, fleet.train_loss[..., scored], fleet.val_loss[..., scored]

    def say(at: At) -> str:
        equal = at.settings["equal"]
        return f"batch size {at.value}, {length[equal]} {equal}: {_scores_text(at)}"

    probabilities = Probabilities(
        classes_of(data), DRAWS, _probabilities, color=COLORS[2], describe=_say_classes,
        ylabel="probability, one image, seed 0",
        title=f"in {DRAWS} batches (dots), evaluation (bar)",
    )  # fmt: skip
    parts = [
        probabilities,
        LossCurves(losses, top=2.0, axis=axis),
        ValidationAccuracy(_accuracies, STYLES),
    ]
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
        epochs=sum(min(count, LOOKS) + 2 for count in epochs["steps"].values()),
        title="Batch size, and what is normalized with it",
    )


def _probabilities(at: At) -> tuple[Array, Array] | None:
    """One image with many companions [draws, classes], and in evaluation mode [classes]."""
    if at.value not in at.result.training_mode:
        return None
    index, known = _image(at), at.result.answers
    if (at.value, index) not in known:  # a hundred batches take longer than the drawing
        model, data = at.result.fleets[at.value].model(0, 0), at.result.data
        steady = in_mode(model, data.x_val[index : index + 1], training=False).softmax(1)[0]
        many = with_companions(model, data, index, at.value)
        known[at.value, index] = many, steady.numpy()
    answers: tuple[Array, Array] = known[at.value, index]
    return answers


def _image(at: At) -> int:
    return int(at.settings["image"]) - 1


def _say_classes(at: At, taken: str) -> str:
    label = at.result.data.y_val[_image(at)]
    return f"the image shows {label} and is taken for {taken} of {DRAWS} batches"


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
        f"{accuracy_text(state.training_mode[size])}, and {accuracy_text(state.differ[size])} of "
        "the probability lies on other classes than in evaluation mode"
    )
