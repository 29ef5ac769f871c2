"""Lesson 03: the lesson's own lines against PyTorch's, and what its panels measure and draw."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from claims.lesson_03_passes import spread
from course_utils import checks
from course_utils.data import Dataset, load_dataset, moons, polynomial
from course_utils.experiments.dropout_passes import ask, forward, turn
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import dropout as panels
from course_utils.random_streams import RandomStream
from tests.lessons import Lesson, bars, every_control_moves_the_picture
from tests.precision import float64, in_float64

PS = (0.1, 0.3, 0.5, 0.8)


@pytest.fixture(scope="module")
def pictures() -> Dataset:
    return bars(160)


@pytest.fixture(scope="module")
def exact(pictures: Dataset) -> Dataset:
    """The same, for what is compared digit by digit."""
    return in_float64(pictures)


@pytest.fixture(scope="module")
@float64()
def fleet(exact: Dataset) -> Fleet:
    def build(p: float) -> Run:
        model = MLP(exact.input_shape, (12, 12), 4, dropout=p, norm_layer=nn.BatchNorm1d)
        return Run(model, torch.optim.Adam(model.parameters(), lr=1e-2))

    return train_fleet(build, exact, values=[0, 0.3], seeds=2, epochs=5, progress=False)


def same_draws(kept: Tensor) -> RandomStream:
    """Hands out numbers below p where `kept` is False, whatever p is."""
    return RandomStream(lambda kind, shape: torch.where(kept, 0.999, 0.0).reshape(shape))


@pytest.mark.parametrize("p", PS)
def test_with_pytorchs_mask_the_lessons_dropout_is_pytorchs(lesson: Lesson, p: float) -> None:
    x = torch.randn(50, 40, dtype=torch.float64)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    library = F.dropout(theirs, p)
    with same_draws(library != 0):
        own = lesson["dropout"](ours, p, True)
    torch.testing.assert_close(own, library, rtol=1e-9, atol=0)
    for out in (own, library):
        out.square().sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=0)


def test_the_lessons_layer_follows_the_mode_of_its_model(lesson: Lesson) -> None:
    layer = lesson["MyDropout"](0.5)
    x = torch.randn(20, 30)
    assert torch.equal(nn.Sequential(layer).eval()(x), x)
    assert not torch.equal(nn.Sequential(layer).train()(x), layer(x))
    checks.dropout(lesson["dropout"])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("divided_by_p", "divided by p"),
        ("scaled_always", "in evaluation as well"),
        ("frozen", "frozen"),
    ],
)
def test_each_mistake_of_the_lesson_is_named(lesson: Lesson, name: str, hint: str) -> None:
    with pytest.raises(checks.CheckFailed, match=hint):
        checks.dropout(lesson[name])


@pytest.mark.parametrize("p", PS)
def test_before_or_after_relu_is_the_same(p: float) -> None:
    x, m = torch.randn(1000), F.dropout(torch.ones(1000), p)
    assert torch.equal((m * x).relu(), m * x.relu())


def test_half_of_the_units_go_from_a_copy(fleet: Fleet, exact: Dataset) -> None:
    before = [p.clone() for p in fleet.model(1, 0).parameters()]
    found = panels.half_gone(fleet, exact, 1)
    assert found == panels.half_gone(fleet, exact, 1)
    assert len(found) == 2
    for old, new in zip(before, fleet.model(1, 0).parameters(), strict=True):
        assert torch.equal(old, new)


def test_a_pass_drawn_layer_by_layer_is_the_models_own(fleet, exact) -> None:
    model = MLP(exact.input_shape, (12, 12), 4, dropout=0.5).double()
    whole = forward(model, exact, 3, p=0.5, draw=1, mode="evaluation")
    np.testing.assert_allclose(whole.output, whole.steady, rtol=1e-9)
    assert (whole.multipliers == 1).all()
    thinned = [forward(model, exact, 3, p=0.5, draw=d, mode="training") for d in (1, 1, 2)]
    assert (thinned[0].multipliers == thinned[1].multipliers).all()
    assert (thinned[0].multipliers != thinned[2].multipliers).any()
    assert set(np.unique(thinned[0].multipliers)) == {0.0, 2.0}
    assert model.training


def test_turning_turns_counterclockwise(exact: Dataset) -> None:
    x = exact.x_val
    torch.testing.assert_close(turn(x, 0), x)
    torch.testing.assert_close(turn(x, 90), x.rot90(1, (2, 3)), rtol=0, atol=1e-9)


def test_asking_leaves_batch_norm_and_all_modes_alone(fleet: Fleet, exact: Dataset) -> None:
    model, x = fleet.model(1, 0).train(), exact.x_val[:5]
    before = {name: t.clone() for name, t in model.state_dict().items()}
    state = torch.get_rng_state()
    many = ask(model, x, 7)
    assert many.shape == (7, 5, 4)
    assert not torch.equal(many[0], many[1])
    assert torch.equal(many, ask(model, x, 7))
    assert all(module.training for module in model.modules())
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    # Without dropout every pass is evaluation mode.
    certain = fleet.model(0, 0)
    alone = certain.eval()(x).softmax(1).detach()
    torch.testing.assert_close(ask(certain, x, 3), alone.expand(3, -1, -1))


def test_uncertainty_measures_images_of_any_size(fleet: Fleet, exact: Dataset) -> None:
    panel = panels.uncertainty(exact, fleet, (0, 90), passes=5, samples=10)
    assert panel.controls["p"].options == (0.3,)
    first = panel.result
    assert first.spread.shape == (2, 2)
    assert (first.spread > 0).all()
    assert np.isfinite([first.accuracy, first.confidence]).all()
    panel.controls["digit"].index = 0
    panel.wait()
    assert panel.result is first  # which image is shown trains nothing
    assert "class 0" in panel.text
    panel.close()


@pytest.mark.slow
def test_on_digits_lying_on_their_side_the_passes_agree_again() -> None:
    digits = load_dataset("digits", n_train=500)
    rise, rest = spread(digits, 45, 0), spread(digits, 105, 0)
    assert rise.low > 0.05
    assert rest.high < rise.low / 2


def test_the_panels_work_on_points_as_well() -> None:
    data = moons(60)
    sweep = panels.p_sweep(data, ps=(0, 0.5), widths=(4,), noises=(0.1,), epochs=2, seeds=2)
    assert sweep.result.val_acc.shape == (2, 2, 3)
    assert "p = 0.5" in sweep.text
    network = panels.mask(data, ps=(0.5,), width=5, epochs=2)
    assert network.state.multipliers.shape == (2, 5)
    for panel in (sweep, network):
        panel.close()


def test_the_learners_layer_is_the_one_that_trains(pictures: Dataset) -> None:
    made: list[float] = []

    class Mine(nn.Dropout):
        def __init__(self, p: float) -> None:
            super().__init__(p)
            made.append(p)

    options = {"ps": (0, 0.5), "widths": (4,), "noises": (0.0,), "epochs": 1, "seeds": 2}
    panels.p_sweep(pictures, Mine, **options).close()  # type: ignore[arg-type]
    assert sorted(set(made)) == [0, 0.5]
    made.clear()
    panels.mask(pictures, Mine, ps=(0.2,), epochs=1).close()
    assert made == [0.2, 0.2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d, f: panels.p_sweep(polynomial(20)), "needs class labels"),
        (lambda d, f: panels.mask(polynomial(20)), "needs class labels"),
        (lambda d, f: panels.p_sweep(d, ps=(0.1, 0.5)), "must begin with 0"),
        (lambda d, f: panels.uncertainty(moons(60), f), "turns images"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    call: Callable[..., Any], message: str, fleet: Fleet, exact: Dataset
) -> None:
    with pytest.raises(ValueError, match=message):
        call(exact, fleet)


def test_doubt_needs_dropout(pictures: Dataset) -> None:
    never = Fleet([0], [0], 0)
    with pytest.raises(ValueError, match="train p above 0"):
        panels.uncertainty(pictures, never)


def test_the_idea_is_drawn_with_the_learners_function(capsys) -> None:
    calls: list[tuple[float, bool]] = []

    def dropout(x: Tensor, p: float, training: bool) -> Tensor:
        calls.append((p, training))
        return F.dropout(x, p, training)

    panels.show_idea(dropout, 0.25)
    assert calls == [(0.25, True), (0.25, False)]
    assert "multiplied by 1.33" in capsys.readouterr().out


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
