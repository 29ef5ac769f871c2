"""Lesson 02's panel for λ in motion: a decision boundary while it is being learned."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from course_utils.data import Dataset, moons
from course_utils.fleet import Fleet, Run, iter_fleet
from course_utils.live import Live, Stream, choice, slider, stream
from course_utils.models import MLP
from course_utils.plots import Board, Boundary, Line, format_value, said_accuracy, tidy
from course_utils.plots.style import FONT_SIZE, LABELS, legend_above
from course_utils.regularizers import l1_penalty, l2_penalty
from course_utils.training import Penalty

LAMBDAS = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
MOVED = ["keep the weights", "start again"]
N_TRAIN, SPREAD, NOISE = 100, 0.2, 0.2
HIDDEN, LR, SEEDS = (32, 32), 0.03, 8
FIRST = 100  # epochs that the cell itself trains
WINDOW = 200  # epochs that the strip beside the boundary looks back
MOST_EPOCHS = 20_000


class Strip:
    """Training and validation loss of the last `WINDOW` epochs, newest at the right."""

    def __init__(self, ax: Any) -> None:
        tidy(ax)
        ax.set(xlim=(-WINDOW, 0), ylim=(0, 1.0))
        ax.set_xlabel("epochs, counted back from now", fontsize=FONT_SIZE)
        ax.set_ylabel(LABELS["loss"], fontsize=FONT_SIZE)
        x = np.arange(-WINDOW, 1)
        self.train = Line(ax, x, split="train", label="training")
        self.val = Line(ax, x, split="val", label="validation")
        legend_above(ax)

    @property
    def artists(self) -> list[Any]:
        """Both curves with their bands."""
        return [*self.train.artists, *self.val.artists]

    def update(self, fleet: Fleet) -> None:
        """Show the newest epochs; those before the first stay empty."""
        for line, losses in ((self.train, fleet.train_loss[0]), (self.val, fleet.val_loss[0])):
            recent = losses[:, max(0, fleet.epoch - WINDOW) : fleet.epoch + 1]
            empty = np.full((len(recent), WINDOW + 1 - recent.shape[1]), np.nan)
            line.update(np.hstack([empty, recent]))


class BoundaryBoard(Board):
    """The boundary of every seed over the points, and the loss of the last epochs."""

    def __init__(self, data: Dataset, settings: Mapping[str, Any]) -> None:
        super().__init__(columns=2, width=9.0, height=3.9, widths=[1.25, 1.0])
        self._settings = settings
        self.plane = self.add(
            Boundary(self.axes[0], data.x_train, data.y_train, wrong=data.noisy, steps=50)
        )
        self.axes[0].set_xlabel("$x_1$", fontsize=FONT_SIZE)
        self.axes[0].set_ylabel("$x_2$", fontsize=FONT_SIZE)
        self.strip = self.add(Strip(self.axes[1]))
        self._points = torch.from_numpy(self.plane.points)

    def update(self, state: Fleet) -> None:
        """Show the networks as they are now."""
        self.plane.update(self._probability(state))
        self.strip.update(state)

    def describe(self, state: Fleet) -> str:
        """Epoch, λ, and the accuracy on both splits."""
        train, val = (acc[0, :, state.epoch] for acc in (state.train_acc, state.val_acc))
        kind, lam = self._settings["kind"], format_value(self._settings["λ"])
        return (
            f"epoch {state.epoch}, {kind} with λ = {lam}: accuracy "
            f"{said_accuracy(train)} in training, {said_accuracy(val)} in validation, "
            f"{len(state.seeds)} seeds"
        )

    @torch.no_grad()
    def _probability(self, fleet: Fleet) -> NDArray[Any]:
        """Of class 1 at the grid's points, [seeds, points]."""
        logits = [fleet.model(0, s)(self._points) for s in range(len(fleet.seeds))]
        return torch.stack(logits).softmax(-1)[..., 1].numpy()


def boundary(l1: Penalty = l1_penalty, l2: Penalty = l2_penalty) -> Stream:
    """The panel: eight networks learn two noisy moons while λ moves.

    `l1` and `l2` are the penalties that train: the learner's own, or the package's.
    """
    data = moons(N_TRAIN, noise=SPREAD).with_label_noise(NOISE)
    used: dict[str, Any] = {}  # the settings of the last step, for the line of text

    def train(live: Live) -> Iterator[Fleet]:
        kind = live.penalty
        penalty = {"L2": l2, "L1": l1}[kind]
        strength = torch.tensor(0.0)  # changed in place, so that the next step meets the new λ

        def build(_: Any) -> Run:
            model = MLP(2, HIDDEN, 2)
            adam = torch.optim.Adam(model.parameters(), lr=LR)
            return Run(model, adam, penalty=lambda model: strength * penalty(model))

        fleets = iter_fleet(build, data, values=[kind], seeds=SEEDS, epochs=MOST_EPOCHS)
        while True:
            used.update({"kind": kind, "λ": live.λ})
            strength.fill_(used["λ"])
            fleet = next(fleets, None)
            if fleet is None:
                return
            yield fleet

    def restart(name: str, live: Live) -> bool:
        return name == "penalty" or (name == "λ" and live.moved == MOVED[1])

    return stream(
        train,
        BoundaryBoard(data, used),
        controls={
            "λ": slider(LAMBDAS),
            "penalty": choice(["L2", "L1"]),
            "moved": choice(MOVED, label="when λ moves"),
        },
        restart=restart,
        first=FIRST,
        title="A decision boundary while it is being learned",
    )
