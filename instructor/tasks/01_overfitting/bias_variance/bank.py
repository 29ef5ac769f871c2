"""Right and wrong answers to bias_variance."""

import numpy as np
import torch

from instructor.answers import right, wrong


@right
def with_var(predictions, truth):
    error = torch.mean(predictions, dim=0) - truth
    return (error**2).mean().item(), predictions.var(0, correction=0).mean().item()


@right
def point_by_point(predictions, truth):
    bias2 = variance = 0.0
    for column, right_one in zip(predictions.T.tolist(), truth.tolist(), strict=True):
        bias2 += (np.mean(column) - right_one) ** 2 / len(truth)
        variance += np.var(column) / len(truth)
    return bias2, variance


def _variance(predictions):
    return predictions.var(0, correction=0).mean()


def _bias2(predictions, truth):
    return (predictions.mean(0) - truth).square().mean()


@wrong("errors of opposite sign cancel")
def square_of_the_mean_error(predictions, truth):
    return (predictions.mean(0) - truth).mean() ** 2, _variance(predictions)


@wrong("this is the whole error")
def mean_squared_error(predictions, truth):
    return (predictions - truth).square().mean(), _variance(predictions)


@wrong("the fits are averaged along the wrong axis")
def averaged_over_the_points(predictions, truth):
    return (predictions.mean(1) - truth).square().mean(), _variance(predictions)


@wrong("these are distances, not squares")
def distances(predictions, truth):
    return (predictions.mean(0) - truth).abs().mean(), _variance(predictions)


@wrong("this is the sum over the points")
def sums(predictions, truth):
    return (predictions.mean(0) - truth).square().sum(), _variance(predictions)


@wrong("this divides by fits - 1")
def unbiased_variance(predictions, truth):
    return _bias2(predictions, truth), predictions.var(0).mean()


@wrong("this is the variance among points")
def variance_among_points(predictions, truth):
    return _bias2(predictions, truth), predictions.var(1, correction=0).mean()


@wrong("this is the variance of all numbers at once")
def variance_of_everything(predictions, truth):
    return _bias2(predictions, truth), predictions.var(correction=0)


@wrong("this is the standard deviation")
def standard_deviation(predictions, truth):
    return _bias2(predictions, truth), predictions.std(0, correction=0).mean()


@wrong("a pair (bias2, variance)")
def the_sum(predictions, truth):
    return _bias2(predictions, truth) + _variance(predictions)


@wrong("average over the points")
def the_visible_pair(predictions, truth):
    return 2.5, 4.0
