"""The *double descent* panel of lesson 01: random features, from too few to far too many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils.data import Dataset
from course_utils.experiments.random_features import RATIOS, Ridges, ridge_on_random_features
from course_utils.live import At, Sweep, choice, slider, sweep
from course_utils.panels import noise_choice
from course_utils.plots import Array, Part, PartsBoard, accuracy_text, format_value, gain_text
from course_utils.plots.style import COLORS, NEUTRAL, legend_above

LAMBDAS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
ERRORS = [
    ("--", NEUTRAL, "validation, λ = 0"),
    ("-", COLORS[0], "training"),
    ("--", COLORS[0], "validation"),
]
ERROR_AXIS = {
    "ylim": (-2.2, 3), "ylabel": "squared error (log scale)",
    "yticks": range(-2, 4), "yticklabels": ["0.01", "0.1", "1", "10", "100", "1000"],
}  # fmt: skip
_PLACES = np.log10(RATIOS)


def double_descent(
    data: Dataset, *, samples: Sequence[int] = (50, 100), lambdas: Sequence[float] = LAMBDAS,
    seeds: int = 20,
) -> Sweep:  # fmt: skip
    """Random features, from far fewer than samples to ten times as many; the slider is λ.

    The panel's `result` is a `Ridges`.
    """
    parts = [
        _AgainstFeatures(_errors, ERRORS, ERROR_AXIS),
        _AgainstFeatures(
            lambda at: [at.result.val_acc[0], at.result.val_acc[at.index]],
            [("--", NEUTRAL, "λ = 0"), ("--", COLORS[0], "λ of the slider")],
            {"ylim": (0, 1), "ylabel": "validation accuracy"},
        ),
    ]
    return sweep(
        lambda samples, noise: ridge_on_random_features(
            data, samples, noise, lambdas=lambdas, seeds=seeds
        ),
        PartsBoard(parts, height=3.4, say=_say),
        name="λ",
        values=slider(lambdas),
        controls={
            "samples": choice(samples, label="training samples", start=samples[-1]),
            "noise": noise_choice(),
        },
        epochs=seeds,
        counted="seed",
        title="Double descent, and λ against it",
    )


@dataclass(eq=False)
class _AgainstFeatures(Part):
    """A quantity against the number of features.

    Args:
        find: ``find(at)`` -> of each curve, [ratios, seeds].
        styles: of each curve: line, color, label.
        axis: settings of the quantity's axis.
    """

    find: Callable[[At], Sequence[Array]]
    styles: Sequence[tuple[str, str, str]]
    axis: Mapping[str, Any]

    def draw(self, ax: Axes, at: At) -> None:
        ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
        ax.set(xlim=(_PLACES[0], _PLACES[-1]), **self.axis)
        ax.set_xlabel("features for each training sample (log scale)")
        ax.set_xticks(np.log10(ticks), [format_value(tick) for tick in ticks])
        ax.axvline(0, color=NEUTRAL, linewidth=1, linestyle=":")
        self._curves = [
            self.curve(style, color=color, linewidth=1.8, label=label)
            for style, color, label in self.styles
        ]
        legend_above(ax)

    def update(self, at: At) -> None:
        # The interval of two seeds would fill the picture.
        done = at.result.done if at.result.done > 2 else 1
        for curve, samples in zip(self._curves, self.find(at), strict=True):
            curve.show(_PLACES, samples[:, :done])


def _errors(at: At) -> list[Array]:
    """Logarithms, for a plain axis: their mean over seeds and its band are those of the ratios."""
    found: Ridges = at.result
    errors = (found.val_error[0], found.train_error[at.index], found.val_error[at.index])
    return [np.log10(np.maximum(error, 1e-12)) for error in errors]


def _say(at: At) -> str:
    found: Ridges = at.result
    lam, most, none = at.value, RATIOS[-1], found.lambdas[0]
    peak, end = (_short(found.typical_error(lam, ratio)) for ratio in (1.0, most))
    over = f" ({_short(found.typical_error(none, 1.0))} for λ = 0)" if lam > 0 else ""
    accuracy = found.accuracy(lam, most)
    gain = f", {gain_text(accuracy, found.accuracy(none, most))} over λ = 0" if lam > 0 else ""
    return (
        f"λ = {format_value(lam)}, {found.n} training samples: squared validation error {peak} "
        f"with {found.n} features{over} and {end} with {round(most * found.n)}; validation "
        f"accuracy there {accuracy_text(accuracy)}{gain}; {found.done} "
        f"{'paired ' if lam > 0 else ''}seeds"
    )


def _short(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.0f}"
