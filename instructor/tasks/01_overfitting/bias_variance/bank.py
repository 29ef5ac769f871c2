"""Right and wrong answers to bias_variance."""

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


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


@wrong("square_of_the_mean_error")
def square_of_the_mean_error(predictions, truth):
    return (predictions.mean(0) - truth).mean() ** 2, _variance(predictions)


@wrong("mean_squared_error")
def mean_squared_error(predictions, truth):
    return (predictions - truth).square().mean(), _variance(predictions)


@wrong("averaged_over_the_points")
def averaged_over_the_points(predictions, truth):
    return (predictions.mean(1) - truth).square().mean(), _variance(predictions)


@wrong("distances")
def distances(predictions, truth):
    return (predictions.mean(0) - truth).abs().mean(), _variance(predictions)


@wrong("sums")
def sums(predictions, truth):
    return (predictions.mean(0) - truth).square().sum(), _variance(predictions)


@wrong("unbiased_variance")
def unbiased_variance(predictions, truth):
    return _bias2(predictions, truth), predictions.var(0).mean()


@wrong("variance_among_points")
def variance_among_points(predictions, truth):
    return _bias2(predictions, truth), predictions.var(1, correction=0).mean()


@wrong("variance_of_everything")
def variance_of_everything(predictions, truth):
    return _bias2(predictions, truth), predictions.var(correction=0)


@wrong("standard_deviation")
def standard_deviation(predictions, truth):
    return _bias2(predictions, truth), predictions.std(0, correction=0).mean()


@wrong("not_a_pair")
def the_sum(predictions, truth):
    return _bias2(predictions, truth) + _variance(predictions)


@wrong(UNNAMED)
def the_visible_pair(predictions, truth):
    return 2.5, 4.0


@right
def by_numpy(predictions, truth):
    fits, goal = predictions.numpy(), truth.numpy()
    center = np.mean(fits, axis=0)
    return float(np.mean((goal - center) ** 2)), float(np.var(fits, axis=0).mean())


@wrong("input_changed")
def centers_the_predictions_in_place(predictions, truth):
    center = predictions.sum(dim=0) / len(predictions)
    predictions.sub_(center)
    return torch.nn.functional.mse_loss(center, truth), torch.mean(predictions * predictions)


@wrong(UNNAMED)
def medians_for_means(predictions, truth):
    center = predictions.quantile(0.5, dim=0)
    spread = torch.mean(torch.pow(predictions - center, 2))
    return torch.nn.functional.mse_loss(center, truth), spread


@wrong(UNNAMED)
def mean_sorted(predictions, truth):
    truth = truth.sort().values
    mean = predictions.mean(0)
    return ((mean - truth) ** 2).mean(), predictions.var(0, correction=0).mean()


@wrong(UNNAMED)
def truth_mean(predictions, truth):
    mean = predictions.mean(0)
    return ((mean - truth.mean()) ** 2).mean(), predictions.var(0, correction=0).mean()


@wrong(UNNAMED, at="hidden-variance")
def moments_in_single_precision(predictions, truth):
    p = predictions.float()
    bias2 = (p.mean(0) - truth.float()).square().mean()
    return bias2, (p.square().mean(0) - p.mean(0) ** 2).mean()


@wrong("variance_first")
def the_pair_turned_round(predictions, truth):
    mean = predictions.mean(0)
    return predictions.var(0, correction=0).mean(), (mean - truth).square().mean()


@wrong("rounded", at="hidden-variance")
def rounded_to_four_places(predictions, truth):
    mean = predictions.mean(0)
    parts = (mean - truth).square().mean(), predictions.var(0, correction=0).mean()
    return tuple(round(float(part), 4) for part in parts)


@right
def all_errors_in_one_row_by_reshape(predictions, truth):
    spread = (predictions - predictions.mean(0)).reshape(-1)
    return _bias2(predictions, truth), spread @ spread / len(spread)


@wrong("not_contiguous", at="hidden-variance")
def all_errors_in_one_row_by_view(predictions, truth):
    mean = predictions.mean(0)
    spread = predictions.view(-1) - mean.repeat(len(predictions))
    return _bias2(predictions, truth), spread @ spread / len(spread)


@wrong("single_precision", at="hidden-bias")
def bias_in_single_precision(predictions, truth):
    return _bias2(predictions.float(), truth.float()), _variance(predictions)
