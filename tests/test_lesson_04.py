"""Lesson 04: the lesson's own layer against PyTorch's, and what its panels measure and draw."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_utils import checks
from course_utils.data import Dataset, moons, polynomial
from course_utils.experiments.batch_modes import in_batches, in_mode, what_arrives, with_companions
from course_utils.experiments.batch_sizes import epochs_of
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import batchnorm as panels
from tests.lessons import Lesson, bars, every_control_moves_the_picture
from tests.precision import float64, in_float64


@pytest.fixture(scope="module")
def pictures() -> Dataset:
    return bars(160)


@pytest.fixture(scope="module")
def exact(pictures: Dataset) -> Dataset:
    """The same, for what is compared digit by digit."""
    return in_float64(pictures)


@pytest.fixture(scope="module")
@float64()
def model(exact: Dataset) -> nn.Module:
    """A small network with batch norm, trained for some epochs."""

    def build(_: Any) -> Run:
        network = MLP(exact.input_shape, (6, 5), 4, norm_layer=nn.BatchNorm1d)
        return Run(network, torch.optim.Adam(network.parameters(), lr=1e-2))

    fleet = train_fleet(build, exact, values=[0], seeds=1, epochs=5, progress=False)
    return fleet.model(0, 0)


def everything(layer: nn.Module, x: Tensor) -> Iterator[Tensor]:
    """Output, gradients and running statistics after one step through `layer`."""
    leaf = x.clone().requires_grad_()
    out = layer(leaf)
    out.pow(3).sum().backward()
    assert leaf.grad is not None
    yield from (out, leaf.grad, *(p.grad for p in layer.parameters()))  # type: ignore[misc]
    yield from (layer.get_buffer(name).clone() for name in ("running_mean", "running_var"))


@pytest.mark.parametrize("n", [2, 3, 50])
def test_the_lessons_layer_is_pytorchs_in_both_modes(lesson: Lesson, n: int) -> None:
    ours, theirs = lesson["BatchNorm1d"](7).double(), nn.BatchNorm1d(7).double()
    for training in (True, True, False):
        x = 3 * torch.randn(n, 7, dtype=torch.float64) + 1
        pairs = zip(
            everything(ours.train(training), x),
            everything(theirs.train(training), x),
            strict=True,
        )
        for own, library in pairs:
            torch.testing.assert_close(own, library)
        for layer in (ours, theirs):
            layer.zero_grad()


def test_the_lessons_layer_passes_the_check(lesson: Lesson) -> None:
    assert len(checks.batch_norm(lesson["BatchNorm1d"]).properties) >= 9


@pytest.mark.parametrize(
    ("name", "hint"), [("Biased", "running variance is biased"), ("hasty", "momentum")]
)
def test_each_mistake_of_the_lesson_is_named(lesson: Lesson, name: str, hint: str) -> None:
    with pytest.raises(checks.CheckFailed, match=hint):
        checks.batch_norm(lesson[name])


def test_the_lessons_layer_trains_with_others_in_a_fleet(lesson: Lesson, exact: Dataset) -> None:
    def build(norm: Any) -> Run:
        network = MLP(exact.input_shape, (6,), 4, norm_layer=norm).double()
        return Run(network, torch.optim.SGD(network.parameters(), lr=0.1))

    values = [lesson["BatchNorm1d"], nn.BatchNorm1d, None]
    fleet = train_fleet(build, exact, values=values, seeds=2, epochs=3, progress=False)
    assert fleet.fallback is None
    np.testing.assert_allclose(fleet.val_loss[0], fleet.val_loss[1], rtol=1e-9)
    assert (fleet.val_loss[1, :, -1] != fleet.val_loss[2, :, -1]).all()


@pytest.mark.parametrize("training", [True, False])
def test_looking_leaves_statistics_and_modes_alone(model, exact, training: bool) -> None:
    model.train()
    model.layers[2].eval()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    x = exact.x_val
    out = in_mode(model, x, training=training)
    given = what_arrives(model, x, training=training)
    assert [tuple(g.shape) for g in given] == [(len(x), 6), (len(x), 5)]
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert model.training
    assert not model.layers[2].training
    assert len(model.layers[3]._forward_pre_hooks) == 0
    model.train(training)
    torch.testing.assert_close(out, model(x))
    model.load_state_dict(before)


def test_what_arrives_is_normalized_in_training_mode(exact: Dataset) -> None:
    fresh = MLP(exact.input_shape, (6, 5), 4, norm_layer=nn.BatchNorm1d).double()
    for given in what_arrives(fresh, exact.x_train, training=True):
        means, spreads = given.mean(0), given.std(0, correction=0)
        torch.testing.assert_close(means, torch.zeros_like(means), atol=1e-9, rtol=0)
        # Batch norm adds 1e-5 to the variance, so that its spreads are a little below 1.
        torch.testing.assert_close(spreads, torch.ones_like(spreads), atol=1e-2, rtol=0)


def test_companions_matter_in_training_mode(model: nn.Module, exact: Dataset) -> None:
    votes = with_companions(model, exact, 0, 4)
    assert votes.shape == (100, 4)
    np.testing.assert_allclose(votes.sum(1), 1, rtol=1e-9)
    assert votes.std(0).max() > 0.01
    assert (votes == with_companions(model, exact, 0, 4)).all()
    # With all of the training set beside it there is only one batch.
    alone = with_companions(model, exact, 0, exact.n_train + 1)
    np.testing.assert_allclose(alone, alone[:1].repeat(100, 0), rtol=0, atol=1e-9)


def test_without_batch_norm_the_modes_agree(exact: Dataset) -> None:
    right, differ = in_batches(MLP(exact.input_shape, (6,), 4).double(), exact, 5)
    assert 0 <= right <= 1
    assert differ == pytest.approx(0, abs=1e-9)


def test_equal_steps_are_equal() -> None:
    for size in (2, 10, 50, 250):
        assert epochs_of(size, 500, "steps") * 500 / size == 250
        assert epochs_of(size, 500, "epochs") == epochs_of(2, 500, "epochs")


@pytest.mark.parametrize("n", [88, 81])
def test_the_batch_panel_avoids_a_batch_of_one(pictures: Dataset, n: int) -> None:
    panel = panels.batch_size(pictures.subset(n), sizes=(2, 10, 1000), width=4, seeds=2)
    result = panel.result
    assert result.sizes == [2, 10]  # 1000 is more than there are
    assert np.isfinite(result.accuracies(0)).all()
    assert np.isfinite(result.in_training_mode()).all()
    assert "batch size 10" in panel.text
    assert panel.controls["image"].value == 2
    gain = panel.text.split("with batch norm, ")[1].split(" over none")[0]
    (line,) = (line for line in result.report().splitlines() if line.startswith(" 10: "))
    assert f", {gain} over none; " in line
    assert line.split("; ")[1].removesuffix(" between the modes") in panel.text
    panel.controls["image"].index = 2
    panel.wait()
    assert panel.result.fleets[2] is result.fleets[2]  # nothing is trained anew
    panel.close()


def test_the_rates_that_work_are_told_apart() -> None:
    lrs = (0.1, 1.0)
    fleet = Fleet([(norm, lr) for norm in (nn.BatchNorm1d, None) for lr in lrs], [0, 1], 0)
    fleet.epoch = 0
    fleet.val_acc[:, :, 0] = [[0.9, 0.9], [0.8, 0.9], [0.8, 0.7], [0.3, np.nan]]
    assert panels.workable(fleet) == ([0.1, 1.0], [0.1])
    assert panels.last_accuracies(fleet)[1, 1].tolist() == [0.3, 0.0]


def test_the_panels_work_on_points_as_well() -> None:
    data = moons(60)
    inputs = panels.activations(data, layers=2, width=5, epochs=2, seeds=2)
    assert inputs.result.mean.shape == (2, 2, 2, 2, 3, 5)
    assert np.isfinite(inputs.result.std).all()
    assert "layer 2" in inputs.text
    median, least, most = (f(inputs.result.std[0, 0, 1, 0, 2]) for f in (np.median, np.min, np.max))
    assert inputs.result.spreads(0, 0, 1)[2, 0] == pytest.approx(median)
    assert f"in the median, those of seed 0 from {least:.2f} to {most:.2f}" in inputs.text
    rates = panels.learning_rate(data, lrs=(0.1, 1), width=4, epochs=2, seeds=2, batch_size=10)
    assert rates.result.val_acc.shape == (4, 2, 3)
    assert "rates that work (70% of the best accuracy of all runs): " in rates.text
    for panel in (inputs, rates):
        panel.close()


def test_the_learners_layer_is_the_one_that_trains(pictures: Dataset) -> None:
    made: list[int] = []

    class Mine(nn.BatchNorm1d):
        def __init__(self, width: int) -> None:
            super().__init__(width)
            made.append(width)

    calls: list[Callable[[], Any]] = [
        lambda: panels.activations(pictures, Mine, layers=2, width=5, epochs=1, seeds=1),
        lambda: panels.batch_size(pictures, Mine, (50,), width=5, seeds=1),
        lambda: panels.learning_rate(pictures, Mine, (0.1,), width=5, epochs=1, seeds=1),
    ]
    for call in calls:
        made.clear()
        call().close()
        assert made == [5, 5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: panels.activations(polynomial(20)), "needs class labels"),
        (lambda d: panels.batch_size(polynomial(20)), "needs class labels"),
        (lambda d: panels.learning_rate(polynomial(20)), "needs class labels"),
        (lambda d: panels.batch_size(d, sizes=(1, 10)), "2 samples or more"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    call: Callable[[Dataset], Any], message: str, pictures: Dataset
) -> None:
    with pytest.raises(ValueError, match=message):
        call(pictures)


def test_the_idea_is_drawn_with_the_learners_layer(lesson: Lesson, capsys) -> None:
    panels.show_idea(lesson["BatchNorm1d"])
    said = capsys.readouterr().out
    assert "a mean of 0.0 and a spread of 1.0" in said
    assert "around -2.0, 0.0, 3.0, spread by 0.5, 1.0, 2.0" in said
    for sentence in said.splitlines()[-3:]:
        assert sentence.endswith(".")
        assert len(sentence) < 110  # or a notebook breaks it inside a word


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
