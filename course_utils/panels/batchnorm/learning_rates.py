"""How large the learning rate may be, with batch norm and without."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.learning_rates import WORKS, last_accuracies, workable
from course_utils.experiments.runs import classes_of, labeled
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.models import MLP, LayerOfWidth
from course_utils.panels import AgainstValues, OverTraining
from course_utils.panels.batchnorm.parts import LOSSES, RUNS, STYLES, losses_of
from course_utils.plots import Array, PartsBoard, accuracy_text, format_value, gain_text

LRS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
DEPTHS = (2, 4)


def learning_rate(
    data: Dataset, norm: LayerOfWidth = nn.BatchNorm1d, lrs: Sequence[float] = LRS, *,
    width: int = 32, epochs: int = 15, batch_size: int = 100, seeds: int = 8,
) -> Sweep:  # fmt: skip
    """The slider is the learning rate: how far it may go, with batch norm and without.

    Args:
        data: images or points with class labels.
        norm: ``norm(width)`` is the normalization layer that trains: the learner's, or PyTorch's.
        lrs: learning rates, rising.
        width: units in each hidden layer.

    The panel's `result` is a `Fleet`, whose values are first all of `lrs` with batch norm, then all
    of them without; `workable` reads it.
    """
    data, epochs = labeled(data), budgeted(epochs)

    def train(optimizer: str, depth: int) -> Iterator[Fleet]:
        def build(value: tuple[LayerOfWidth | None, float]) -> Run:
            layer, lr = value
            model = MLP(data.input_shape, (width,) * depth, classes_of(data), norm_layer=layer)
            return Run(model, OPTIMIZERS[optimizer](model.parameters(), lr=lr))

        both = [(layer, lr) for layer in (norm, None) for lr in lrs]
        return iter_fleet(
            build, data, values=both, seeds=seeds, epochs=epochs, batch_size=batch_size
        )

    parts = [
        OverTraining(
            lambda at: losses_of(at.result, at.index, at.index + len(lrs)),
            LOSSES, (0, 3), "cross-entropy",
        ),
        AgainstValues(_accuracies, STYLES, (0, 1.02), "validation accuracy at the end"),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, height=3.4, say=_say),
        name="lr",
        values=slider(lrs, label="learning rate", near=1),
        controls={
            "optimizer": choice(list(OPTIMIZERS)),
            "depth": choice(DEPTHS, label="hidden layers"),
        },
        epochs=epochs,
        title="How far the learning rate may go",
    )


def _accuracies(at: At) -> dict[str, Array]:
    return dict(zip(RUNS, last_accuracies(at.result), strict=True))


def _say(at: At) -> str:
    with_it, without = last_accuracies(at.result)[:, at.index]
    works = [
        f"{name} {', '.join(map(format_value, rates)) or 'none'}"
        for name, rates in zip((RUNS[0], "without it"), workable(at.result), strict=True)
    ]
    return (
        f"{at.settings['optimizer']}, {at.settings['depth']} hidden layers, learning rate "
        f"{format_value(at.value)}: validation accuracy {accuracy_text(with_it)} with batch norm, "
        f"{accuracy_text(without)} without, a difference of {gain_text(with_it, without)}, "
        f"{len(with_it)} paired seeds; rates that work ({100 * WORKS:.0f}% of the best accuracy "
        f"of all runs): {'; '.join(works)}"
    )
