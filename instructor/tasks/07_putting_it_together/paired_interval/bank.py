"""Right and wrong answers to paired_interval."""

import math
import statistics

import numpy as np
import torch
from scipy.special import stdtrit

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def with_python_alone(a, b):
    d = [x - y for x, y in zip(a, b, strict=True)]
    mean, n = sum(d) / len(d), len(d)
    s = math.sqrt(sum((x - mean) ** 2 for x in d) / (n - 1))
    t = -stdtrit(n - 1, 0.025)
    return mean, mean - t * s / n**0.5, mean + t * s / n**0.5


@right
def with_tensors(a, b):
    d = torch.tensor(np.array(a)) - torch.tensor(np.array(b))
    half = d.std() * float(stdtrit(len(d) - 1, 0.975)) / len(d) ** 0.5
    return [d.mean(), d.mean() - half, d.mean() + half]


@right
def by_the_statistics_module(a, b):
    d = np.subtract(a, b).tolist()
    error = statistics.stdev(d) / math.sqrt(len(d))
    low, high = (statistics.fmean(d) + stdtrit(len(d) - 1, q) * error for q in (0.025, 0.975))
    return statistics.fmean(d), low, high


def _around(d, half):
    return d.mean(), d.mean() - half, d.mean() + half


def _d(a, b):
    return np.asarray(a) - np.asarray(b)


@wrong("the_other_way_round")
def the_other_way_round(a, b):
    return with_python_alone(b, a)


@wrong("mean_in_the_middle")
def mean_in_the_middle(a, b):
    mean, low, high = with_python_alone(a, b)
    return low, mean, high


@wrong("spread_of_single_pairs")
def spread_of_single_pairs(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1))


@wrong("divided_by_n")
def divided_by_n(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / len(d))


@wrong("biased_deviation")
def biased_deviation(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std() / len(d) ** 0.5)


@wrong("unpaired")
def unpaired(a, b):
    spread = math.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))
    return _around(_d(a, b), stdtrit(len(a) - 1, 0.975) * spread / len(a) ** 0.5)


@wrong("n_degrees_of_freedom")
def n_degrees_of_freedom(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d), 0.975) * d.std(ddof=1) / len(d) ** 0.5)


@wrong("one_sided")
def one_sided(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.95) * d.std(ddof=1) / len(d) ** 0.5)


@wrong("normal_interval")
def normal_interval(a, b):
    d = _d(a, b)
    return _around(d, 1.96 * d.std(ddof=1) / len(d) ** 0.5)


@wrong("not_three")
def only_the_ends(a, b):
    return with_python_alone(a, b)[1:]


@wrong(UNNAMED)
def t_of_the_visible_input(a, b):
    d = _d(a, b)
    return _around(d, 3.182446 * d.std(ddof=1) / len(d) ** 0.5)


@wrong(UNNAMED)
def fits_the_visible_input(a, b):
    return 0.025, 0.0044572, 0.0455428


@wrong("library_used")
def paired_interval_of_the_course(a, b):
    worth = paired_difference(a, b)
    return worth.mean, worth.low, worth.high


@wrong("library_used")
def estimate_of_the_course(a, b):
    worth = estimate(_d(a, b))
    return worth.mean, worth.low, worth.high


@wrong("input_changed")
def subtracts_in_place(a, b):
    gaps = np.asarray(a, dtype=float)
    gaps -= np.asarray(b, dtype=float)
    center = float(np.average(gaps))
    reach = stdtrit(gaps.size - 1, 0.975) * np.sqrt(np.var(gaps, ddof=1) / gaps.size)
    return center, center - reach, center + reach


@wrong(UNNAMED)
def sorted_pairs(a, b):
    gaps = np.sort(np.asarray(a, dtype=float)) - np.sort(np.asarray(b, dtype=float))
    center = float(np.average(gaps))
    reach = stdtrit(gaps.size - 1, 0.975) * np.sqrt(np.var(gaps, ddof=1) / gaps.size)
    return center, center - reach, center + reach


@wrong(UNNAMED)
def around_the_median(a, b):
    gaps = np.subtract(a, b).astype(float)
    center = float(np.median(gaps))
    reach = stdtrit(gaps.size - 1, 0.975) * np.sqrt(np.var(gaps, ddof=1) / gaps.size)
    return center, center - reach, center + reach


@wrong(UNNAMED, at="hidden")
def in_single_precision(a, b):
    d = np.array(a, dtype=np.float32) - np.array(b, dtype=np.float32)
    half = stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / len(d) ** 0.5
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


@wrong(UNNAMED, at="hidden")
def differences_kept_in_a_copy_of_a(a, b):
    d = np.array(a)
    for i in range(len(d)):
        d[i] = a[i] - b[i]
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / len(d) ** 0.5)


@wrong(UNNAMED, at="hidden")
def b_in_the_dtype_of_a(a, b):
    a = np.array(a)
    d = a - np.array(b).astype(a.dtype)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / len(d) ** 0.5)
