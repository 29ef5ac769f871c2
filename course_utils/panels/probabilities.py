"""The class probabilities of one image in many passes: a part of two lessons' panels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils.plots import Array, Part, tidy
from course_utils.plots.style import FONT_SIZE


class Probabilities(Part):
    """A dot for each pass and class, spread sideways, and a bar for each class.

    Args:
        find: ``find(state)`` -> the dots [passes, classes] and the bars [classes], or None as long
            as there are none.
        describe: ``describe(state, taken)`` -> the half-sentence around the classes that most
            passes prefer, such as "3 in 93, for 5 in 7".
    """

    def __init__(
        self, classes: int, passes: int, find: Callable[[Any], tuple[Array, Array] | None], *,
        color: str, title: str, ylabel: str, describe: Callable[[Any, str], str],
    ) -> None:  # fmt: skip
        self._classes, self._find, self._color = classes, find, color
        self._shown: Array = np.empty((0, classes))
        self._title, self._ylabel, self._describe = title, ylabel, describe
        jitter = np.random.default_rng(0).uniform(-0.3, 0.3, (passes, 1))
        self._x = (np.arange(classes) + jitter).ravel()

    def draw(self, ax: Axes, state: Any) -> None:
        """Axes for the probabilities of all classes."""
        tidy(ax)
        ax.set(xlim=(-0.6, self._classes - 0.4), ylim=(-0.02, 1.02))
        ax.set_xticks(range(self._classes))
        ax.set_xlabel("class", fontsize=FONT_SIZE)
        ax.set_ylabel(self._ylabel, fontsize=FONT_SIZE)
        ax.set_title(self._title, fontsize=FONT_SIZE)
        self._dots = self.line("o", color=self._color, markersize=3, alpha=0.4, mew=0)
        self._bars = self.line("_", color="black", markersize=14, markeredgewidth=2)

    def update(self, state: Any) -> None:
        """Show what `find` finds."""
        self._shown, bars = self._find(state) or (np.empty((0, self._classes)), np.empty(0))
        self._dots.set_data(self._x[: self._shown.size], self._shown.ravel())
        self._bars.set_data(np.arange(len(bars)), bars)

    def say(self, state: Any) -> str:
        """Which classes are preferred, and how often."""
        if not self._shown.size:
            return ""
        counts = np.bincount(self._shown.argmax(1))
        order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] > 0][:3]
        return self._describe(state, ", for ".join(f"{c} in {counts[c]}" for c in order))
