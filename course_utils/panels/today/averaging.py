"""Lesson 08's panel for weight averaging: how long to average, and a falling rate beside it."""

from collections.abc import Iterator, Sequence

import numpy as np

from course_utils.budget import budgeted
from course_utils.experiments.averaged_weights import SCHEDULES, Averaged, average_along
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import AgainstValues, OverTraining, require_first
from course_utils.plots import Array, PartsBoard, change_text, number_text

HORIZONS = (1, 5, 20, 60)
LRS = (0.01, 0.02, 0.04)
STYLES = {"averaged weights": (2, "-"), "last weights": (3, "--")}


def averaging(horizons: Sequence[int] = HORIZONS) -> Sweep:
    """The slider is the horizon of an average of the weights, in steps; 1 is no average.

    Args:
        horizons: the slider's values, the first of them 1.

    The panel's `result` is an `Averaged`.
    """
    require_first("horizons", horizons, 1)
    epochs = budgeted(6)

    def train(lr: float) -> Iterator[Averaged]:
        return average_along(lr, horizons=horizons[1:], epochs=epochs)

    parts = [
        OverTraining(
            _curves, STYLES, (0.2, 1.6), "nats above the truth",
            places=lambda at: at.result.steps, xlabel=lambda at: "step",
        ),
        AgainstValues(
            _ends, {name: (i, "-") for i, name in enumerate(SCHEDULES)}, (0.2, 0.7),
            "nats above the truth at the end",
        ),
    ]  # fmt: skip
    return sweep(
        train,
        PartsBoard(parts, height=3.2, say=_say),
        name="horizon",
        values=slider(horizons, label="averaged over (steps)", start=horizons[len(horizons) // 2]),
        controls={
            "lr": choice(LRS, label="learning rate", start=0.02),
            "schedule": choice(SCHEDULES, trains=False),
        },
        epochs=epochs,
        title="Weights averaged along a training, and a falling learning rate",
    )


def _curves(at: At) -> dict[str, Array]:
    scores = at.result.scores(at.settings["schedule"])
    return {"averaged weights": scores[at.index], "last weights": scores[0]}


def _ends(at: At) -> dict[str, Array]:
    return {schedule: at.result.scores(schedule)[:, -1] for schedule in SCHEDULES}


def _say(at: At) -> str:
    ends, schedule, lr = _ends(at), at.settings["schedule"], at.settings["lr"]
    last = ends[schedule][0]
    said = (
        f"learning rate {lr:g}, {schedule}, after {at.result.steps[-1]} steps: the last weights "
        f"are {number_text(last)} nats above the truth"
    )
    if at.index:
        averaged = ends[schedule][at.index]
        said += f", an average over about {at.value} steps {number_text(averaged)}"
        said += f", {change_text(averaged, last)}"
    return f"{said}; {np.shape(last)[0]} paired seeds"
