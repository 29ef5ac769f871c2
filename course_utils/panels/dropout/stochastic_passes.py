"""Lesson 03: dropout left on, a hundred passes, and how much they disagree about turned digits.

Monte Carlo dropout: the spread of the passes as a measure of doubt (Gal and Ghahramani 2016).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.fleet import Fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.noise import SeededDraws
from course_utils.panels.probabilities import Probabilities
from course_utils.panels.runs import classes_of
from course_utils.plots import (
    COLORS,
    MARKERS,
    Mosaic,
    Part,
    PartsBoard,
    said_accuracy,
    said_number,
    tidy,
)
from course_utils.plots.style import FONT_SIZE, legend_above
from course_utils.scoring import evaluating

ANGLES = tuple(range(0, 181, 15))
PASSES = 100
SAMPLES = 100  # validation images that are turned
NAMES = ("accuracy", "confidence", "spread")

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Turned:
    """What was measured on turned images, angle by angle; NaN where it has not been yet.

    `spread` is the standard deviation, over the passes, of the probability of the class that they
    prefer on average; `confidence` is the largest probability in evaluation mode, and `accuracy`
    is that of evaluation mode too. All three are means over images, [angles, seeds].
    """

    angles: Sequence[float]
    models: list[nn.Module]
    spread: Array
    accuracy: Array
    confidence: Array


def uncertainty(
    data: Dataset, fleet: Fleet, angles: Sequence[float] = ANGLES, *, passes: int = PASSES,
    samples: int = SAMPLES,
) -> Sweep:  # fmt: skip
    """Turned images, each asked about again and again with dropout left on.

    Args:
        data: images; the first `samples` of the validation set are turned.
        fleet: networks trained with the values of p among which the buttons choose.
        angles: in degrees, counterclockwise.
        passes: how often each image is asked about.

    The panel's `result` is a `Turned`.
    """
    if len(data.input_shape) != 3:
        raise ValueError(
            "this panel turns images [channels, height, width], got samples of shape "
            f'{list(data.input_shape)} in {data.name!r}; pass e.g. load_dataset("digits")'
        )
    ps = [p for p in fleet.values if p > 0]
    if not ps:
        raise ValueError(f"without dropout all passes agree: train p above 0, got {fleet.values}")
    labels = data.y_val.unique().tolist()
    x, y = data.x_val[:samples], data.y_val[:samples]

    def measure(p: float) -> Iterator[Turned]:
        models = [fleet.model(fleet.values.index(p), s) for s in range(len(fleet.seeds))]
        state = Turned(angles, models, *np.full((3, len(angles), len(models)), np.nan))
        yield state
        for place, angle in enumerate(angles):
            scores = [_score(model, turn(x, angle), y, passes) for model in models]
            state.spread[place], state.accuracy[place], state.confidence[place] = np.transpose(
                scores
            )
            yield state

    def shown(at: At) -> Tensor:
        return turn(data.x_val[data.y_val == at.settings["digit"]][:1], at.value)

    def ask_about(at: At) -> tuple[Array, Array]:
        votes = ask(at.result.models[0], shown(at), passes)[:, 0].numpy()
        return votes, votes.mean(axis=0)

    votes = Probabilities(
        classes_of(data), passes, ask_about, color=COLORS[0], ylabel="probability",
        title=f"{passes} passes (dots), their mean (bar)",
    )  # fmt: skip

    def say(at: At) -> str:
        turned, i = at.result, at.index
        return (
            f"turned by {at.value:g}°, p = {at.settings['p']:g}: an image of class "
            f"{at.settings['digit']} is taken for {votes.taken_for()} of {passes} passes; over all "
            f"images: accuracy {said_accuracy(turned.accuracy[i])}, confidence "
            f"{said_accuracy(turned.confidence[i])}, spread "
            f"{said_number(100 * turned.spread[i], 1)} points, {len(turned.models)} seeds"
        )

    return sweep(
        measure,
        PartsBoard([_Image(shown), votes, _Averages()], widths=[1.0, 1.7, 1.9], say=say),
        name="angle",
        values=slider(angles, start=45 if 45 in angles else None, say=lambda angle: f"{angle:g}°"),
        controls={
            "p": choice(ps, start=ps[len(ps) // 2]),
            "digit": slider(
                labels, label="image of class", start=labels[3 % len(labels)], trains=False
            ),
        },
        epochs=len(angles),
        title="Turned digits, and how much a hundred passes disagree",
    )


def turn(images: Tensor, angle: float) -> Tensor:
    """`images` [n, channels, height, width], turned by `angle` degrees counterclockwise."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = images.new_tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(images), 2, 3)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


@torch.no_grad()
def ask(model: nn.Module, x: Tensor, passes: int, *, seed: int = 0) -> Tensor:
    """Class probabilities [passes, n, classes] of x [n, ...], with only the dropout left on.

    A layer that has something to learn or to remember (batch norm, say) stays in evaluation mode.
    Leaves every mode as it was; the same seed draws the same masks.
    """
    with evaluating(model), SeededDraws(seed, x.device):
        for module in model.modules():
            if not any(True for _ in (*module.parameters(), *module.buffers())):
                module.training = True
        many = model(x.repeat(passes, *[1] * (x.ndim - 1))).softmax(1)
    return many.unflatten(0, (passes, len(x)))


@torch.no_grad()
def _score(model: nn.Module, x: Tensor, y: Tensor, passes: int) -> tuple[float, float, float]:
    """Mean spread, accuracy and confidence of one network on x."""
    many = ask(model, x, passes)
    preferred = many.mean(0).argmax(1)
    of_preferred = many.gather(2, preferred.expand(passes, -1)[..., None])[..., 0]
    with evaluating(model):
        confidence, said = model(x).softmax(1).max(1)
    right = (said == y).float().mean()
    return float(of_preferred.std(0).mean()), float(right), float(confidence.mean())


class _Image(Part):
    """The image that the passes are asked about."""

    def __init__(self, shown: Callable[[At], Tensor]) -> None:
        super().__init__()
        self._shown = shown

    def draw(self, ax: Axes, at: At) -> None:
        self._image = self.add(Mosaic(ax, 1, 1, title="what it sees"))

    def update(self, at: At) -> None:
        upright = self._shown(replace(at, value=0)).mean(1)
        self._image.update(self._shown(at).mean(1) / max(float(upright.max()), 1e-9))


class _Averages(Part):
    """Accuracy, confidence and spread against the angle, with their bands over seeds."""

    def draw(self, ax: Axes, at: At) -> None:
        tidy(ax)
        ax.set(xlim=(min(at.values), max(at.values)), ylim=(0, 1.02))
        ax.set_xticks(at.values[:: max(1, len(at.values) // 4)])
        ax.set_xlabel("angle in degrees", fontsize=FONT_SIZE)
        self._guide = self.guide()
        self._curves = {
            name: self.curve(color=color, marker=marker, markersize=5, linewidth=1.6, label=name)
            for name, color, marker in zip(NAMES, COLORS, MARKERS, strict=False)
        }
        legend_above(ax)

    def update(self, at: At) -> None:
        self._guide.set_xdata([at.value, at.value])
        for name, curve in self._curves.items():
            curve.show(at.values, getattr(at.result, name))
