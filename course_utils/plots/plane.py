"""Two-dimensional problems: a decision boundary over data, and a path over loss contours."""

from collections.abc import Callable, Sequence
from typing import Any

import contourpy
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Polygon
from numpy.typing import ArrayLike, NDArray

from course_utils.plots.style import COLORS, FONT_SIZE, MARKERS, legend_above, tidy

Extent = tuple[float, float, float, float]

FINER = 4  # points of a shade for each one that was asked for, along an axis


def plane_grid(extent: Extent, steps: int = 80) -> NDArray[Any]:
    """The points [steps * steps, 2], float32, at which a boundary's scores are wanted.

    `extent` is (x lowest, x highest, y lowest, y highest). Row by row, from the lowest y up.
    """
    x = np.linspace(extent[0], extent[1], steps, dtype=np.float32)
    y = np.linspace(extent[2], extent[3], steps, dtype=np.float32)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def data_extent(x: ArrayLike, margin: float = 0.1) -> Extent:
    """The box around points `x` [n, 2], with a margin as a share of its size."""
    points = np.asarray(x, dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    pad = margin * (high - low)
    (x0, y0), (x1, y1) = low - pad, high + pad
    return float(x0), float(x1), float(y0), float(y1)


class Boundary:
    """The decision boundary of a classifier with two classes, over the training points.

    Shade: the probability of class 1, mean over seeds. Thin lines: each seed's own boundary. Points
    show their class by color and by marker; `wrong` [n] bool rings those whose label is noise.
    """

    def __init__(
        self, ax: Axes, x: ArrayLike, y: ArrayLike, *, wrong: ArrayLike | None = None,
        steps: int = 80, extent: Extent | None = None,
    ) -> None:  # fmt: skip
        tidy(ax, grid=False)
        points, labels = np.asarray(x, dtype=float), np.asarray(y)
        self.extent = extent or data_extent(points)
        self.points = plane_grid(self.extent, steps)  # where `update` needs probabilities
        self._steps = steps
        shade = LinearSegmentedColormap.from_list("classes", [COLORS[0], "white", COLORS[1]])
        self._shade = ax.imshow(
            np.full((steps, steps), 0.5), cmap=shade, vmin=0, vmax=1, alpha=0.55, origin="lower",
            extent=self.extent, aspect="auto", interpolation="nearest",
        )  # fmt: skip
        self._lines = LineCollection([], colors="black", linewidths=0.9, alpha=0.7)
        ax.add_collection(self._lines, autolim=False)
        self._dots = [
            ax.scatter(
                points[labels == c, 0],
                points[labels == c, 1], s=20, c=COLORS[c], marker=MARKERS[c], edgecolors="white",
                linewidths=0.6, zorder=3, label=f"class {c}",
            )
            for c in (0, 1)
        ]  # fmt: skip
        ringed = points[np.zeros(len(points), dtype=bool) if wrong is None else np.asarray(wrong)]
        if len(ringed):
            rings = ax.scatter(
                ringed[:, 0], ringed[:, 1], s=60, facecolors="none",
                edgecolors="black", linewidths=0.9, zorder=4, label="label is noise",
            )  # fmt: skip
            self._dots.append(rings)
        ax.set(xlim=self.extent[:2], ylim=self.extent[2:])
        legend_above(ax)

    @property
    def artists(self) -> list[Artist]:
        """Shade, boundaries, points."""
        return [self._shade, self._lines, *self._dots]

    def update(self, probability: ArrayLike) -> None:
        """Show the probability of class 1 at `self.points`: [points] or [seeds, points]."""
        steps = self._steps
        p = np.asarray(probability, dtype=float).reshape(-1, steps, steps)
        # Interpolated here, which takes half the time of matplotlib's interpolation while it draws.
        self._shade.set_data(_finer(_finer(p.mean(axis=0)).T).T)
        x = np.linspace(self.extent[0], self.extent[1], steps)
        y = np.linspace(self.extent[2], self.extent[3], steps)
        segments: list[Any] = []
        for one in p:
            segments += contourpy.contour_generator(x, y, one).lines(0.5)
        self._lines.set_segments(segments)


def _finer(rows: NDArray[Any]) -> NDArray[Any]:
    """`FINER` times as many rows, interpolated linearly from the first to the last.

    Not by a matrix: its product would wake threads, which are in the way of a training.
    """
    places = np.linspace(0, len(rows) - 1, FINER * len(rows))
    below = np.minimum(places.astype(int), len(rows) - 2)
    share = (places - below)[:, None]
    return np.asarray((1 - share) * rows[below] + share * rows[below + 1])


class ContourPath:
    """Loss contours over two weights, a path on them, and the region a penalty allows.

    `loss(points [n, 2]) -> [n]` is evaluated once, on a grid; path and region move.
    """

    def __init__(
        self, ax: Axes, loss: Callable[[NDArray[Any]], ArrayLike], extent: Extent, *,
        levels: Sequence[float] | int = 12, steps: int = 120, color: str = COLORS[1],
        labels: tuple[str, str] = ("$w_1$", "$w_2$"),
    ) -> None:  # fmt: skip
        tidy(ax)
        z = np.asarray(loss(plane_grid(extent, steps)), dtype=float).reshape(steps, steps)
        x, y = np.linspace(*extent[:2], steps), np.linspace(*extent[2:], steps)
        ax.contour(x, y, z, levels=levels, colors="#999999", linewidths=0.8)
        ax.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
        ax.axvline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
        ax.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
        ax.set_xlabel(labels[0], fontsize=FONT_SIZE)
        ax.set_ylabel(labels[1], fontsize=FONT_SIZE)
        self._region = Polygon(
            np.zeros((1, 2)), facecolor=COLORS[0], edgecolor=COLORS[0], alpha=0.25, linewidth=1.5
        )
        ax.add_patch(self._region)
        (self._path,) = ax.plot([], [], "-", color=color, linewidth=1.8)
        (self._end,) = ax.plot([], [], "o", color=color, markersize=8, markeredgecolor="black")

    @property
    def artists(self) -> list[Artist]:
        """Region, path, and the mark at the path's end."""
        return [self._region, self._path, self._end]

    def update(self, path: ArrayLike, region: ArrayLike | None = None) -> None:
        """Show `path` [n, 2], its last point marked, and `region` [corners, 2] if given."""
        points = np.asarray(path, dtype=float).reshape(-1, 2)
        self._path.set_data(points[:, 0], points[:, 1])
        self._end.set_data(points[-1:, 0], points[-1:, 1])
        self._region.set_visible(region is not None)
        if region is not None:
            self._region.set_xy(np.asarray(region, dtype=float))


def plot_boundary(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    probability: Callable[[NDArray[Any]], ArrayLike],
    *,
    wrong: ArrayLike | None = None,
) -> Axes:
    """Draw where `probability(points [n, 2]) -> [n]` of class 1 crosses one half. Returns `ax`."""
    boundary = Boundary(ax, x, y, wrong=wrong)
    boundary.update(probability(boundary.points))
    return ax
