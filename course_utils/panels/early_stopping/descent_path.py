"""Lesson 06's explanation: gradient descent stopped early ends close to where L2 leads."""

import numpy as np
from matplotlib.axes import Axes

from course_utils.experiments.descent_path import BEST, DIRECTIONS, STARTS, Paths, Vector, solve
from course_utils.live import Explore, choice, explore, slider
from course_utils.plots import Part, PartsBoard, format_value
from course_utils.plots.style import COLORS, FONT_SIZE, NEUTRAL, legend_above, weight_plane

STEPS = (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400)
RATIOS = (1, 3, 10, 30, 100)
EXTENT = (-0.25, 1.85, -0.55, 1.1)
LEVELS = (0.005, 0.03, 0.1, 0.25, 0.5, 0.85)
_TURN = np.linspace(0, 2 * np.pi, 121)


def path() -> Explore:
    """The panel: steps of gradient descent on two weights, beside L2 of a strength that fits."""
    return explore(
        solve,
        PartsBoard([_LossContours(), _Kept()], height=3.7, widths=[1.15, 1.0], say=_say),
        controls={
            "steps": slider(STEPS, label="steps t", start=12),
            "ratio": slider(RATIOS, label="steep : flat", start=10, say=lambda v: f"{v} : 1"),
            "start": choice(list(STARTS), label="start"),
        },
        title="Stopping early and L2 on the same two weights",
    )


class _LossContours(Part):
    """The loss's contours, the walk of gradient descent, and the minimizers of loss plus L2."""

    def draw(self, ax: Axes, state: Paths) -> None:
        weight_plane(ax, EXTENT)
        self._contours = self.lines(colors="#999999", linewidths=0.8)
        ax.plot(*BEST, "+", color="black", markersize=10, markeredgewidth=1.8)
        ax.annotate(
            "trained to the end", (BEST[0], BEST[1]), (-2, 9), textcoords="offset points",
            ha="center", fontsize=FONT_SIZE - 1,
        )  # fmt: skip
        self._ridge = self.line("--", color=COLORS[1], linewidth=1.6, label="L2, all λ")
        self._walk = self.line(
            ".-", color=COLORS[0], linewidth=1.4, markersize=5, label="gradient descent"
        )
        self._matched = self.line("s", color=COLORS[1], markersize=9, mec="black", zorder=5)
        self._end = self.line("o", color=COLORS[0], markersize=9, mec="black", zorder=5)
        legend_above(ax)

    def update(self, state: Paths) -> None:
        circle = np.column_stack([np.cos(_TURN), np.sin(_TURN)])
        ellipse = (circle / np.sqrt(state.curvatures)) @ DIRECTIONS
        self._contours.set_segments([BEST + np.sqrt(2 * level) * ellipse for level in LEVELS])
        self._ridge.set_data(*state.ridge.T)
        self._walk.set_data(*state.descent.T)
        self._matched.set_data(*state.matched[:, None])
        self._end.set_data(*state.descent[-1:].T)


class _Kept(Part):
    """The share of `BEST` that is kept in a direction, against the curvature in it."""

    def draw(self, ax: Axes, state: Paths) -> None:
        self._x = np.geomspace(1 / max(RATIOS) / 1.5, 1.5, 120)
        ax.set(xscale="log", xlim=(self._x[0], self._x[-1]), ylim=(0, 1.05))
        ax.set(xlabel="curvature of the loss in a direction (log scale)")
        ax.set(ylabel="share of the way to the end")
        self._walk = self.line(color=COLORS[0], linewidth=1.8, label="t steps")
        self._ridge = self.line("--", color=COLORS[1], linewidth=1.8, label="L2, closest λ")
        look = {"linewidth": 1.2, "label": "flat, steep", "zorder": 1.9}
        self._guides = self.line(":", color=NEUTRAL, **look)
        self._at_ridge = self.line("s", color=COLORS[1], markersize=8, mec="black", zorder=5)
        self._at_walk = self.line("o", color=COLORS[0], markersize=8, mec="black", zorder=5)
        legend_above(ax)

    def update(self, state: Paths) -> None:
        a = state.curvatures
        self._walk.set_data(self._x, state.kept_by_steps(self._x))
        self._ridge.set_data(self._x, state.kept_by_penalty(self._x))
        self._at_walk.set_data(a, state.kept_by_steps(a))
        self._at_ridge.set_data(a, state.kept_by_penalty(a))
        self._guides.set_data(np.repeat(a, 3), [0.0, 1.05, np.nan] * 2)


def _say(state: Paths) -> str:
    """Both solutions, and their distance."""
    if state.steps == 0:
        return f"no step taken: gradient descent is at its start, {_pair(state.start)}"
    text = (
        f"{state.steps} steps: gradient descent is at {_pair(state.descent[-1])}; the closest "
        f"that L2 comes is {_pair(state.matched)}, with λ = {_short(state.strength)} (rule of "
        f"thumb 1/(ηt) = {_short(state.rule_of_thumb)}): {state.apart:.0%} of the way apart"
    )
    if np.any(state.start):
        text += "; stopping early stays near its start, L2 near zero"
    return text


def _short(number: float) -> str:
    return format_value(float(f"{number:.2g}")) if np.isfinite(number) else "∞"


def _pair(w: Vector) -> str:
    return f"({w[0]:.2f}, {w[1]:.2f})"
