"""What lesson 01 says of its panels alone, and what they compute.

What it says of digits and MNIST alike stands in `claims.lesson_01`.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from course_utils.data import Dataset, load_dataset
from course_utils.evidence import paired_difference
from course_utils.experiments.polynomials import DEGREES, GRID, Fits, fit_polynomials
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import overfitting
from tests.lessons import Lesson, every_control_moves_the_picture, falls, rises

Array = NDArray[np.float64]
LAST = -1
NOISES = (0.0, 0.2, 0.6, 1.0)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("closing_last")]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=300, label_noise=0.2)


@pytest.fixture(scope="module")
def noisy(digits: Dataset) -> Fleet:
    """The panel *memorize*, with the lesson's settings."""
    fleet: Fleet = overfitting.memorize(digits, NOISES).result
    return fleet


@pytest.fixture(scope="module")
def wide() -> Fleet:
    """The panel *data and width* at width 64."""
    return learning_curves(64)


def learning_curves(width: int) -> Fleet:
    panel = overfitting.data_and_width(load_dataset("digits"), (100, 800), (width,))
    fleet: Fleet = panel.result
    return fleet


# The panel *degree*.


@pytest.fixture(scope="module")
def fits() -> Fits:
    return fit_polynomials(30, 0.3)


def test_the_error_is_noise_plus_bias_plus_variance(fits: Fits) -> None:
    parts = fits.bias2 + fits.variance + fits.noise**2
    standard_error = fits.error.std(axis=1, ddof=1) / np.sqrt(fits.error.shape[1])
    assert np.all(np.abs(fits.error.mean(axis=1) - parts) < 4 * standard_error + 0.01 * parts)


def test_degree_lowers_bias_and_raises_variance(fits: Fits) -> None:
    assert np.all(np.diff(fits.bias2[:7]) < 0)
    assert np.all(np.diff(fits.variance) > 0)
    assert 3 <= fits.error.mean(axis=1).argmin() <= 8


def test_more_points_lower_the_variance_and_leave_the_bias(fits: Fits) -> None:
    more = fit_polynomials(200, 0.3)
    assert np.all(more.variance < fits.variance)
    assert np.allclose(more.bias2[:4], fits.bias2[:4], rtol=0.05)
    few, many = (f.error.mean(axis=1) for f in (fits, more))
    assert many[-1] / many.min() < few[-1] / few.min()  # a high degree costs less


def test_the_mean_of_high_degrees_is_right_and_no_single_fit_is(fits: Fits) -> None:
    truth = np.sin(4 * GRID + 0.5)
    inner = np.abs(GRID) < 0.9
    curves = fits.curves[DEGREES.index(15)][:, inner]
    off_mean = np.sqrt(((curves.mean(axis=0) - truth[inner]) ** 2).mean())
    off_each = np.sqrt(((curves - truth[inner]) ** 2).mean(axis=1))
    assert off_mean < off_each.min() / 2


def test_the_fits_are_least_squares(fits: Fits) -> None:
    for degree in (0, 3, 15):
        by_numpy = np.polynomial.Polynomial.fit(fits.x, fits.y[7], degree, domain=[-1, 1])
        assert np.allclose(fits.curves[degree, 7], by_numpy(GRID), atol=1e-6)


# The panel *memorize*.


def test_whoever_learns_labels_that_are_all_chance_guesses(noisy: Fleet) -> None:
    assert noisy.train_acc[..., LAST].mean(axis=1).min() > 0.98
    assert abs(noisy.val_acc[-1, :, LAST].mean() - 0.1) < 0.03


def test_more_noise_ends_with_a_lower_validation_accuracy(noisy: Fleet) -> None:
    for less, more in zip(noisy.val_acc[:-1], noisy.val_acc[1:], strict=True):
        assert falls(paired_difference(more[:, LAST], less[:, LAST]))


def test_early_on_validation_is_better_than_training_on_noisy_labels(noisy: Fleet) -> None:
    i = NOISES.index(0.2)
    assert rises(paired_difference(noisy.val_acc[i, :, 10], noisy.train_acc[i, :, 10]))


# The panel *data and width*.


def test_width_16_cannot_memorize_800_noisy_labels_and_ends_better(wide: Fleet) -> None:
    middle = learning_curves(16)
    assert middle.train_acc[1, :, LAST].mean() < 0.9 < wide.train_acc[1, :, LAST].mean()
    assert rises(paired_difference(middle.val_acc[1, :, LAST], wide.val_acc[1, :, LAST]))


# Common mistakes.


def test_scores_in_training_mode_are_too_low_and_differ_between_calls(digits: Dataset) -> None:
    def build(p: float) -> Run:
        model = MLP(digits.input_shape, (64, 64), 10, dropout=p)
        return Run(model, torch.optim.Adam(model.parameters(), lr=8e-3))

    fleet = train_fleet(build, digits, values=[0.5], epochs=30, progress=False)
    calls = []
    for _ in range(2):
        calls.append([accuracy_as_it_is(fleet.model(0, s).train(), digits) for s in range(8)])
    assert falls(paired_difference(calls[0], fleet.val_acc[0, :, LAST]))
    assert calls[0] != calls[1]


def accuracy_as_it_is(model: torch.nn.Module, data: Dataset) -> float:
    with torch.no_grad():
        return float((model(data.x_val).argmax(1) == data.y_val).float().mean())


def test_the_winner_of_many_guessers_is_worse_on_fresh_images(digits: Dataset) -> None:
    chosen_on, fresh = [], []
    for seed in range(8):
        generator = torch.Generator().manual_seed(seed)
        guesses = torch.randint(10, (200, len(digits.y_val)), generator=generator)
        right = (guesses == digits.y_val).float()
        winner = right[:, :100].mean(1).argmax()
        chosen_on.append(float(right[winner, :100].mean()))
        fresh.append(float(right[winner, 100:].mean()))
    assert falls(paired_difference(fresh, chosen_on))
    assert abs(np.mean(fresh) - 0.1) < 0.02


# The panels themselves.


def test_the_text_says_where_the_slider_stands_and_how_many_seeds(digits: Dataset) -> None:
    full = load_dataset("digits")
    panels = [
        (overfitting.memorize(digits, (0.0, 1.0), epochs=2, seeds=3), "label noise 1,"),
        (overfitting.data_and_width(full, (25, 50), (4,), epochs=2, seeds=3), "50 training sam"),
        (overfitting.double_descent(full, lambdas=(0.0, 1e-3), seeds=3), "λ = 0.001,"),
        (overfitting.degree(), "degree 15:"),
    ]
    for panel, beginning in panels:
        turner = next(iter(panel.controls.values()))
        turner.index = len(turner.options) - 1
        panel.wait()
        assert panel.text.startswith(beginning), panel.text
        assert "3 paired seeds" in panel.text or "200 data sets" in panel.text


def test_a_regression_has_no_labels_to_spoil() -> None:
    regression = load_dataset("polynomial", n_train=50)
    for panel in (overfitting.memorize, overfitting.data_and_width):
        with pytest.raises(ValueError, match="needs class labels, got the regression"):
            panel(regression)


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
