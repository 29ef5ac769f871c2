"""How strongly to transform the training images, kind by kind."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch import Tensor

from course_utils.budget import budgeted
from course_utils.data import Dataset
from course_utils.experiments.runs import adam_run, classes_of, images_to_train_on
from course_utils.experiments.transforms import transform_of, transform_text
from course_utils.fleet import Fleet, iter_fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues, OverTraining
from course_utils.panels.augmentation.images import pixel_limits
from course_utils.plots import Array, Images, PartsBoard, accuracy_text, gain_text
from course_utils.random_streams import SeededDraws

STRENGTHS = (0.0, 0.5, 1.0, 2.0)
KINDS = ("all three", "rotation", "shift", "zoom", "pixel noise")
NOISE = 0.2
STYLES = {"clean labels": (0, "--"), f"{NOISE:.0%} noise": (1, "--")}
ROWS, COLUMNS = 4, 5


class Pair(NamedTuple):
    """The same strengths trained on clean and on noisy labels."""

    clean: Fleet
    noisy: Fleet

    @property
    def epoch(self) -> int:
        """So many are trained."""
        return self.noisy.epoch


def strength(data: Dataset, *, epochs: int = 30) -> Sweep:
    """The panel: how strongly to transform, on clean and on noisy labels, kind by kind.

    Args:
        data: images with class labels; of its true labels 20% are redrawn for the noisy half,
            by each seed in its own way.

    The panel's `result` is a `Pair` of fleets over `STRENGTHS`.
    """
    data, epochs = images_to_train_on(data), budgeted(epochs)
    width = data.input_shape[-1]

    def train(kind: str) -> Iterator[Pair]:
        def fleet(noise: float) -> Iterator[Fleet]:
            return iter_fleet(
                lambda by: adam_run(data, (64, 64), lr=5e-3, augment=transform_of(kind, by, width)),
                lambda by, seed: data.with_label_noise(noise, seed),
                values=STRENGTHS, epochs=epochs, score_at=range(0, epochs, 2),
            )  # fmt: skip

        return map(Pair, fleet(0.0), fleet(NOISE))

    def say(at: At) -> str:
        how = transform_text(at.settings["kind"], at.value, width)
        return f"strength {at.value:g} ({how}): {_scores_text(at)}"

    def transformed(at: At) -> Tensor:
        with SeededDraws(0):
            x = data.x_train[: ROWS * COLUMNS]
            return transform_of(at.settings["kind"], at.value, width)(x)

    right = 1 - NOISE * (1 - 1 / classes_of(data))
    parts = [
        _Accuracies(_accuracies, STYLES, (0.5, 1.02), "validation accuracy"),
        OverTraining(
            _noisy_curves, {"training": (1, "-"), "validation": (1, "--")}, (0.5, 1.02),
            f"accuracy, {NOISE:.0%} noise", (right, f"right labels, {right:.0%}"),
            places=lambda at: np.arange(epochs + 1),
        ),
        Images(transformed, ROWS, COLUMNS, limits=pixel_limits(data), title="what training sees"),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, width=9.6, height=3.3, widths=[1.15, 1.0, 0.85], say=say),
        name="strength",
        values=slider(STRENGTHS, start=1.0),
        controls={"kind": choice(KINDS, label="transform")},
        epochs=epochs,
        title="How strongly to transform the training images",
    )


class _Accuracies(AgainstValues):
    """Extends its axis down to the lowest score at the end of a training, and keeps it there."""

    def update(self, at: At) -> None:
        super().update(at)
        if at.result.epoch == at.result.clean.epochs:
            lowest = min(np.nanmin(scores.mean(1)) for scores in self.find(at).values())
            room = float(np.floor(20 * (lowest - 0.03)) / 20)
            self.set_axes(ylim=(min(self.ax.get_ylim()[0], room), self.ylim[1]))


def _accuracies(at: At) -> dict[str, Array]:
    return {
        name: fleet.val_acc[..., fleet.epoch] for name, fleet in zip(STYLES, at.result, strict=True)
    }


def _noisy_curves(at: At) -> dict[str, Array]:
    noisy = at.result.noisy
    return {"training": noisy.train_acc[at.index].T, "validation": noisy.val_acc[at.index].T}


def _scores_text(at: At) -> str:
    parts = []
    for name, scores in _accuracies(at).items():
        part = f"{name}: validation accuracy {accuracy_text(scores[at.index])}"
        if at.index:
            part += f", {gain_text(scores[at.index], scores[0])} over strength 0"
        parts.append(part)
    return f"{'; '.join(parts)}; {len(at.result.clean.seeds)} paired seeds"
