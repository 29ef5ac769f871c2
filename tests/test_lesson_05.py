"""Lesson 05: its own lines, its panels on other data, and what it says of digits alone.

What it says of digits and MNIST alike stands in `claims.lesson_05`.
"""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from claims import lesson_05 as measured
from course_utils import checks
from course_utils.augmentation import RandomAffine, RandomShift
from course_utils.data import Dataset, load_dataset
from course_utils.evidence import Difference, paired_difference
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import augmentation
from course_utils.training import evaluate, fit
from tests.lessons import Lesson, every_control_moves_the_picture, falls, rises
from tests.precision import float64, in_float64

pytestmark = pytest.mark.usefixtures("closing")

LAST = -1


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=500)


# The lesson's own lines.


def test_the_lessons_shift_passes_its_check_and_equals_the_packages(lesson: Lesson) -> None:
    shift = lesson["random_shift"]
    checks.random_shift(shift)
    for pixels, shape in [(1, (7, 1, 8, 8)), (3, (4, 3, 9, 5)), (0, (2, 1, 8, 8))]:
        x = torch.rand(shape)
        torch.manual_seed(pixels)
        mine = shift(x, pixels)
        torch.manual_seed(pixels)
        assert torch.equal(mine, RandomShift(pixels)(x))


def test_the_lessons_own_shift_trains_in_a_fleet_without_a_fallback(
    lesson: Lesson, digits: Dataset
) -> None:
    for augment in (lesson["random_shift"], lesson["one_for_all"]):

        def build(_: object, augment: Any = augment) -> Run:
            model = MLP(digits.input_shape, (4,), 10)
            adam = torch.optim.Adam(model.parameters())
            return Run(model, adam, augment=lambda x: augment(x, 1))

        fleet = train_fleet(build, digits, values=[0], seeds=2, epochs=1, progress=False)
        assert fleet.fallback is None


def test_one_transform_for_the_batch_moves_all_images_alike(lesson: Lesson) -> None:
    x = torch.rand(1, 1, 8, 8).expand(5, 1, 8, 8)
    moved = lesson["one_for_all"](x, 2)
    assert moved.shape == x.shape
    assert torch.equal(moved, moved[:1].expand_as(moved))


def test_moved_moves_to_the_right_and_down(lesson: Lesson) -> None:
    moved = lesson["moved"]
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1.0
    assert moved(x, 1).nonzero().tolist() == [[0, 0, 2, 3]]
    assert moved(x, -2, 1).nonzero().tolist() == [[0, 0, 3, 0]]


def test_without_mixup_the_wrapped_model_trains_as_it_does_alone(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lesson.names, "digits", in_float64(lesson["digits"]))
    losses = []
    with float64():
        data = lesson["spoiled"](None, 3)
        for build, value, loss_fn in (
            (lesson["build_mixed"], "plain", F.nll_loss),
            (lesson["build"], None, F.cross_entropy),
        ):
            torch.manual_seed(3)
            run = build(value)
            history = fit(
                run.model, data, optimizer=run.optimizer, loss_fn=loss_fn, epochs=5, seed=3
            )
            losses.append(history.train_loss + history.val_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_mixup_asks_each_mixture_for_both_of_its_labels(lesson: Lesson, digits: Dataset) -> None:
    x, y = digits.x_train[:50], digits.y_train[:50]
    mixup = lesson["Mixup"](MLP(digits.input_shape, (8,), 10), 0.4)
    assert 0 < mixup.shares.min() < 0.1 < 0.9 < mixup.shares.max() < 1
    mixup.shares.fill_(0.3)
    logits = mixup.model(0.3 * x + 0.7 * x.roll(1, 0))
    both = 0.3 * F.cross_entropy(logits, y) + 0.7 * F.cross_entropy(logits, y.roll(1))
    torch.testing.assert_close(F.nll_loss(mixup.train()(x), y), both)
    alone = F.cross_entropy(mixup.model(x), y)
    torch.testing.assert_close(F.nll_loss(mixup.eval()(x), y), alone)


def test_the_pipeline_hands_out_a_hundred_of_each_with_the_labels_of_its_images(
    lesson: Lesson,
) -> None:
    pictures = lesson["Pictures"]
    noisy, chosen = lesson["some_wrong"], lesson["hundred"]
    subset = torch.utils.data.Subset(pictures(torch.nn.Identity()), chosen)
    x, y = next(iter(torch.utils.data.DataLoader(subset, batch_size=len(chosen))))
    assert torch.equal(x, noisy.x_train[chosen])
    assert torch.equal(y, noisy.y_train[chosen])
    counts = noisy.y_clean[chosen].bincount()
    assert torch.equal(counts, noisy.y_clean.bincount().clamp(max=100))
    turned, label = pictures(lesson["turn_and_crop"])[chosen[0]]
    assert turned.shape == x[0].shape
    assert not torch.equal(turned, x[0])
    assert label == y[0]


# What the lesson says of digits alone.


@cache
def trained(digits: Dataset, augment: Any = None, noise: float = 0.0) -> Fleet:
    """The lesson's networks after its budget."""

    def build(augment: Any) -> Run:
        model = MLP(digits.input_shape, (64, 64), 10)
        adam = torch.optim.Adam(model.parameters(), lr=measured.LR)
        return Run(model, adam, augment=augment)

    return train_fleet(
        build,
        lambda _, seed: digits.with_label_noise(noise, seed),
        values=[augment],
        epochs=measured.EPOCHS,
        progress=False,
    )


def change(digits: Dataset, augment: Any, noise: float = 0.0) -> Difference:
    after, before = trained(digits, augment, noise), trained(digits, None, noise)
    return paired_difference(after.val_acc[0, :, LAST], before.val_acc[0, :, LAST])


@pytest.mark.slow
def test_shifts_cost_accuracy_on_digits_as_they_are(digits: Dataset) -> None:
    assert falls(change(digits, RandomShift(1)))


@pytest.mark.slow
def test_with_shifts_it_reads_turned_digits_worse(digits: Dataset) -> None:
    torch.manual_seed(0)
    x = RandomAffine(degrees=20)(digits.x_val)

    def read(fleet: Fleet) -> list[float]:
        return [evaluate(fleet.model(0, s), x, digits.y_val).acc for s in fleet.seeds]

    difference = paired_difference(read(trained(digits, RandomShift(1))), read(trained(digits)))
    assert not rises(difference)


@pytest.mark.slow
def test_after_the_budget_it_is_the_shift_that_costs_most_on_clean_digits(digits: Dataset) -> None:
    shift, turn, zoom = (
        change(digits, augmentation.transform_of(kind, 2.0, 8))
        for kind in ("shift", "rotation", "zoom")
    )
    assert falls(shift)
    assert shift.mean < min(turn.mean, zoom.mean)


@pytest.mark.slow
def test_on_noisy_digits_even_pixel_noise_helps(digits: Dataset) -> None:
    assert rises(change(digits, augmentation.transform_of("pixel noise", 1.0, 8), 0.2))
    noisy = trained(digits, None, 0.2)
    assert noisy.train_acc[0, :, LAST].mean() > 0.82  # more than the labels that are right


@pytest.mark.slow
def test_a_gap_below_zero_comes_from_scoring_augmented_images(digits: Dataset) -> None:
    fleet = trained(digits, augmentation.transform_of("all three", 2.0, 8))
    gap = paired_difference(fleet.val_loss[0, :, LAST], fleet.train_loss[0, :, LAST])
    assert rises(gap)
    assert falls(gap_on_drawn(fleet, digits))


def gap_on_drawn(fleet: Fleet, digits: Dataset) -> Difference:
    torch.manual_seed(0)
    x = augmentation.transform_of("all three", 2.0, 8)(digits.x_train)
    with torch.no_grad():
        losses = [F.cross_entropy(fleet.model(0, s)(x), digits.y_train) for s in fleet.seeds]
    return paired_difference(fleet.val_loss[0, :, LAST], np.array(losses))


@pytest.mark.slow
def test_every_control_moves_the_picture(lesson: Lesson) -> None:
    every_control_moves_the_picture(lesson)
