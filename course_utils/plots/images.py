"""Many small images as one picture."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.plots.part import Part
from course_utils.plots.style import FONT_SIZE, frameless


class Mosaic:
    """`rows * columns` images of one size, side by side, as a single `imshow`.

    One axes with one image draws two to three times faster than one axes per image. `limits` are
    the values shown darkest and brightest; `cmap="RdBu_r"` with symmetric limits suits weights.
    `gaps` is the color between the images.
    """

    def __init__(
        self,
        ax: Axes,
        rows: int,
        columns: int,
        *,
        limits: tuple[float, float] = (0.0, 1.0),
        cmap: str = "gray",
        gaps: str = "white",
        title: str = "",
    ) -> None:
        frameless(ax)
        ax.set_facecolor(gaps)
        ax.set_title(title, fontsize=FONT_SIZE + 1)
        self.rows, self.columns = rows, columns
        self._shape: tuple[int, ...] = ()
        self._image = ax.imshow(
            np.zeros((rows, columns)), cmap=cmap, vmin=limits[0], vmax=limits[1],
            interpolation="nearest",
        )  # fmt: skip

    @property
    def artists(self) -> list[Artist]:
        """The one image."""
        return [self._image]

    def update(self, images: ArrayLike) -> None:
        """Show `images` [n, height, width] or [n, channels, height, width], row by row.

        Surplus images are left out; surplus places stay empty.
        """
        pixels = tile(images, self.rows, self.columns)
        self._image.set_data(pixels)
        if self._shape != pixels.shape:
            self._shape = pixels.shape
            height, width = pixels.shape
            self._image.set_extent((-0.5, width - 0.5, height - 0.5, -0.5))


class Images(Part):
    """A part that shows images of the state, as a mosaic.

    Args:
        find: ``find(state)`` -> images [n, height, width] or [n, channels, height, width].
        rows, columns, look: of the `Mosaic`.
    """

    def __init__(
        self, find: Callable[[Any], ArrayLike], rows: int = 1, columns: int = 1, **look: Any
    ) -> None:
        self._find, self._rows, self._columns, self._look = find, rows, columns, look

    grid = False

    def draw(self, ax: Axes, state: Any) -> None:
        """A mosaic without images."""
        self.mosaic = self.add(Mosaic(ax, self._rows, self._columns, **self._look))

    def update(self, state: Any) -> None:
        """Show what `find` finds."""
        self.mosaic.update(self._find(state))


def tile(images: ArrayLike, rows: int, columns: int, *, gap: int = 1) -> np.ndarray:
    """`images` [n, h, w] or [n, channels, h, w] as one array [rows*(h+gap)-gap, ...].

    Channels are averaged; gaps are NaN.
    """
    stack = np.asarray(images, dtype=float)
    if stack.ndim == 4:
        stack = stack.mean(axis=1)
    if stack.ndim != 3:
        raise ValueError(
            f"images must have shape [n, height, width] or [n, channels, height, width], "
            f"got {list(np.shape(images))}; reshape them, e.g. images.reshape(-1, 8, 8)"
        )
    _, height, width = stack.shape
    grid = np.full((rows, height + gap, columns, width + gap), np.nan)
    for place, image in enumerate(stack[: rows * columns]):
        grid[place // columns, :height, place % columns, :width] = image
    flat = grid.reshape(rows * (height + gap), columns * (width + gap))
    return flat[: flat.shape[0] - gap, : flat.shape[1] - gap]


def plot_images(
    ax: Axes,
    images: ArrayLike,
    *,
    columns: int = 8,
    limits: tuple[float, float] = (0.0, 1.0),
    cmap: str = "gray",
    title: str = "",
    below: Sequence[str] = (),
) -> Axes:
    """Draw `images` [n, h, w] or [n, channels, h, w] in rows of `columns`. Returns `ax`.

    Args:
        below: one text per column, written under it.
    """
    if len(below) not in (0, columns):
        raise ValueError(
            f"below must hold one text for each of the {columns} columns, got {len(below)}"
        )
    images = np.asarray(images, dtype=float)
    rows, step = -(-len(images) // columns), images.shape[-1] + 1
    Mosaic(ax, rows, columns, limits=limits, cmap=cmap, title=title).update(images)
    if below:
        middles = np.arange(columns) * step + (step - 2) / 2
        ax.set_xticks(middles, below, fontsize=FONT_SIZE)
        ax.tick_params(axis="x", length=0)
    return ax
