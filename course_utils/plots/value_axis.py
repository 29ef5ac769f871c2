"""Placing the values of a hyperparameter on an axis: in even steps, logarithmic, or by name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from course_utils.plots.style import FONT_SIZE

LOG_FROM = 30.0  # largest over smallest positive value from which steps are logarithmic


def format_value(value: Any) -> str:
    """A value as a reader would write it: 0, 0.3, 0.001, 3e-5, 50, 'L1', True -> 'on'."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    number = float(value)
    if number == 0:
        return "0"
    if 1e-3 <= abs(number) < 1e5:
        return f"{number:.4g}"
    mantissa, exponent = f"{number:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def is_number(value: Any) -> bool:
    """Whether `value` is a number (a bool is not: it is a name for on or off)."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


class ValueAxis:
    """Places for the values of one hyperparameter.

    Numbers that span more than a factor of 30 stand on a logarithmic scale. A logarithm has no
    zero, and zero (no penalty at all) is the value that matters most: it gets its own place one
    step left of the smallest positive value, with a broken axis between. Values that are not
    numbers stand in their order.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        if not values:
            raise ValueError("values must hold at least one value, got none; pass e.g. [0, 0.1]")
        self.values = list(values)
        self.numeric = all(is_number(v) for v in values)
        numbers = [float(v) for v in values] if self.numeric else []
        positive = [v for v in numbers if v > 0]
        spans = len(positive) > 1 and max(positive) / min(positive) >= LOG_FROM
        self.logarithmic = spans and min(numbers) >= 0
        self.has_zero = self.logarithmic and 0.0 in numbers
        if self.logarithmic:
            logs = np.log10(sorted(positive))
            step = float(np.median(np.diff(logs)))
            self._zero = float(logs[0]) - max(step, 0.5)
            self.positions = np.array([np.log10(v) if v > 0 else self._zero for v in numbers])
        elif self.numeric:
            self.positions = np.array(numbers)
        else:
            self.positions = np.arange(len(values), dtype=float)

    def position(self, index: int) -> float:
        """The place of value number `index`."""
        return float(self.positions[index])

    def apply(self, ax: Axes, name: str, *, most: int = 8) -> None:
        """Put limits, at most `most` ticks and the label `name` on the x axis of `ax`."""
        order = np.argsort(self.positions)
        places: NDArray[Any] = self.positions[order]
        span = float(places[-1] - places[0]) or 1.0
        ax.set_xlim(places[0] - 0.05 * span, places[-1] + 0.05 * span)
        every = -(-len(places) // most)
        shown = [int(i) for i in order[::every]]
        ax.set_xticks(
            [self.position(i) for i in shown],
            [format_value(self.values[i]) for i in shown],
            fontsize=FONT_SIZE - 1,
        )
        ax.set_xlabel(f"{name} (log scale)" if self.logarithmic else name, fontsize=FONT_SIZE)
        if self.has_zero:
            middle = (self._zero + float(np.sort(self.positions)[1])) / 2
            ax.text(
                middle, 0, "//", transform=ax.get_xaxis_transform(), ha="center", va="center",
                fontsize=FONT_SIZE, color="#333333", clip_on=False,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3}, zorder=5,
            )  # fmt: skip
