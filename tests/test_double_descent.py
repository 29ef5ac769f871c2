"""Random features and least squares: the peak, the fall behind it, and what λ makes of both."""

import numpy as np
import pytest
from numpy.typing import NDArray

from course_utils.data import load_dataset
from course_utils.evidence import paired_difference
from course_utils.experiments import random_features
from course_utils.experiments.random_features import RATIOS, Ridges, ridge_on_random_features
from course_utils.panels import overfitting
from tests.lessons import rises

Array = NDArray[np.float64]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("closing_last")]


@pytest.fixture(scope="module")
def ridges() -> Ridges:
    """The panel *double descent*, with the lesson's settings."""
    found: Ridges = overfitting.double_descent(load_dataset("digits")).result
    return found


def test_the_error_peaks_where_features_equal_samples_and_falls_again(ridges: Ridges) -> None:
    errors = [ridges.typical_error(0.0, ratio) for ratio in RATIOS]
    peak = RATIOS.index(1.0)
    assert int(np.argmax(errors)) == peak
    assert errors[peak] > 10 * errors[0]
    assert errors[-1] < min(errors[:peak])
    before = max(RATIOS[:peak], key=lambda ratio: float(ridges.accuracy(0.0, ratio).mean()))
    assert rises(paired_difference(ridges.accuracy(0.0, RATIOS[-1]), ridges.accuracy(0.0, before)))


def test_from_the_peak_on_every_training_point_is_met(ridges: Ridges) -> None:
    assert np.all(ridges.train_error[0, RATIOS.index(1.0) :] < 1e-6)
    assert np.all(ridges.train_error[0, : RATIOS.index(0.9)] > 1e-3)


def test_lambda_melts_the_peak(ridges: Ridges) -> None:
    *peaks, too_much = [ridges.typical_error(lam, 1.0) for lam in ridges.lambdas]
    assert peaks == sorted(peaks, reverse=True)
    assert too_much > peaks[-1]  # bias
    errors = [ridges.typical_error(1e-3, ratio) for ratio in RATIOS]
    assert errors == sorted(errors, reverse=True)  # no peak is left
    assert rises(paired_difference(ridges.accuracy(1e-3, 1.0), ridges.accuracy(0.0, 1.0)))


def test_the_ridge_solution_is_that_of_the_normal_equations() -> None:
    data = load_dataset("digits")
    *_, found = ridge_on_random_features(data, 40, 0.0, lambdas=(1e-3,), seeds=1)
    part = data.subset(40, 0)
    train, val = random_features._random_features(part, max(RATIOS), 0)
    eye = np.eye(10)
    for j in (3, 9):
        width = round(RATIOS[j] * 40)
        f = train[:, :width]
        weights = np.linalg.solve(
            f.T @ f + 40 * 1e-3 * width * np.eye(width), f.T @ (eye[part.y_train] - 0.1)
        )
        predicted = val[:, :width] @ weights + 0.1
        error = ((predicted - eye[data.y_val]) ** 2).sum(axis=1).mean()
        assert found.val_error[0, j, 0] == pytest.approx(error, rel=1e-6)
