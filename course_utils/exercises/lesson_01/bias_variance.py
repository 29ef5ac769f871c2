"""Visible check of exercise 01: ``bias_variance``."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.exercises.attempt import attempt


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    VARIANCE_FIRST = "this is the variance; bias2 comes first"
    AVERAGED_OVER_THE_POINTS = (
        "the fits are averaged along the wrong axis: predictions are [fits, points]"
    )
    SQUARE_OF_THE_MEAN_ERROR = (
        "errors of opposite sign cancel here; square at each point, then average"
    )
    MEAN_SQUARED_ERROR = "this is the whole error, bias² + variance; average the fits, then square"
    DISTANCES = "these are distances, not squares"
    SUMS = "this is the sum over the points; the task asks for the mean"
    UNBIASED_VARIANCE = (
        "this divides by fits - 1; only with correction=0 do the two parts add up to the "
        "whole error"
    )
    VARIANCE_AMONG_POINTS = "this is the variance among points; take it among the fits"
    VARIANCE_OF_EVERYTHING = "this is the variance of all numbers at once; take it at each point"
    STANDARD_DEVIATION = "this is the standard deviation"


def bias_variance(answer: Callable[[Tensor, Tensor], Any]) -> None:
    """Task ``bias_variance(predictions, truth)`` -> squared bias and variance."""
    with attempt("bias_variance", answer) as check:
        fits = torch.tensor([[0.0, 5.0, 1.0], [4.0, 9.0, 4.0], [2.0, 1.0, 7.0]])
        truth = torch.tensor([3.0, 8.0, 1.0])
        on = "predictions [[0, 5, 1], [4, 9, 4], [2, 1, 7]] of 3 fits, truth [3, 8, 1]"
        given = fits.clone(), truth.clone()
        bias, variance = check.pair(answer(*given), "bias2, variance", on=on)
        error, points = fits.mean(0) - truth, len(truth)
        bias2, spread = error.square().mean(), fits.var(0, correction=0).mean()
        check.close(
            "the squared bias",
            bias,
            bias2,
            on=on,
            hint="the mean fit has an error at each point: square it there, then average",
            mistakes={
                Mistake.AVERAGED_OVER_THE_POINTS: (fits.mean(1) - truth).square().mean(),
                Mistake.SQUARE_OF_THE_MEAN_ERROR: error.mean().square(),
                Mistake.MEAN_SQUARED_ERROR: (fits - truth).square().mean(),
                Mistake.DISTANCES: error.abs().mean(),
                Mistake.SUMS: points * bias2,
                Mistake.VARIANCE_FIRST: spread,
            },
        )
        check.close(
            "the variance",
            variance,
            spread,
            on=on,
            hint="at each point, the variance of the fits; then the mean over the points",
            mistakes={
                Mistake.UNBIASED_VARIANCE: fits.var(0).mean(),
                Mistake.VARIANCE_AMONG_POINTS: fits.var(1, correction=0).mean(),
                Mistake.VARIANCE_OF_EVERYTHING: fits.var(correction=0),
                Mistake.STANDARD_DEVIATION: fits.std(0, correction=0).mean(),
                Mistake.SUMS: points * spread,
            },
        )
        check.kept(given, (fits, truth), on=on)
        fits, truth = torch.tensor([[0.0, 5.0], [4.0, 9.0]]), torch.tensor([3.0, 5.0])
        on = "the example of the text: predictions [[0, 5], [4, 9]] of 2 fits, truth [3, 5]"
        got, hint = check.pair(answer(fits, truth), "bias2, variance", on=on), "by hand, as there"
        check.close("bias² and variance of the example", list(got), [2.5, 4.0], on=on, hint=hint)
