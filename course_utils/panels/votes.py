"""The probabilities that many answers give to one image: a part of the boards of two lessons."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from course_utils.plots import tidy
from course_utils.plots.style import FONT_SIZE

Array = NDArray[Any]


class Votes:
    """One dot for each answer and class, spread sideways, and a bar for each class."""

    def __init__(
        self, ax: Axes, classes: int, count: int, *, color: str, title: str, ylabel: str
    ) -> None:
        tidy(ax)
        ax.set(xlim=(-0.6, classes - 0.4), ylim=(-0.02, 1.02))
        ax.set_xticks(range(classes))
        ax.set_xlabel("class", fontsize=FONT_SIZE)
        ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
        ax.set_title(title, fontsize=FONT_SIZE)
        jitter = np.random.default_rng(0).uniform(-0.3, 0.3, (count, 1))
        self._x = (np.arange(classes) + jitter).ravel()
        (self._dots,) = ax.plot([], [], "o", color=color, markersize=3, alpha=0.4, mew=0)
        (self._bars,) = ax.plot([], [], "_", color="black", markersize=14, markeredgewidth=2)

    @property
    def artists(self) -> list[Artist]:
        """The dots, and the bars over them."""
        return [self._dots, self._bars]

    def update(self, votes: Array | None, bars: Array | None) -> None:
        """Show `votes` [count, classes] as dots and `bars` [classes]; nothing for None."""
        if votes is None or bars is None:
            self._dots.set_data([], [])
            self._bars.set_data([], [])
        else:
            self._dots.set_data(self._x, votes.ravel())
            self._bars.set_data(np.arange(len(bars)), bars)
