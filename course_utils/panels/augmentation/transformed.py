"""Lesson 05's gallery: images as they are and transformed, and which networks still read them."""

from collections.abc import Mapping

import torch

from course_utils.data import Dataset
from course_utils.experiments.runs import require_images
from course_utils.experiments.transforms import Looked, accuracies, amounts_text, transform_by
from course_utils.fleet import Fleet
from course_utils.live import Explore, choice, explore, slider
from course_utils.panels.augmentation.dot_plot import DotPlot
from course_utils.panels.augmentation.images import ImageRows, most_typical
from course_utils.plots import PartsBoard, accuracy_text, format_value
from course_utils.random_streams import SeededDraws

ANGLES = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180)
SHIFTS = (0.0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8)  # of the image's width
ZOOMS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
NOISES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
DRAWS = (1, 2, 3, 4, 5, 6)
ROWS = ("as it is", "first draw", "second draw", "third draw")
ASKED = 400  # validation images about which the networks are asked at each change


def gallery(data: Dataset, fleets: Mapping[str, Fleet]) -> Explore:
    """The panel: turn, shift, zoom and blur with noise; the images beside, and what is read.

    Args:
        data: images with class labels; validation images are shown and scored.
        fleets: networks trained on such data, by name; the first value of each fleet is used.

    The draws stay the same while a slider moves, so each image moves on smoothly.
    """
    require_images(data)
    typical, labels = most_typical(data)
    x, y = data.x_val[:ASKED], data.y_val[:ASKED]
    networks = {
        name: [fleet.model(0, seed) for seed in range(len(fleet.seeds))]
        for name, fleet in fleets.items()
    }
    unchanged = accuracies(networks, x, y)

    def compute(draw: int, **amounts: float) -> Looked:
        transform = transform_by(**amounts)
        with SeededDraws(draw):
            images = transform(typical.repeat(len(ROWS) - 1, 1, 1, 1))
            scores = accuracies(networks, transform(x), y)
        return Looked(images, scores, amounts_text(**amounts))

    def say(state: Looked) -> str:
        parts = [
            f"{name} reads {accuracy_text(score)} right "
            f"({accuracy_text(unchanged[name])} of unchanged ones)"
            for name, score in state.scores.items()
        ]
        seeds = len(next(iter(state.scores.values())))
        return f"images {state.text}: {'; '.join(parts)}; {seeds} seeds"

    parts = [
        ImageRows(lambda state: torch.cat([typical, state.images]), data, ROWS, labels),
        DotPlot(
            list(fleets), lambda state: (state.scores, unchanged),
            xlabel="accuracy (hollow: on unchanged images)",
        ),
    ]  # fmt: skip
    width = data.input_shape[-1]
    return explore(
        compute,
        PartsBoard(parts, width=9.6, height=2.7, widths=[1.9, 1.0], say=say),
        controls={
            "angle": slider(ANGLES, start=20, say=lambda v: f"up to {v}°"),
            "shift": slider(
                [share * width for share in SHIFTS],
                say=lambda v: f"up to {format_value(v)} pixels",
            ),
            "zoom": slider(ZOOMS, say=lambda v: f"up to {v:.0%}"),
            "noise": slider(NOISES),
            "draw": choice(DRAWS),
        },
        title="Which changes leave the label alone?",
    )
