"""A sweep over a fleet in one call: what a learner writes, and who is given which setting."""

from typing import Any

import pytest
import torch

from course_utils import live
from course_utils.data import load_dataset
from course_utils.fleet import Run
from course_utils.models import MLP
from course_utils.panels import penalties

WAIT = 60.0
PARTS = [live.EpochCurves(ylim=(0, 3))]

#: What a learner may type into one cell of a lesson: a panel of their own.
CELL = """
import torch
from course_utils.data import load_dataset
from course_utils.fleet import Run
from course_utils.live import EpochCurves, ScoreAgainst, sweep_fleet
from course_utils.models import MLP
digits = load_dataset("digits", n_train=100, label_noise=0.2)

def build(width, lr):
    model = MLP(digits.input_shape, (width,), 10)
    return Run(model, torch.optim.Adam(model.parameters(), lr=lr))

parts = [EpochCurves(ylim=(0, 3)), ScoreAgainst(ylim=(0, 1))]
panel = sweep_fleet(build, digits, parts, name="width", values=[4, 16, 64],
                    controls={"lr": [1e-3, 1e-2]}, epochs=5, seeds=3)
"""

pytestmark = pytest.mark.usefixtures("closing")


def test_a_learner_writes_a_new_panel_in_a_cell() -> None:
    assert len(CELL.strip().splitlines()) <= 15
    names: dict[str, Any] = {}
    exec(CELL, names)
    panel = names["panel"]
    assert panel.text.startswith("width = 4: validation accuracy")
    panel.controls["width"].value = 64
    assert "over width = 4, 3 paired seeds" in panel.text
    before = panel.result
    panel.controls["lr"].value = 1e-2
    panel.wait(WAIT)
    assert panel.result is not before
    assert (panel.result.val_acc[2] > before.val_acc[2]).mean() > 0.5  # build was given lr
    assert live.move_every_control(panel, timeout=WAIT) == {"width": 3, "lr": 2}


def test_build_and_data_are_given_the_settings_that_they_name() -> None:
    digits = load_dataset("digits", n_train=60)
    asked: list[Any] = []

    def build(lr: float, depth: int) -> Run:
        asked.append(("build", lr, depth))
        model = MLP(digits.input_shape, (4,) * depth, 10)
        return Run(model, torch.optim.SGD(model.parameters(), lr=lr))

    def data(lr: float, seed: int, noise: float) -> Any:
        asked.append(("data", seed, noise))
        return digits.with_label_noise(noise, seed)

    controls = {"noise": [0.5, 0.0], "depth": [2, 1]}
    panel = live.sweep_fleet(
        build, data, [live.EpochCurves(ylim=(0, 3))], name="lr", values=[0.1, 0.2],
        controls=controls, epochs=1, seeds=2,
    )  # fmt: skip
    assert {one for one in asked if one[0] == "build"} == {("build", 0.1, 2), ("build", 0.2, 2)}
    assert {one for one in asked if one[0] == "data"} == {("data", 0, 0.5), ("data", 1, 0.5)}
    assert panel.result.val_acc.shape == (2, 2, 2)


def test_a_build_that_takes_any_settings_gets_those_that_train() -> None:
    digits = load_dataset("digits", n_train=60)
    given: list[dict[str, Any]] = []

    def build(width: int, **settings: Any) -> Run:
        given.append(settings)
        model = MLP(digits.input_shape, (width,), 10)
        return Run(model, torch.optim.SGD(model.parameters(), lr=settings["lr"]))

    shown = live.choice(["apples", "pears"], trains=False)
    live.sweep_fleet(
        build, digits, PARTS, name="width", values=[2, 4],
        controls={"lr": [0.1, 0.2], "unit": shown}, epochs=1, seeds=1,
    )  # fmt: skip
    assert given
    assert all(settings == {"lr": 0.1} for settings in given)


def test_a_control_that_changes_nothing_is_refused() -> None:
    digits = load_dataset("digits", n_train=60)

    def build(width: int) -> Run:
        raise AssertionError("nothing may train")

    def asking(width: int, unit: str) -> Run:
        raise AssertionError("nothing may train")

    options: dict[str, Any] = {"name": "width", "values": [1, 2], "epochs": 1}
    with pytest.raises(ValueError, match=r"asks for the control 'lr'.*write build\(value, lr\)"):
        live.sweep_fleet(build, digits, PARTS, controls={"lr": [0.1, 0.2]}, **options)
    shown = live.choice(["apples", "pears"], trains=False)
    with pytest.raises(
        ValueError, match=r"'unit' is used in the training.* made with trains=False"
    ):
        live.sweep_fleet(asking, digits, PARTS, controls={"unit": shown}, **options)


def test_the_same_penalty_as_l1_and_as_l2_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = load_dataset("digits", n_train=50, label_noise=0.2)
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        penalties.sweeping, "sweep_fleet", lambda build, *_, **__: asked.update(b=build)
    )
    penalties.lambda_sweep(digits, l1=squares, l2=squares)
    run = asked["b"](0.1, alpha=0.2, way="in the loss")
    assert run.penalty is not None
    assert run.penalty(run.model).item() == pytest.approx(0.1 * squares(run.model).item())


def squares(model: torch.nn.Module) -> torch.Tensor:
    return torch.stack([(p**2).sum() for p in model.parameters() if p.ndim > 1]).sum()
