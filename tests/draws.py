"""Draws from the stream of random numbers, and whether counts of them are likely."""

from scipy import stats

from course_utils.random_streams import SeededDraws

N = 100_000


def drawn(function, seed=0):
    with SeededDraws(seed):
        return function()


def likely(count, n, p, slack=0.0):
    """Whether `count` of n lies in a range that one in a million fair draws leaves."""
    low = stats.binom.ppf(5e-7, n, max(p - slack, 0.0))
    high = stats.binom.ppf(1 - 5e-7, n, min(p + slack, 1.0))
    return low <= count <= high
