"""Texts about figures, made from their numbers: the lines below them and the alt text.

"p = 0.3: validation accuracy 91.8% ± 0.3, +3.0 ± 0.3 points over p = 0, 8 paired seeds"
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.evidence import estimate, paired_difference, signed
from course_utils.plots.value_axis import format_value


def accuracy_text(samples: ArrayLike) -> str:
    """ "91.8% ± 0.3": mean over seeds and half the 95% interval; one seed has no interval."""
    values = _finite(samples)
    if not values:
        return "no number (every run diverged)"
    if len(values) == 1:
        return f"{100 * values[0]:.1f}% (one seed)"
    return estimate(values).percent()


def number_text(samples: ArrayLike, digits: int = 2, unit: str = "") -> str:
    """ "0.41 ± 0.02": mean over seeds and half the 95% interval, with an optional unit."""
    values = _finite(samples)
    if not values:
        return "no number (every run diverged)"
    ending = f" {unit}" if unit else ""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}{ending}"
    found = estimate(values)
    return f"{found.mean:.{digits}f} ± {found.half_width:.{digits}f}{ending}"


def gain_text(samples: ArrayLike, baseline: ArrayLike) -> str:
    """ "+3.0 ± 0.3 points": the paired difference of two accuracies, seed by seed."""
    a, b = np.ravel(samples).astype(float), np.ravel(baseline).astype(float)
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        return "a difference that needs two seeds or more"
    return paired_difference(a[both], b[both]).points()


def change_text(samples: ArrayLike, baseline: ArrayLike, digits: int = 2) -> str:
    """ "-0.12 ± 0.03": the paired difference of two scores that are no shares, seed by seed."""
    a, b = np.ravel(samples).astype(float), np.ravel(baseline).astype(float)
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        return "a difference that needs two seeds or more"
    found = paired_difference(a[both], b[both])
    return f"{signed(found.mean, digits)} ± {found.half_width:.{digits}f}"


def sweep_text(
    name: str, values: Sequence[Any], index: int, scores: ArrayLike, *, baseline: int | None = 0
) -> str:
    """The line under a sweep: the accuracy at value `index`, and its gain over the baseline value.

    `scores` [values, seeds] are accuracies between 0 and 1; `baseline` is the index of the value
    compared with, or None for no comparison.
    """
    array = np.asarray(scores, dtype=float)
    seeds = array.shape[1]
    text = (
        f"{name} = {format_value(values[index])}: validation accuracy {accuracy_text(array[index])}"
    )
    diverged = int(np.isnan(array[index]).sum())
    if 0 < diverged < seeds:
        text += f", {diverged} of {seeds} runs diverged"
    if baseline is None or index == baseline or seeds < 2 or diverged == seeds:
        return f"{text}, {seeds} seed{'s' if seeds > 1 else ''}"
    gain = gain_text(array[index], array[baseline])
    reference = f"{name} = {format_value(values[baseline])}"
    return f"{text}, {gain} over {reference}, {seeds} paired seeds"


def _finite(samples: ArrayLike) -> list[float]:
    values = np.ravel(np.asarray(samples, dtype=float))
    return [float(v) for v in values[np.isfinite(values)]]
