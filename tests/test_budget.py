"""The training budget: one share of the epochs, for all panels, set from outside."""

import pytest
import torch

from course_utils import budget, live
from course_utils.budget import budgeted, set_training_share, training_share
from course_utils.data import load_dataset
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.search import Ablation, build_mix


def test_without_a_share_all_epochs_are_trained() -> None:
    assert training_share() == 1
    assert [budgeted(epochs) for epochs in (0, 1, 80)] == [0, 1, 80]


def test_a_share_holds_in_its_block_and_never_leaves_fewer_than_three_epochs() -> None:
    with set_training_share(0.25):
        assert [budgeted(epochs) for epochs in (2, 3, 10, 80)] == [2, 3, 3, 20]
        with set_training_share(0.7):
            assert budgeted(10) == 7  # and not 6, for 0.7 * 10 is a little less than 7
        assert budgeted(80) == 20
    assert budgeted(80) == 80


def test_a_share_that_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_chosen", None)
    assert repr(set_training_share(0.5)) == "panels train 50% of their epochs"
    assert budgeted(80) == 40
    set_training_share(1)
    assert budgeted(80) == 80


def test_the_environment_is_asked_unless_a_share_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(budget.VARIABLE, "0.1")
    assert budgeted(80) == 8
    with set_training_share(0.5):
        assert budgeted(80) == 40


@pytest.mark.parametrize("share", [0, -0.5, 1.1, float("nan"), "much"])
def test_what_is_no_share_is_refused(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"share must be a number in \(0, 1\], got"):
        set_training_share(share)
    assert training_share() == 1
    monkeypatch.setenv(budget.VARIABLE, str(share))
    with pytest.raises(ValueError, match=r"variable COURSE_TRAINING_SHARE must be a number"):
        training_share()


def test_a_learners_own_panel_keeps_to_it() -> None:
    digits = load_dataset("digits", n_train=50)

    def build(width: int) -> Run:
        model = MLP(digits.input_shape, (width,), 10)
        return Run(model, torch.optim.SGD(model.parameters(), lr=0.1))

    with set_training_share(0.1):
        panel = live.sweep_fleet(
            build, digits, [live.EpochCurves(ylim=(0, 3))], name="width", values=[2, 4],
            epochs=40, seeds=2,
        )  # fmt: skip
    assert panel.result.epochs == panel.result.epoch == 4
    panel.close()


def test_trials_are_shortened_with_their_budgets_and_read_off_at_the_share() -> None:
    digits = load_dataset("digits", n_train=50)
    with set_training_share(0.05):
        trials = Ablation(lambda mix: build_mix(digits, mix), digits)
    assert (trials.epochs, trials.ends) == (6, [1, 2, 3, 6])
    assert trials.within(30).end == 2
    assert trials.within(3).end == 3
    with pytest.raises(ValueError, match="a budget must be one of 1, 2, 3, 6 epochs, got 5"):
        trials.within(5)
    usual = Ablation(lambda mix: build_mix(digits, mix), digits)
    assert usual.ends == [15, 30, 60, 120]
