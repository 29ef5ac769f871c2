"""The searches of lesson 07: the best of many is reported too good, by chance alone."""

from typing import Any

import numpy as np
import pytest

from course_utils.data import Dataset, load_dataset, moons, polynomial
from course_utils.experiments.searched_lattice import (
    BOX,
    BUDGETS,
    PER_AXIS,
    Lattice,
    run_searches,
    train_lattice,
)
from course_utils.panels import putting_it_together as panels
from course_utils.search import (
    grid_settings,
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=120)


# The searches.


@pytest.fixture(scope="module")
def lattice() -> Lattice:
    """Settings that are all alike: which one wins is luck, and nothing but luck."""
    settings = grid_settings(BOX, PER_AXIS**2)
    correct = np.random.default_rng(0).random((len(settings), 400)) < 0.8
    return Lattice(settings, correct.astype(float))


def test_each_trained_setting_is_its_own_nearest(lattice: Lattice) -> None:
    assert lattice.places(lattice.settings).tolist() == list(range(PER_AXIS**2))
    corners = [{"L2": 1e-5, "dropout": 0.0}, {"L2": 1e-1, "dropout": 0.9}]
    assert lattice.places(corners).tolist() == [0, PER_AXIS**2 - 1]


def test_where_all_are_alike_the_report_rises_and_fresh_samples_do_not(lattice: Lattice) -> None:
    found = run_searches(lattice, "random", 50)
    reported, fresh = found.reported.mean(1), found.fresh.mean(1)
    assert (np.diff(reported) > 0).all()
    assert np.abs(fresh - 0.8).max() < 0.01
    assert abs(reported[0] - 0.8) < 0.01  # one try: nothing was chosen
    more = run_searches(lattice, "random", 200)
    curses = (found.reported - found.fresh).mean(1), (more.reported - more.fresh).mean(1)
    assert (curses[1][1:] < curses[0][1:]).all()


def test_a_grid_tries_the_same_settings_each_time(lattice: Lattice) -> None:
    found = run_searches(lattice, "grid", 50)
    for budget, tried in zip(BUDGETS, found.tried, strict=True):
        assert tried[0] == tried[-1] == grid_settings(BOX, budget)


def test_the_search_panel_asks_the_learners_function(digits: Dataset, closing: None) -> None:
    asked: list[int] = []

    def random_corner(box: Any, budget: int, seed: int) -> list[dict[str, float]]:
        asked.append(budget)
        return [{"L2": 1e-1, "dropout": 0.9}] * budget

    panel = panels.search(digits, random_corner)
    assert set(asked) == {BUDGETS[-1]}
    assert "the winner is λ = 0.1, p = 0.90" in panel.text
    panel.controls["how"].value = "grid"
    panel.controls["budget"].value = 9
    panel.wait()
    assert panel.text.startswith("grid search, 9 settings with 3 values of each")


def test_the_lattice_is_trained_once_and_on_points_as_well() -> None:
    data = moons(100)
    assert train_lattice(data, epochs=1) is train_lattice(data, epochs=1)
    assert train_lattice(data, epochs=1).correct.shape == (PER_AXIS**2, len(data.y_val))
    with pytest.raises(ValueError, match="needs class labels"):
        train_lattice(polynomial(20))
