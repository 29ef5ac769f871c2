"""Visible check of exercise 08: ``expected_calibration_error``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
from torch import Tensor

from course_utils.checks.mistakes import Common, Mistakes
from course_utils.checks.report import Check
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    UNWEIGHTED = "each bin counts the same here; weight each gap by the number of images in its bin"
    SIGNED = "gaps of different sign cancel here; take the absolute value for each bin"
    WITHOUT_BINS = "one gap for all images together: there are no bins, or their gaps cancel"
    OF_EVERY_IMAGE = (
        "this is the mean gap of single images, so no two of them share a bin; the first of the "
        "bins of equal width goes from 0 to 1 / bins, and each takes the means of its images"
    )
    OF_THE_LABEL = "the confidence is the highest probability, not that of the label"
    SQUARED = "the gaps are squared; take their absolute values"
    EMPTY_BINS_NAN = (
        "the mean of an empty bin is 0 / 0, which makes the sum NaN; leave empty bins out"
    )
    BORDER_ABOVE = "a confidence on a border belongs to the bin below it"
    LAST_BIN_OPEN = "a confidence of 1 is in no bin here; it belongs to the last"


Error = Callable[[Tensor, Tensor, int], object]


def expected_calibration_error(answer: Error) -> None:
    """Task ``expected_calibration_error(probabilities, labels, bins)`` -> a number."""
    with attempt("expected_calibration_error", answer) as check:
        rows = [[0.9, 0.06, 0.04], [0.85, 0.1, 0.05], [0.88, 0.04, 0.08], [0.1, 0.7, 0.2]]
        rows += [[0.15, 0.2, 0.65], [0.3, 0.25, 0.45]]
        probabilities, labels = torch.tensor(rows), torch.tensor([0, 1, 0, 1, 2, 2])
        on = (
            "confidences 0.9, 0.85, 0.88, 0.7, 0.65, 0.45, of which all but the second are "
            "right, 5 bins"
        )
        calibrated(check, answer, probabilities, labels, 5, on)


def calibrated(
    check: Check, answer: Error, probabilities: Tensor, labels: Tensor, bins: int, on: str
) -> None:
    """Check that `answer` returns the error of these probabilities, and leaves them unchanged."""
    given = probabilities.clone(), labels.clone()
    got = answer(*given, bins)
    check.that(
        got is not None,
        "a number is returned",
        on=on,
        expected="a number",
        got=got,
        hint=Common.RETURNS_NOTHING,
    )
    top, guess = probabilities.double().max(1)
    right = (guess == labels).double()
    of_label = probabilities.double().gather(1, labels[:, None])[:, 0]
    gaps, sizes = _gaps(top, right, bins)
    full = sizes > 0
    wanted = float((gaps.abs() * sizes).sum() / len(labels))
    number = torch.as_tensor(got)
    lost = number.numel() == 1 and bool(number.isnan().any())
    label_gaps, label_sizes = _gaps(of_label, right, bins)
    upper, upper_sizes = _gaps(top, right, bins, below=False)
    inside = top < 1
    open_gaps, open_sizes = _gaps(top[inside], right[inside], bins, below=False)
    check.close(
        "the gaps between accuracy and confidence, weighted by the images of each bin",
        got,
        wanted,
        on=on,
        hint=Mistake.EMPTY_BINS_NAN
        if lost
        else "take |accuracy − mean confidence| of each bin, times its share of images; then sum",
        mistakes={
            Mistake.LAST_BIN_OPEN: (open_gaps.abs() * open_sizes).sum() / len(labels),
            Mistake.SIGNED: (top - right).mean(),
            Mistake.WITHOUT_BINS: (right - top).mean().abs(),
            Mistake.OF_EVERY_IMAGE: (right - top).abs().mean(),
            Mistake.OF_THE_LABEL: (label_gaps.abs() * label_sizes).sum() / len(labels),
            Mistake.SQUARED: (gaps.square() * sizes).sum() / len(labels),
            Mistake.BORDER_ABOVE: (upper.abs() * upper_sizes).sum() / len(labels),
            Mistake.UNWEIGHTED: gaps[full].abs().mean(),
        },
        atol=1e-5,
    )
    check.kept(given, (probabilities, labels), on=on)


def _gaps(top: Tensor, right: Tensor, bins: int, *, below: bool = True) -> tuple[Tensor, Tensor]:
    """The gap of each bin [bins], 0 for an empty bin, and the number of its images [bins]."""
    scaled = top * bins
    place = scaled.ceil() - 1 if below else scaled.floor().clamp(max=bins - 1)
    chosen = place[:, None] == torch.arange(bins)
    sizes = chosen.sum(0)
    return (chosen * (right - top)[:, None]).sum(0) / sizes.clamp(min=1), sizes
