"""Lesson 03: dropout left on, a hundred passes, and how much they disagree about turned digits.

Monte Carlo dropout: the spread of the passes as a measure of doubt (Gal and Ghahramani 2016).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.evidence import interval_along
from course_utils.fleet import Fleet
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.noise import SeededDraws
from course_utils.panels.votes import Votes
from course_utils.plots import COLORS, MARKERS, Board, Mosaic, said_accuracy, said_number, tidy
from course_utils.plots.style import BAND_ALPHA, FONT_SIZE, NEUTRAL, legend_above

ANGLES = tuple(range(0, 181, 15))
PASSES = 100
SAMPLES = 100  # validation images that are turned

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Turned:
    """What was measured on turned images, angle by angle; NaN where it has not been yet.

    `spread` is the standard deviation, over the passes, of the probability of the class that they
    prefer on average; `confidence` is the largest probability in evaluation mode, and `accuracy`
    is that of evaluation mode too. All three are means over images, [angles, seeds].

    `pictures` [angles, height, width] and `votes` [angles, passes, classes] belong to the one image
    that is shown, and to the network of the first seed.
    """

    angles: list[float]
    p: float
    label: int
    spread: Array
    accuracy: Array
    confidence: Array
    pictures: Array
    votes: Array


def uncertainty(
    data: Dataset,
    fleet: Fleet,
    angles: Sequence[float] = ANGLES,
    *,
    passes: int = PASSES,
    samples: int = SAMPLES,
) -> Sweep:
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
    angles, labels = list(angles), data.y_val.unique().tolist()
    x, y = data.x_val[:samples], data.y_val[:samples]
    measured: dict[float, Turned] = {}

    def train(p: float, digit: int) -> Iterator[Turned]:
        models = [fleet.model(fleet.values.index(p), s) for s in range(len(fleet.seeds))]
        image = data.x_val[data.y_val == digit][:1]
        state = _blank(angles, p, digit, len(models), image, passes, data.num_classes or 1)
        known = measured.get(p)
        yield state
        for place, angle in enumerate(angles):
            shown = turn(image, angle)
            state.pictures[place] = shown[0].mean(0).numpy()
            state.votes[place] = ask(models[0], shown, passes)[:, 0].numpy()
            if known is None:
                scores = [_score(model, turn(x, angle), y, passes) for model in models]
            else:
                scores = [
                    (known.spread[place, s], known.accuracy[place, s], known.confidence[place, s])
                    for s in range(len(models))
                ]
            state.spread[place], state.accuracy[place], state.confidence[place] = zip(
                *scores, strict=True
            )
            yield state
        measured[p] = state

    return sweep(
        train,
        _TurnedBoard(angles, data.num_classes or 1, passes),
        name="angle",
        values=slider(angles, start=45 if 45 in angles else None, say=lambda angle: f"{angle:g}°"),
        controls={
            "p": choice(ps, start=ps[len(ps) // 2]),
            "digit": slider(labels, label="image of class", start=labels[3 % len(labels)]),
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
    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    for module in model.modules():
        if not any(True for _ in (*module.parameters(), *module.buffers())):
            module.training = True
    with SeededDraws(seed, x.device):
        many = model(x.repeat(passes, *[1] * (x.ndim - 1))).softmax(1)
    for module, training in was_training:
        module.training = training
    return many.unflatten(0, (passes, len(x)))


@torch.no_grad()
def _score(model: nn.Module, x: Tensor, y: Tensor, passes: int) -> tuple[float, float, float]:
    """Mean spread, accuracy and confidence of one network on x."""
    many = ask(model, x, passes)
    preferred = many.mean(0).argmax(1)
    of_preferred = many.gather(2, preferred.expand(passes, -1)[..., None])[..., 0]
    was_training = model.training
    confidence, said = model.eval()(x).softmax(1).max(1)
    model.train(was_training)
    right = (said == y).float().mean()
    return float(of_preferred.std(0).mean()), float(right), float(confidence.mean())


def _blank(
    angles: list[float], p: float, label: int, seeds: int, image: Tensor, passes: int, classes: int
) -> Turned:
    spread, accuracy, confidence = np.full((3, len(angles), seeds), np.nan)
    pictures = np.full((len(angles), *image.shape[2:]), np.nan)
    votes = np.full((len(angles), passes, classes), np.nan)
    return Turned(angles, p, label, spread, accuracy, confidence, pictures, votes)


class _TurnedBoard(Board):
    """The image, what each pass says about it, and the averages against the angle."""

    def __init__(self, angles: list[float], classes: int, passes: int) -> None:
        super().__init__(columns=3, width=9.0, height=3.2, widths=[1.0, 1.7, 1.9])
        image, votes, averages = self.axes
        self.image = self.add(Mosaic(image, 1, 1, title="what it sees"))
        self.votes = self.add(
            Votes(
                votes, classes, passes, color=COLORS[0], ylabel="probability",
                title=f"{passes} passes (dots), their mean (bar)",
            )
        )  # fmt: skip
        self.averages = self.add(_Averages(averages, angles))

    def update(self, at: At) -> None:
        turned: Turned = at.result
        brightest = float(np.nanmax(turned.pictures[0], initial=1e-9))
        self.image.update(turned.pictures[at.index][None] / brightest)
        votes = turned.votes[at.index]
        self.votes.update(votes, votes.mean(axis=0))
        self.averages.update(at.index, turned)

    def describe(self, at: At) -> str:
        turned: Turned = at.result
        i, seeds = at.index, turned.spread.shape[1]
        votes = np.bincount(turned.votes[i].argmax(1), minlength=turned.votes.shape[2])
        order = [int(c) for c in np.argsort(-votes, kind="stable") if votes[c] > 0][:3]
        said = ", ".join(f"{c} in {votes[c]}" for c in order)
        return (
            f"turned by {at.value:g}°, p = {turned.p:g}: an image of class {turned.label} is taken "
            f"for {said} of {len(turned.votes[i])} passes; over all images: accuracy "
            f"{said_accuracy(turned.accuracy[i])}, confidence "
            f"{said_accuracy(turned.confidence[i])}, spread "
            f"{said_number(100 * turned.spread[i], 1)} points, {seeds} seeds"
        )


class _Averages:
    """Accuracy, confidence and spread against the angle, with their bands over seeds."""

    NAMES = ("accuracy", "confidence", "spread")

    def __init__(self, ax: Axes, angles: list[float]) -> None:
        tidy(ax)
        self._x = np.asarray(angles, dtype=float)
        ax.set(xlim=(self._x.min(), self._x.max()), ylim=(0, 1.02))
        ax.set_xticks(self._x[:: max(1, len(self._x) // 4)])
        ax.set_xlabel("angle in degrees", fontsize=FONT_SIZE)
        nothing = np.full(len(self._x), np.nan)
        self._bands = [
            ax.fill_between(self._x, nothing, nothing, color=c, alpha=BAND_ALPHA, linewidth=0)
            for c in COLORS[: len(self.NAMES)]
        ]
        self._lines = [
            ax.plot(self._x, nothing, color=c, marker=m, markersize=5, linewidth=1.6, label=name)[0]
            for name, c, m in zip(self.NAMES, COLORS, MARKERS, strict=False)
        ]
        self._guide = ax.axvline(0, color=NEUTRAL, linewidth=1, alpha=0.6)
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """The guide at the angle on show, then bands and lines."""
        return [self._guide, *self._bands, *self._lines]

    def update(self, index: int, turned: Turned) -> None:
        """Show all three, and mark angle number `index`."""
        self._guide.set_xdata([self._x[index]] * 2)
        for name, band, line in zip(self.NAMES, self._bands, self._lines, strict=True):
            samples: ArrayLike = getattr(turned, name)
            mean, low, high = interval_along(np.asarray(samples), axis=1)
            line.set_ydata(mean)
            band.set_data(self._x, low, high)
