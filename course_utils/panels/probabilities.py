"""The class probabilities of one image in many passes: a part of two lessons' panels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils.plots import FONT_SIZE, Array, Part


@dataclass(eq=False)
class Probabilities(Part):
    """A dot for each pass and class, spread sideways, and a bar for each class.

    Args:
        find: ``find(state)`` -> the dots [passes, classes] and the bars [classes], or None as long
            as there are none.
        describe: ``describe(state, taken)`` -> the half-sentence around the classes that most
            passes prefer, such as "3 in 93, for 5 in 7".
    """

    classes: int
    passes: int
    find: Callable[[Any], tuple[Array, Array] | None]
    color: str
    title: str
    ylabel: str
    describe: Callable[[Any, str], str]

    def draw(self, ax: Axes, state: Any) -> None:
        """Axes for the probabilities of all classes."""
        jitter = np.random.default_rng(0).uniform(-0.3, 0.3, (self.passes, 1))
        self._x = (np.arange(self.classes) + jitter).ravel()
        ax.set(xlim=(-0.6, self.classes - 0.4), ylim=(-0.02, 1.02))
        ax.set_xticks(range(self.classes))
        ax.set(xlabel="class", ylabel=self.ylabel)
        ax.set_title(self.title, fontsize=FONT_SIZE)
        self._dots = self.line("o", color=self.color, markersize=3, alpha=0.4, mew=0)
        self._bars = self.line("_", color="black", markersize=14, markeredgewidth=2)

    def update(self, state: Any) -> None:
        """Show what `find` finds."""
        nothing: tuple[Array, Array] = np.empty((0, self.classes)), np.empty(0)
        self._shown, bars = self.find(state) or nothing
        self._dots.set_data(self._x[: self._shown.size], self._shown.ravel())
        self._bars.set_data(np.arange(len(bars)), bars)

    def say(self, state: Any) -> str:
        """Which classes are preferred, and how often."""
        if not self._shown.size:
            return ""
        counts = np.bincount(self._shown.argmax(1))
        order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] > 0][:3]
        return self.describe(state, ", for ".join(f"{c} in {counts[c]}" for c in order))
