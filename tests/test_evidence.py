"""Intervals and verdicts: SciPy is the oracle, and 95% has to mean 95%."""

import math

import numpy as np
import pytest
from scipy import stats

from course_utils.evidence import (
    Difference,
    estimate,
    interval_along,
    paired_difference,
    signed,
)

SAMPLES = [
    [0.90, 0.92],
    [0.918, 0.921, 0.911, 0.915, 0.92, 0.917, 0.913, 0.922],
    np.random.default_rng(0).normal(3, 2, 30),
]


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_the_interval_is_students(samples, level):
    got = estimate(samples, level)
    n = len(samples)
    low, high = stats.t.interval(level, n - 1, np.mean(samples), stats.sem(samples))
    assert (got.low, got.high) == pytest.approx((low, high))
    assert got.mean == pytest.approx(np.mean(samples))
    assert got.n == n
    assert got.half_width == pytest.approx((high - low) / 2)


def test_a_known_number():
    # Mean 3, standard deviation 1.5811, t(4) = 2.7764: 3 ± 1.9632.
    got = estimate([1, 2, 3, 4, 5])
    assert (got.mean, got.low, got.high) == pytest.approx((3, 1.0368, 4.9632), abs=1e-4)
    assert str(got) == "3.000 ± 1.963"


def test_what_is_rounded_to_0_has_no_sign():
    numbers = (0.04, -0.04, 0.0, 0.06, -0.06, math.nan)
    assert [signed(x, 1) for x in numbers] == ["0.0", "0.0", "0.0", "+0.1", "-0.1", "+nan"]
    assert paired_difference([0.5, 0.5], [0.5, 0.5]).points() == "0.0 ± 0.0 points"


def test_any_iterable_will_do():
    numbers = [1.0, 2.0, 4.0]
    assert estimate(iter(numbers)) == estimate(numbers) == estimate(np.array(numbers))


def test_one_sample_says_nothing_about_the_spread():
    got = estimate([0.9])
    assert (got.mean, got.low, got.high, got.n) == (0.9, -math.inf, math.inf, 1)


def test_equal_samples_have_no_spread():
    got = estimate([0.5, 0.5, 0.5])
    assert (got.low, got.mean, got.high) == (0.5, 0.5, 0.5)


def test_95_percent_of_intervals_hold_the_truth():
    """Over 4,000 experiments with 8 seeds, the share is 95% up to its own standard error."""
    runs = np.random.default_rng(1).normal(0.7, 0.05, (4000, 8))
    _, low, high = interval_along(runs, axis=1)
    covered = np.mean((low <= 0.7) & (high >= 0.7))
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_a_difference_is_that_of_pairs():
    a, b = np.array([0.92, 0.95, 0.90]), np.array([0.90, 0.94, 0.89])
    got = paired_difference(a, b)
    oracle = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (got.low, got.high) == pytest.approx((oracle.low, oracle.high))
    assert got.mean == pytest.approx(np.mean(a - b))
    swapped = paired_difference(b, a)
    assert (swapped.low, swapped.mean) == pytest.approx((-got.high, -got.mean))


def test_what_pairs_share_cancels():
    shared = np.array([0.5, 0.7, 0.9, 0.6])
    got = paired_difference(shared + 0.02, shared)
    assert got.half_width == pytest.approx(0, abs=1e-12)
    assert got.is_clear


@pytest.mark.parametrize(
    ("low", "mean", "high", "clear"),
    [
        (0.01, 0.02, 0.03, True),
        (-0.03, -0.02, -0.01, True),
        (-0.01, 0.01, 0.03, False),
        (0.0, 0.01, 0.02, False),  # 0 itself is in the interval
        (-0.02, -0.01, 0.0, False),
        (0.0, 0.0, 0.0, False),
    ],
)
def test_clear_means_that_zero_is_outside(low, mean, high, clear):
    assert Difference(mean, low, high, 8).is_clear == clear


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Difference(0.03, 0.027, 0.033, 8), "accuracy goes up: +3.0 ± 0.3 points, 8 paired seeds"),
        (
            Difference(-0.03, -0.033, -0.027, 8),
            "accuracy goes down: -3.0 ± 0.3 points, 8 paired seeds",
        ),
        (
            Difference(0.001, -0.004, 0.006, 5),
            "accuracy does not change clearly: +0.1 ± 0.5 points, 5 paired seeds",
        ),
    ],
)
def test_verdicts(difference, words):
    assert difference.verdict("accuracy") == words


def test_a_verdict_in_the_samples_own_units():
    words = Difference(-0.25, -0.3, -0.2, 4).verdict("the loss", points=False)
    assert words == "the loss goes down: -0.250 ± 0.050, 4 paired seeds"


def test_a_verdict_on_one_pair_claims_nothing():
    words = paired_difference([0.93], [0.90]).verdict("accuracy")
    assert words == (
        "accuracy differs by +3.0 points in one pair of runs, which says nothing about others"
    )


def test_a_verdict_on_a_run_without_a_score():
    words = paired_difference([0.93, math.nan], [0.90, 0.91]).verdict("accuracy")
    assert words == "accuracy cannot be compared: a run has no score (NaN); did it diverge?"


def test_a_share_in_percent():
    assert estimate([0.90, 0.92]).percent() == "91.0% ± 12.7"


def test_interval_along_agrees_with_estimate():
    runs = np.random.default_rng(2).normal(size=(3, 5, 4))
    for axis in range(3):
        mean, low, high = interval_along(runs, axis)
        one = estimate(np.moveaxis(runs, axis, -1)[1, 2])
        assert (mean[1, 2], low[1, 2], high[1, 2]) == pytest.approx((one.mean, one.low, one.high))


def test_interval_along_with_gaps_and_with_one_seed():
    runs = np.array([[1.0, math.nan, 3.0], [1.0, 2.0, 3.0]])
    mean, low, high = interval_along(runs, axis=1)
    assert np.isnan([mean[0], low[0], high[0]]).all()
    assert np.isfinite([mean[1], low[1], high[1]]).all()
    single = np.array([[0.5], [0.7]])
    for row in interval_along(single, axis=1):
        assert row.tolist() == [0.5, 0.7]
