"""Label-preserving transforms of image batches, a different one for each sample.

Every transform maps a batch x [n, channels, height, width] to one of the same shape, draws its
random numbers with `torch.rand`, and so plugs into ``fit(augment=...)`` and into a fleet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Augment = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class RandomAffine:
    """Rotate, shift and zoom each image by its own random amount, all in one resampling.

    Args:
        degrees: rotation, uniform in [-degrees, degrees].
        shift: how far right and down, each uniform in [-shift, shift] pixels.
        zoom: scale, uniform in [1 - zoom, 1 + zoom]; in [0, 1).

    The image is turned and zoomed around its center first, then shifted. Pixels that come from
    outside are 0. With all three 0 images pass unchanged, up to rounding.
    """

    degrees: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0

    def __post_init__(self) -> None:
        _at_least_zero("degrees", self.degrees)
        _at_least_zero("shift", self.shift)
        if not 0.0 <= self.zoom < 1.0:
            raise ValueError(f"zoom must be in [0, 1), got {self.zoom}; 0.1 scales by 0.9 to 1.1")

    def __call__(self, x: Tensor) -> Tensor:
        """Transform a batch [n, channels, height, width]."""
        n, *_ = _checked_images(x)
        turn, grow, right, down = torch.rand(4, n, device=x.device) * 2.0 - 1.0
        return affine(
            x,
            angle=turn * self.degrees,
            scale=1.0 + grow * self.zoom,
            right=right * self.shift,
            down=down * self.shift,
        )


def affine(x: Tensor, *, angle: Tensor, scale: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Turn and scale each image about its center, then move it; one resampling, no randomness.

    Args:
        x: images [n, channels, height, width].
        angle: [n], degrees, clockwise.
        scale: [n], above 0; 2 doubles the size of what is shown.
        right, down: [n], pixels.

    The same as ``torchvision.transforms.v2.functional.affine`` with bilinear interpolation, which
    takes one angle, scale and translation for all images it is given.
    """
    _, _, height, width = _checked_images(x)
    # For each pixel of the result: where it comes from, in pixels from the image's center.
    to_x = _from_center(width, x)[None, None, :] - right[:, None, None]
    to_y = _from_center(height, x)[None, :, None] - down[:, None, None]
    radians = angle * (math.pi / 180.0)
    cos = (radians.cos() / scale)[:, None, None]
    sin = (radians.sin() / scale)[:, None, None]
    # grid_sample counts in half-widths and half-heights of the image.
    from_x = (cos * to_x + sin * to_y) * (2.0 / width)
    from_y = (cos * to_y - sin * to_x) * (2.0 / height)
    # One plane after the other in memory, which takes a fraction of the time of pairs.
    grid = torch.stack([from_x, from_y], 1).movedim(1, 3)
    return F.grid_sample(x, grid, align_corners=False)


def _from_center(length: int, like: Tensor) -> Tensor:
    """Places of `length` pixels in a row, in pixels from the middle of the row."""
    places = torch.arange(length, dtype=like.dtype, device=like.device)
    return places - (length - 1) / 2.0


@dataclass(frozen=True)
class RandomShift:
    """Shift each image by whole pixels, each direction uniform in -pixels..pixels; the rest is 0.

    Copies pixels instead of blending them, so nothing is blurred.
    """

    pixels: int

    def __post_init__(self) -> None:
        _at_least_zero("pixels", self.pixels)

    def __call__(self, x: Tensor) -> Tensor:
        """Shift a batch [n, channels, height, width]."""
        n, _, height, width = _checked_images(x)
        # Where the window into the padded image starts: at 0 it shows it moved down and right.
        span = 2 * self.pixels + 1
        offset = (torch.rand(2, n, device=x.device) * span).long()
        padded = F.pad(x, [self.pixels] * 4)
        rows = offset[0][:, None] + torch.arange(height, device=x.device)
        columns = offset[1][:, None] + torch.arange(width, device=x.device)
        index = rows[:, :, None] * padded.shape[-1] + columns[:, None, :]
        flat = padded.flatten(2)
        chosen = flat.gather(2, index.flatten(1)[:, None, :].expand(-1, x.shape[1], -1))
        return chosen.unflatten(2, (height, width))


@dataclass(frozen=True)
class GaussianNoise:
    """Add independent normal noise of standard deviation `std`, in units of the pixel values."""

    std: float

    def __post_init__(self) -> None:
        _at_least_zero("std", self.std)

    def __call__(self, x: Tensor) -> Tensor:
        """Add noise to a batch of any shape."""
        return x + torch.randn_like(x) * self.std


@dataclass(frozen=True)
class RandomFlip:
    """Mirror each image with probability `p`. It changes what a digit *means*: see lesson 05."""

    p: float = 0.5
    vertical: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.p <= 1.0:
            raise ValueError(f"p must be in [0, 1], got {self.p}; it is the share flipped")

    def __call__(self, x: Tensor) -> Tensor:
        """Flip a batch [n, channels, height, width]."""
        n, *_ = _checked_images(x)
        chosen = torch.rand(n, 1, 1, 1, device=x.device) < self.p
        return torch.where(chosen, x.flip(-2 if self.vertical else -1), x)


def compose(*transforms: Augment) -> Augment:
    """Apply `transforms` one after the other, the first one first."""

    def composed(x: Tensor) -> Tensor:
        for transform in transforms:
            x = transform(x)
        return x

    return composed


def _at_least_zero(name: str, value: float) -> None:
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{name} must be 0 or more and finite, got {value}; 0 changes nothing")


def _checked_images(x: Tensor) -> tuple[int, int, int, int]:
    if x.ndim != 4:
        raise ValueError(
            f"images must be [n, channels, height, width], got shape {tuple(x.shape)}; "
            "augment before flattening"
        )
    n, channels, height, width = x.shape
    return n, channels, height, width
