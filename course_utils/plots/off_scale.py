"""Marks for what lies off the scale: fixed axes can be compared, but silently cut curves off."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation, blended_transform_factory
from numpy.typing import ArrayLike, NDArray

MARKS = {"below": ("v", 0.0, 1), "above": ("^", 1.0, -1)}  # shape, edge, way into the axes
SIZE = 7.0  # points
NEAR = 0.12  # of the x axis: stretches that are closer to each other share a mark


class OffScale(Artist):
    """A triangle at the edge of `ax` for each stretch of a curve that lies beyond that edge.

    It reads the lines again whenever it is drawn, so it needs no update of its own.
    """

    def __init__(self, ax: Axes) -> None:
        super().__init__()
        self._ax = ax
        self.set_zorder(7)
        ax.add_artist(self)
        self._mark = Line2D([], [], linestyle="", markersize=SIZE, markeredgewidth=0.8)
        self._mark.set_figure(ax.figure)

    @allow_rasterization
    def draw(self, renderer: Any) -> None:
        """Draw the marks of all curves."""
        ax = self._ax
        for line in ax.lines:
            if not line.get_visible() or line.get_linestyle() == "None":
                continue
            if line.get_transform() != ax.transData:
                continue  # a guide across the axes
            for where, places in beyond(ax, *line.get_data()).items():
                shape, edge, inwards = MARKS[where]
                moved = ScaledTranslation(0, inwards * SIZE / 2 / 72, ax.figure.dpi_scale_trans)
                across = blended_transform_factory(ax.transData, ax.transAxes)
                self._mark.set_data(places, np.full(len(places), edge))
                self._mark.set(marker=shape, color=line.get_color(), transform=across + moved)
                self._mark.set_markeredgecolor("white")
                self._mark.draw(renderer)

    def get_tightbbox(self, renderer: Any = None) -> None:
        """None: the layout leaves no room for marks."""


def beyond(ax: Axes, x: ArrayLike, y: ArrayLike) -> dict[str, NDArray[Any]]:
    """Where on x the curve (x, y) is "below" and "above" the axis: the middle of each stretch."""
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    left, right = sorted(ax.get_xlim())
    bottom, top = sorted(ax.get_ylim())
    if ax.yaxis_inverted():
        bottom, top, ys = -top, -bottom, -ys
    inside = (xs >= left) & (xs <= right)
    found = {}
    for where, off in (("below", ys < bottom), ("above", ys > top)):
        places = np.flatnonzero(off & inside)
        apart = (np.diff(places) > 1) & (np.diff(xs[places]) > NEAR * (right - left))
        stretches = np.split(places, np.flatnonzero(apart) + 1)
        middles = [stretch[len(stretch) // 2] for stretch in stretches if len(stretch)]
        if middles:
            found[where] = xs[middles]
    return found


def on_scale(line: Line2D, mean: ArrayLike, edge: ArrayLike) -> NDArray[Any]:
    """One edge of the band around `line`, NaN where its `mean` is off the scale of its axes.

    A band there would fill the axes with color and show nothing; a mark takes its place.
    """
    assert line.axes is not None
    bottom, top = sorted(line.axes.get_ylim())
    middle = np.asarray(mean, dtype=float)
    return np.where((middle >= bottom) & (middle <= top), np.asarray(edge, dtype=float), np.nan)
