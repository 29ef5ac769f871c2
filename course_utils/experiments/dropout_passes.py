"""Passes through networks with dropout: one, unit by unit, or a hundred at once.

Monte Carlo dropout: the spread of the passes as a measure of doubt (Gal and Ghahramani 2016).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.data import Dataset
from course_utils.random_streams import SeededDraws
from course_utils.snapshot import evaluating

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Pass:
    """One sample on its way through the network.

    `units` and `multipliers` are [layers, width]: what each hidden unit passes on, and what dropout
    multiplied it with (0: dropped). `output` and `steady` are [classes]: the probabilities of this
    pass, and those of evaluation mode.
    """

    image: Array
    label: int
    p: float
    draw: int
    mode: str
    units: Array
    multipliers: Array
    weights: list[Array]
    output: Array
    steady: Array


@torch.no_grad()
def forward(model: nn.Module, data: Dataset, index: int, *, p: float, draw: int, mode: str) -> Pass:
    """Send validation sample `index` through an `MLP` with dropout layers, layer by layer.

    Dropout multiplies, so its effect on ones determines its effect on any input.
    """
    x = data.x_val[index : index + 1]
    units: list[Tensor] = []
    multipliers: list[Tensor] = []
    weights = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    h = x
    with evaluating(model), SeededDraws(1000 * index + draw):
        steady = model(x).softmax(1)[0]
        model.train(mode == "training")
        for layer in model.layers:  # type: ignore[union-attr]
            if isinstance(layer, nn.Flatten | nn.Linear | nn.ReLU):
                h = layer(h)
            else:
                multipliers.append(layer(torch.ones_like(h)))
                h = h * multipliers[-1]
                units.append(h)
    return Pass(
        image=_picture(x[0]), label=int(data.y_val[index]), p=p, draw=draw, mode=mode,
        units=torch.cat(units).numpy(), multipliers=torch.cat(multipliers).numpy(),
        weights=[w.numpy() for w in weights[1:]],
        output=h.softmax(1)[0].numpy(), steady=steady.numpy(),
    )  # fmt: skip


def _picture(sample: Tensor) -> Array:
    """A sample as one gray image: channels are averaged, anything else becomes one row."""
    if sample.ndim == 3:
        return np.asarray(sample.mean(0))
    return np.asarray(sample.reshape(1, -1) if sample.ndim != 2 else sample)


def turn(images: Tensor, angle: float) -> Tensor:
    """`images` [n, channels, height, width], turned by `angle` degrees counterclockwise."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = images.new_tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(images), 2, 3)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


@torch.no_grad()
def ask(model: nn.Module, x: Tensor, passes: int, *, seed: int = 0) -> Tensor:
    """Class probabilities [passes, n, classes] of x [n, ...], with only the dropout left on.

    A layer with parameters or buffers (batch norm, for example) stays in evaluation mode. Leaves
    every mode as it was; the same seed draws the same masks.
    """
    with evaluating(model), SeededDraws(seed, x.device):
        for module in model.modules():
            if not any(True for _ in (*module.parameters(), *module.buffers())):
                module.training = True
        many = model(x.repeat(passes, *[1] * (x.ndim - 1))).softmax(1)
    return many.unflatten(0, (passes, len(x)))


@dataclass(frozen=True, eq=False)
class Turned:
    """Measurements on turned images, angle by angle; NaN where nothing was measured yet.

    `spread` is the standard deviation, over the passes, of the probability of the class that they
    prefer on average; `confidence` is the largest probability in evaluation mode, and `accuracy`
    is that of evaluation mode too. All three are means over images, [angles, seeds].
    """

    data: Dataset
    models: list[nn.Module]
    angles: Sequence[float]
    passes: int
    spread: Array
    accuracy: Array
    confidence: Array

    def image(self, label: int, angle: float) -> Tensor:
        """The first validation image of class `label`, turned, [1, channels, height, width]."""
        return turn(self.data.x_val[self.data.y_val == label][:1], angle)

    def probabilities(self, label: int, angle: float) -> Array:
        """Probabilities of that image in the passes of the first network, [passes, classes]."""
        return ask(self.models[0], self.image(label, angle), self.passes)[:, 0].numpy()


def ask_turned(
    data: Dataset, models: list[nn.Module], angles: Sequence[float], *, passes: int, samples: int
) -> Iterator[Turned]:
    """Turn the first `samples` validation images by each angle and send them through all `models`.

    Yields the same growing `Turned` after every angle, and before the first.
    """
    x, y = data.x_val[:samples], data.y_val[:samples]
    spread, accuracy, confidence = np.full((3, len(angles), len(models)), np.nan)
    state = Turned(data, models, angles, passes, spread, accuracy, confidence)
    yield state
    for place, angle in enumerate(angles):
        scores = [_doubt(model, turn(x, angle), y, passes) for model in models]
        spread[place], accuracy[place], confidence[place] = np.transpose(scores)
        yield state


@torch.no_grad()
def _doubt(model: nn.Module, x: Tensor, y: Tensor, passes: int) -> tuple[float, float, float]:
    """Mean spread, accuracy and confidence of one network on x."""
    many = ask(model, x, passes)
    preferred = many.mean(0).argmax(1)
    of_preferred = many.gather(2, preferred.expand(passes, -1)[..., None])[..., 0]
    with evaluating(model):
        confidence, predicted = model(x).softmax(1).max(1)
    right = (predicted == y).float().mean()
    return float(of_preferred.std(0).mean()), float(right), float(confidence.mean())
