"""Lesson 02's panel that trains while λ moves: a decision boundary being learned."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes

from course_utils.budget import budgeted
from course_utils.data import Dataset, moons
from course_utils.experiments.runs import adam_run
from course_utils.fleet import Fleet, iter_fleet
from course_utils.live import Live, Stream, choice, slider, stream
from course_utils.plots import Boundary, Line, Part, PartsBoard, accuracy_text, format_value
from course_utils.plots.style import WITHOUT_PENALTY, legend_above
from course_utils.regularizers import l1_penalty, l2_penalty
from course_utils.training import Penalty

LAMBDAS = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
MOVED = ["keep the weights", "start again"]
N_TRAIN, SPREAD, NOISE = 100, 0.2, 0.2
HIDDEN, LR, SEEDS = (32, 32), 0.03, 8
FIRST = 100  # epochs that the cell itself trains
WINDOW = FIRST  # epochs that the strip beside the boundary looks back
MOST_EPOCHS = 20_000


@dataclass(frozen=True)
class Learned:
    """The networks after an epoch, and what that epoch was trained with."""

    fleet: Fleet
    penalty: str
    strength: float


def boundary(l1: Penalty = l1_penalty, l2: Penalty = l2_penalty) -> Stream:
    """The panel: eight networks learn two noisy moons while λ moves.

    `l1` and `l2` are the penalties that train: the learner's own, or the package's.
    """
    data = moons(N_TRAIN, noise=SPREAD).with_label_noise(NOISE)

    def train(live: Live) -> Iterator[Learned]:
        strength, penalty = live.tensor("λ"), {"L2": l2, "L1": l1}[live.penalty]
        fleets = iter_fleet(
            lambda kind: adam_run(data, HIDDEN, lr=LR, penalty=lambda w: strength * penalty(w)),
            data, values=[live.penalty], seeds=SEEDS, epochs=MOST_EPOCHS,
        )  # fmt: skip
        for fleet in fleets:
            yield Learned(fleet, live.penalty, live.λ)

    return stream(
        train,
        PartsBoard([_DecisionBoundary(data), _Strip()], height=3.4, widths=[1.25, 1.0], say=_say),
        controls={
            "λ": slider(LAMBDAS),
            "penalty": choice(["L2", "L1"]),
            "moved": choice(MOVED, label="when λ moves"),
        },
        restart=lambda name, live: name == "penalty" or (name == "λ" and live.moved == MOVED[1]),
        first=budgeted(FIRST),
        title="A decision boundary while it is being learned",
    )


def _say(state: Learned) -> str:
    fleet = state.fleet
    train, val = (acc[0, :, fleet.epoch] for acc in (fleet.train_acc, fleet.val_acc))
    return (
        f"epoch {fleet.epoch}, {state.penalty} with λ = {format_value(state.strength)}: accuracy "
        f"{accuracy_text(train)} in training, {accuracy_text(val)} in validation, {len(val)} seeds"
    )


@dataclass(eq=False)
class _DecisionBoundary(Part):
    """The boundary of every seed over the points."""

    data: Dataset

    def draw(self, ax: Axes, state: Learned) -> None:
        x, y = self.data.x_train, self.data.y_train
        self._boundary = self.add(Boundary(ax, x, y, wrong=self.data.noisy, steps=50))
        self._points = torch.from_numpy(self._boundary.points)
        ax.set(xlabel="$x_1$", ylabel="$x_2$")

    @torch.no_grad()
    def update(self, state: Learned) -> None:
        logits = torch.stack([state.fleet.model(0, s)(self._points) for s in range(SEEDS)])
        # Of two classes the softmax is a sigmoid, which takes a tenth of its time.
        self._boundary.update((logits[..., 1] - logits[..., 0]).sigmoid().numpy())


class _Strip(Part):
    """Training and validation loss of the last `WINDOW` epochs, newest at the right."""

    def draw(self, ax: Axes, state: Learned) -> None:
        ax.set(xlim=(-WINDOW, 0), ylim=(0, 1.0))
        ax.set(xlabel="epochs, counted back from now", ylabel=WITHOUT_PENALTY)
        x = np.arange(-WINDOW, 1)
        self._train = self.add(Line(ax, x, split="train", label="training"))
        self._val = self.add(Line(ax, x, split="val", label="validation"))
        legend_above(ax)

    def update(self, state: Learned) -> None:
        fleet = state.fleet
        for line, losses in ((self._train, fleet.train_loss[0]), (self._val, fleet.val_loss[0])):
            recent = losses[:, max(0, fleet.epoch - WINDOW) : fleet.epoch + 1]
            empty = np.full((len(recent), WINDOW + 1 - recent.shape[1]), np.nan)
            line.update(np.hstack([empty, recent]))
