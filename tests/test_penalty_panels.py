"""What the panels of lesson 02 compute: strengths, corners, and a boundary that lets go."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from course_utils.data import Dataset, load_dataset, moons
from course_utils.evidence import paired_difference
from course_utils.experiments.two_weights import lasso, ridge, solve
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import penalties
from course_utils.panels.penalties import decision_boundary
from course_utils.regularizers import l2_penalty
from tests.lessons import falls, rises

Array = NDArray[np.float64]
LAST = -1

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("closing_last")]


def test_the_threshold_finds_what_the_penalty_asks_for() -> None:
    """At the minimum of loss + λ|w| the loss has slope λ, with and without momentum."""
    for momentum in (0.0, 0.9):
        model = torch.nn.Linear(2, 1, bias=False)
        optimizer = penalties.ProximalSGD(model, lr=0.01, l1_lambda=0.2, momentum=momentum)
        target = torch.tensor([[1.0, 0.1]])
        for _ in range(1500):
            optimizer.zero_grad()
            ((model.weight - target) ** 2).sum().div(2).backward()
            optimizer.step()
        torch.testing.assert_close(model.weight, torch.tensor([[0.8, 0.0]]), atol=1e-4, rtol=0)
        assert model.weight[0, 1] == 0


# The panel *λ*.


@pytest.fixture(scope="module")
def strengths() -> Fleet:
    """L2 from 0 to the panel's largest λ, with the panel's settings."""
    digits = load_dataset("digits", n_train=500, label_noise=0.2)

    def build(strength: float) -> Run:
        model = MLP(64, (64,), 10)
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Run(model, sgd, penalty=lambda model: strength * l2_penalty(model))

    values = [0, 3e-3, 1e-2, 3e-2]
    return train_fleet(build, digits, values=values, epochs=80, batch_size=100, progress=False)


def test_accuracy_peaks_between_no_penalty_and_the_strongest(strengths: Fleet) -> None:
    free, best, _, strongest = strengths.val_acc[:, :, LAST]
    assert rises(paired_difference(best, free))
    assert falls(paired_difference(strongest, best))


def test_a_strong_penalty_is_right_more_often_and_less_sure(strengths: Fleet) -> None:
    free, strong = 0, strengths.values.index(1e-2)
    assert rises(
        paired_difference(strengths.val_acc[strong, :, LAST], strengths.val_acc[free, :, LAST])
    )
    assert rises(
        paired_difference(strengths.val_loss[strong, :, LAST], strengths.val_loss[free, :, LAST])
    )


def test_the_panel_refuses_a_regression() -> None:
    with pytest.raises(ValueError, match="needs class labels, got the regression"):
        penalties.lambda_sweep(load_dataset("polynomial", n_train=50))


# The panel *geometry*.


def cost(curvature: Array, best: Array, w: Array, strength: float, kind: str) -> float:
    price = (w**2).sum() if kind == "L2" else np.abs(w).sum()
    return float((w - best) @ curvature @ (w - best) / 2 + strength * price)


@pytest.mark.parametrize("kind", ["L1", "L2"])
@pytest.mark.parametrize("correlation", [-0.8, 0.0, 0.6])
@pytest.mark.parametrize("second", [-0.6, 0.0, 1.2])
def test_both_solutions_are_the_lowest_points(kind: str, correlation: float, second: float) -> None:
    curvature = np.array([[1.0, correlation], [correlation, 1.0]])
    best = np.array([1.5, second])
    away = np.random.default_rng(0).normal(size=(200, 2)) * 0.05
    for strength in (0.0, 0.1, 0.6, 2.0):
        w = (ridge if kind == "L2" else lasso)(curvature, best, strength)
        lowest = cost(curvature, best, w, strength, kind)
        assert all(cost(curvature, best, w + a, strength, kind) > lowest - 1e-12 for a in away)


def test_the_diamond_holds_a_solution_in_its_corner_and_the_circle_does_not() -> None:
    state = solve(0.6, 0.4, 0.4)
    second = state.paths["L1"][:, 1]
    first_zero = int(np.argmax(second == 0))
    assert first_zero > 0
    assert np.all(second[first_zero:] == 0)
    assert np.all(state.paths["L2"] != 0)


def test_of_two_inputs_that_say_the_same_l2_shares_and_l1_picks() -> None:
    state = solve(1.0, 0.4, 0.8)
    shared, picked = state.solution("L2"), state.solution("L1")
    assert picked[1] == 0 < picked[0]
    assert shared[1] > 0.5 * shared[0]


# The panel *boundary*.


def test_a_little_penalty_lets_go_of_wrong_points_and_much_is_too_stiff() -> None:
    data: Dataset = moons(decision_boundary.N_TRAIN, decision_boundary.SPREAD).with_label_noise(
        decision_boundary.NOISE
    )

    def build(strength: float) -> Run:
        model = MLP(2, decision_boundary.HIDDEN, 2)
        adam = torch.optim.Adam(model.parameters(), lr=decision_boundary.LR)
        return Run(model, adam, penalty=lambda model: strength * l2_penalty(model))

    fleet = train_fleet(build, data, values=[0, 3e-3, 3e-2], epochs=250, progress=False)
    free, little, much = fleet.val_acc[:, :, LAST]
    assert rises(paired_difference(little, free))
    assert falls(paired_difference(much, little))


def test_the_learners_own_penalty_trains_the_boundary() -> None:
    def unfinished(model: torch.nn.Module) -> torch.Tensor:
        raise NotImplementedError("my L2")

    with pytest.raises(NotImplementedError, match="my L2"):
        penalties.boundary(l2=unfinished)


def test_lambda_acts_at_the_next_step_and_starts_again_only_if_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decision_boundary, "FIRST", 30)
    panel = penalties.boundary()
    panel.controls["λ"].value = 3e-2
    panel.step(20)
    panel.wait()
    assert panel.text.startswith("epoch 50, L2 with λ = 0.03")
    size = l2_penalty(panel.state.fleet.model(0, 0)).item()
    panel.step(20)
    panel.wait()
    assert l2_penalty(panel.state.fleet.model(0, 0)).item() < size
    panel.controls["moved"].value = "start again"
    panel.controls["λ"].value = 0
    panel.step(3)
    panel.wait()
    assert panel.text.startswith("epoch 3, L2 with λ = 0")


def test_geometry_says_what_it_shows() -> None:
    panel = penalties.geometry()
    panel.controls["strength"].value = 0
    panel.wait()
    assert "no weight is zero; L1 gives (1.50, 0.40), no weight is zero" in panel.text
    panel.controls["strength"].value = 2
    panel.wait()
    assert "both are zero" in panel.text
