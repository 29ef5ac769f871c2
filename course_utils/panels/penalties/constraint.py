"""Lesson 02's geometry: why a diamond has solutions on its corners, and a circle does not."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from course_utils.experiments.two_weights import STRENGTHS, Solved, Vector, solve
from course_utils.live import Explore, explore, slider
from course_utils.plots import Part, PartsBoard, format_value
from course_utils.plots.style import COLORS, FONT_SIZE, legend_above, weight_plane

SECOND = [-0.6, -0.3, 0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]  # always the smaller of the two weights
CORRELATIONS = [-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8]
EXTENT = (-1.6, 2.4, -1.7, 1.9)
LEVELS = (0.02, 0.1, 0.3, 0.65, 1.2, 2.0)  # of the loss, for the thin contours
NAMES = {"L2": "L2: circle", "L1": "L1: diamond"}
COLOR = {"L2": COLORS[0], "L1": COLORS[1]}

_TURN = np.linspace(0, 2 * np.pi, 121)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_DIAMOND = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])


def geometry() -> Explore:
    """The panel: λ, the second weight of the best fit, and the correlation of the two inputs."""
    parts = [_ConstraintRegion("L2"), _ConstraintRegion("L1"), _SecondWeight()]
    return explore(
        solve,
        PartsBoard(parts, height=3.3, widths=[1.0, 1.0, 0.9], say=_say),
        controls={
            "strength": slider(STRENGTHS, label="λ", start=0.6),
            "second": slider(SECOND, label="best w₂", start=0.4),
            "correlation": slider(CORRELATIONS, label="correlation ρ", start=0.4),
        },
        title="Two weights under an L2 and an L1 penalty",
    )


@dataclass(eq=False)
class _ConstraintRegion(Part):
    """Loss contours around the best fit, the region that the penalty allows, and the solution."""

    kind: str

    def draw(self, ax: Axes, state: Solved) -> None:
        weight_plane(ax, EXTENT)
        color = COLOR[self.kind]
        ax.set_title(NAMES[self.kind], fontsize=FONT_SIZE + 1, color=color)
        self._contours = self.lines(colors="#999999", linewidths=0.8, zorder=0.5)
        self._touching = self.lines(colors="black", linewidths=1.2, zorder=0.5)
        self._region = self.moves(Polygon(_DIAMOND, facecolor=color, edgecolor=color, alpha=0.25))
        ax.add_patch(self._region)
        self._path = self.line(color=color, linewidth=1.8)
        self._best = self.line("x", color="black", markersize=8, markeredgewidth=1.8)
        self._end = self.line("o", color=color, markersize=9, markeredgecolor="black")

    def update(self, state: Solved) -> None:
        ellipse = np.linalg.solve(np.linalg.cholesky(state.curvature).T, _CIRCLE.T).T
        self._contours.set_segments([state.best + np.sqrt(2 * level) * ellipse for level in LEVELS])
        path, end = state.path(self.kind), state.solution(self.kind)
        off = end - state.best
        touching = np.sqrt(max(float(off @ state.curvature @ off), 0.0))
        self._touching.set_segments([state.best + touching * ellipse])
        circle, diamond = np.sqrt((end**2).sum()) * _CIRCLE, np.abs(end).sum() * _DIAMOND
        self._region.set_visible(state.strength > 0)
        self._region.set_xy(circle if self.kind == "L2" else diamond)
        self._path.set_data(path[:, 0], path[:, 1])
        self._best.set_data([state.best[0]], [state.best[1]])
        self._end.set_data([end[0]], [end[1]])


class _SecondWeight(Part):
    """The smaller weight against λ, for both penalties, with a mark at the slider's value."""

    def draw(self, ax: Axes, state: Solved) -> None:
        ax.set(xlim=(0, max(STRENGTHS)), ylim=EXTENT[2:])
        ax.axhline(0, color="#888888", linewidth=0.8)
        ax.set(xlabel="strength λ", ylabel="weight $w_2$")
        self._lines = {k: self.line(color=COLOR[k], linewidth=1.8, label=k) for k in NAMES}
        look = {"markersize": 9, "markeredgecolor": "black"}
        self._marks = {k: self.line("o", color=COLOR[k], **look) for k in NAMES}
        legend_above(ax)

    def update(self, state: Solved) -> None:
        for kind, line in self._lines.items():
            line.set_data(state.grid, state.paths[kind][:, 1])
            self._marks[kind].set_data([state.strength], [state.solution(kind)[1]])


def _say(state: Solved) -> str:
    """The two solutions, and the smallest λ at which L1 has a zero."""
    circle, diamond = state.solution("L2"), state.solution("L1")
    text = (
        f"λ = {format_value(state.strength)}: L2 gives {_pair(circle)}, {_zeros(circle)}; "
        f"L1 gives {_pair(diamond)}, {_zeros(diamond)}"
    )
    alive = np.flatnonzero(state.paths["L1"][:, 1])
    if 0 < len(alive) < len(state.grid):
        text += f". L1 keeps w₂ at 0 from λ ≈ {state.grid[alive[-1] + 1]:.2f} on"
    return text


def _pair(w: Vector) -> str:
    return f"({w[0]:.2f}, {'0' if w[1] == 0 else f'{w[1]:.2f}'})"


def _zeros(w: Vector) -> str:
    zeros = int((w == 0).sum())
    return ("no weight is zero", "on a corner: one weight is exactly zero", "both are zero")[zeros]
