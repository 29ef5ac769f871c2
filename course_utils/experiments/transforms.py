"""The transforms of lesson 05, their descriptions, and the accuracy on transformed images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from course_utils.augmentation import Augment, GaussianNoise, RandomAffine, compose
from course_utils.plots import format_value
from course_utils.training import evaluate

Scores = dict[str, NDArray[np.float64]]


def transform_of(kind: str, strength: float, width: int) -> Augment:
    """The transform of one of the panel's kinds at a strength, for images `width` pixels wide.

    At strength 1 a rotation is up to 10 degrees, a shift up to a sixteenth of the image, a zoom up
    to 10%, and pixel noise has a standard deviation of 0.2.
    """
    degrees, pixels, zoom = 10.0 * strength, width / 16 * strength, 0.1 * strength
    transforms: dict[str, Augment] = {
        "all three": RandomAffine(degrees=degrees, shift=pixels, zoom=zoom),
        "rotation": RandomAffine(degrees=degrees),
        "shift": RandomAffine(shift=pixels),
        "zoom": RandomAffine(zoom=zoom),
        "pixel noise": GaussianNoise(0.2 * strength),
    }
    return transforms[kind]


def transform_text(kind: str, strength: float, width: int) -> str:
    """The same in words, with its units."""
    texts = {
        "rotation": f"turned up to {format_value(10 * strength)}°",
        "shift": f"shifted up to {format_value(width / 16 * strength)} pixels",
        "zoom": f"zoomed up to {format_value(10 * strength)}%",
        "pixel noise": f"noise of standard deviation {format_value(0.2 * strength)}",
    }
    if strength == 0:
        return "images as they are"
    if kind == "all three":
        return ", ".join(texts[one] for one in ("rotation", "shift", "zoom"))
    return texts[kind]


@dataclass(frozen=True, eq=False)
class Looked:
    """Transformed images [n, ...], each network's accuracies [seeds] on such, and a description."""

    images: Tensor
    scores: Scores
    text: str


def transform_by(angle: float, shift: float, zoom: float, noise: float) -> Augment:
    """Up to `angle` degrees, `shift` pixels and a share `zoom`, with pixel noise on top."""
    return compose(RandomAffine(degrees=angle, shift=shift, zoom=zoom), GaussianNoise(noise))


def amounts_text(angle: float, shift: float, zoom: float, noise: float) -> str:
    """The same in words, without what is 0."""
    parts = {
        f"turned up to {angle:g}°": angle,
        f"shifted up to {shift:g} pixels": shift,
        f"zoomed up to {zoom:.0%}": zoom,
        f"noise of standard deviation {noise:g}": noise,
    }
    return ", ".join(part for part, amount in parts.items() if amount) or "as they are"


def accuracies(networks: Mapping[str, Sequence[nn.Module]], x: Tensor, y: Tensor) -> Scores:
    """The accuracies [seeds] of networks, by name."""
    return {
        name: np.array([evaluate(network, x, y).acc for network in members])
        for name, members in networks.items()
    }
