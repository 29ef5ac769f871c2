"""Lesson 08's panel for AdamW's decay: how much of each update is left at the end."""

import numpy as np
from matplotlib.axes import Axes

from course_utils.experiments.decay_memory import SCHEDULES, Memory, remember
from course_utils.live import Explore, choice, explore, slider
from course_utils.plots import Array, Part, PartsBoard, format_value
from course_utils.plots.style import COLORS, FONT_SIZE, legend_above

LRS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
DECAYS = (0.001, 0.01, 0.03, 0.1, 0.3, 1, 3)
LR_AXIS, DECAY_AXIS = (5e-5, 2e-2), (5e-4, 6.0)
STEPS = (200, 2_000, 20_000)


def memory() -> Explore:
    """The panel: learning rate, λ, steps and schedule, and what the final weights remember."""
    return explore(
        remember,
        PartsBoard([_Left(), _Products()], height=3.3, widths=[1.35, 1.0], say=_say),
        controls={
            "lr": slider(LRS, label="learning rate", start=1e-3),
            "decay": slider(DECAYS, label="λ", start=0.1),
            "steps": choice(STEPS, start=2_000, say=lambda n: f"{n:,}"),
            "schedule": choice(SCHEDULES),
        },
        title="How long weights remember under decoupled weight decay",
    )


class _Left(Part):
    """The share of what each step has added that is left at the end."""

    def draw(self, ax: Axes, state: Memory) -> None:
        ax.set(ylim=(0, 1.04), ylabel="share left in the final weights")
        ax.set(xlabel="step in which it was added (0: the first weights)")
        self._rate = self.line(":", color="black", linewidth=1.4, label="learning rate / highest")
        self._left = self.line(color=COLORS[0], linewidth=2.6, label="share left")
        # In front, so that it shows where the rate is constant and both are the same.
        self._plain = self.line("--", color=COLORS[5], linewidth=1.6, label="at a constant rate")
        self._start = self.line("o", color=COLORS[0], markersize=8, markeredgecolor="black")
        legend_above(ax)

    def update(self, state: Memory) -> None:
        self.set_axes(xlim=(-0.02 * state.steps, 1.02 * state.steps))
        x = np.arange(state.steps + 1)
        self._left.set_data(x, state.left)
        self._plain.set_data(x, state.plain)
        self._rate.set_data(x[:-1], state.rates / state.lr)
        self._start.set_data([0], [state.left[0]])


class _Products(Part):
    """All pairs of learning rate and λ; along a diagonal the product is the same."""

    grid = False

    def draw(self, ax: Axes, state: Memory) -> None:
        ax.set(xscale="log", yscale="log", xlim=LR_AXIS, ylim=DECAY_AXIS)
        ax.set(xlabel="learning rate (log scale)", ylabel="λ (log scale)")
        for exponent in range(-7, 0):
            product = 10.0**exponent
            ax.plot(*_line(product), color="#bbbbbb", linewidth=0.9, zorder=1)
            middle = np.sqrt(0.02 * product)
            if LR_AXIS[0] < middle < LR_AXIS[1]:
                ax.annotate(
                    f"1 / {1 / product:,.0f}", (middle, product / middle), color="#777777",
                    fontsize=FONT_SIZE - 2, rotation=-30, ha="center", va="bottom",
                )  # fmt: skip
        lrs, decays = np.meshgrid(LRS, DECAYS)
        ax.plot(lrs.ravel(), decays.ravel(), ".", color="#999999", markersize=4)
        ax.set_title("lr · λ is the same on each line", fontsize=FONT_SIZE + 1)
        self._same = self.line(color=COLORS[1], linewidth=1.8)
        self._here = self.line("o", color=COLORS[1], markersize=10, markeredgecolor="black")

    def update(self, state: Memory) -> None:
        self._same.set_data(*_line(state.lr * state.decay))
        self._here.set_data([state.lr], [state.decay])


def _line(product: float) -> tuple[Array, Array]:
    """Where lr * λ is `product`, from edge to edge of the axes."""
    lowest = max(LR_AXIS[0], product / DECAY_AXIS[1])
    x = np.array([lowest, max(lowest, min(LR_AXIS[1], product / DECAY_AXIS[0]))])
    return x, product / x


def _say(state: Memory) -> str:
    product = state.lr * state.decay
    return (
        f"lr = {format_value(state.lr)}, λ = {format_value(state.decay)}, lr · λ = "
        f"{format_value(product)}: at that rate half is forgotten after {state.half_life:,.0f} "
        f"steps; after {state.steps:,} steps at a {state.schedule} rate {state.left[0]:.1%} of the "
        f"first weights is left, and {state.left[state.steps // 2]:.1%} of what was added halfway"
    )
