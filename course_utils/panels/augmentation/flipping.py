"""Lesson 05's panel about flips: mirrored digits, and the classes that are confused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.data import Dataset
from course_utils.experiments.flips import EPOCHS, FLIPS, SEEDS, confusions, flipped_run
from course_utils.experiments.runs import classes_of, images_to_train_on
from course_utils.live import At, Sweep, choice, sweep_fleet
from course_utils.panels.augmentation.dot_plot import DotPlot
from course_utils.panels.augmentation.images import ImageRows, most_typical
from course_utils.plots import COLORS, FONT_SIZE, Array, Part, PartsBoard, accuracy_text, gain_text

Pairs = Sequence[tuple[int, int]]

PAIRS = ((6, 9), (2, 5))


def flips(data: Dataset, pairs: Pairs = PAIRS, *, epochs: int = EPOCHS) -> Sweep:
    """The panel: train with horizontal flips, vertical ones or both, and count confusions.

    Args:
        data: images with class labels.
        pairs: classes to watch, both ways; those that `data` does not have are left out.

    A flip turns each training image over with probability ½. The panel's `result` is a `Fleet`
    over `FLIPS`; `confusions` counts from it.
    """
    data = images_to_train_on(data)
    watched = [pair for pair in pairs if max(pair) < classes_of(data)] or [(0, 1)]
    both_ways = {f"{a} read as {b}": (a, b) for pair in watched for a, b in (pair, pair[::-1])}
    x, labels = most_typical(data, list(dict.fromkeys(a for a, _ in both_ways.values())))

    def share(at: At, index: int, kind: str = "trained") -> dict[str, Array]:
        found = getattr(confusions(at.result, data, index), kind)
        return {name: found[:, a, b] for name, (a, b) in both_ways.items()}

    def say(at: At) -> str:
        scores = at.scores("val_acc")
        text = f"flip {at.value}: validation accuracy {accuracy_text(scores[at.index])}"
        found = share(at, at.index)
        shares_text = ", ".join(f"{name}: {accuracy_text(s)}" for name, s in found.items())
        if at.index:
            text += f", {gain_text(scores[at.index], scores[0])} over none"
            plain = share(at, at.index, "plain")
            asked = ", ".join(f"{name}: {100 * one.mean():.0f}%" for name, one in plain.items())
            shares_text += f"; without flips in training, but shown flipped images, {asked}"
        return f"{text}; {shares_text}; {scores.shape[1]} paired seeds"

    rows, names = ("as it is", "flipped"), list(both_ways)
    parts = [
        ImageRows(lambda at: torch.cat([x, x.flip(FLIPS[at.value])]), data, rows, labels),
        DotPlot(
            names, lambda at: (share(at, at.index, "plain"), None),
            xlabel="share of such images, flipped", title="a network that never saw a flip",
        ),
        _ConfusionMap(data, list(both_ways.values())),
        DotPlot(
            names, lambda at: (share(at, at.index), share(at, 0)),
            xlabel="share of such images, as they are", xlim=(0.0, 0.3),
            title="trained with the flip (hollow: without)",
        ),
    ]  # fmt: skip
    return sweep_fleet(
        lambda kind: flipped_run(data, kind),
        data,
        PartsBoard(parts, rows=2, height=5.6, say=say),
        name="flip",
        values=choice(list(FLIPS), start="both"),
        epochs=epochs,
        seeds=SEEDS,
        score_at=range(0, epochs, 5),
        title="Flips, and the digits they mix up",
    )


@dataclass(eq=False)
class _ConfusionMap(Part):
    """Shares of each class (row) read as another (column); the diagonal is left out."""

    data: Dataset
    pairs: Pairs
    grid = False

    def draw(self, ax: Axes, at: At) -> None:
        classes = classes_of(self.data)
        self._image = self.moves(
            ax.imshow(np.zeros((classes, classes)), cmap="Greys", vmin=0, vmax=0.15,
                      interpolation="nearest")
        )  # fmt: skip
        ticks = range(0, classes, max(1, classes // 10))
        ax.set(xticks=ticks, yticks=ticks, ylabel="true class")
        ax.set(xlabel="read as (full shade: 15% or more)")
        ax.set_title("trained with the flip, shown images as they are", fontsize=FONT_SIZE + 1)
        for row, column in self.pairs:
            frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False)
            frame.set(edgecolor=COLORS[1], linewidth=1.6)
            self.moves(ax.add_patch(frame))

    def update(self, at: At) -> None:
        mean = confusions(at.result, self.data, at.index).trained.mean(axis=0)
        np.fill_diagonal(mean, 0.0)
        self._image.set_data(mean)
