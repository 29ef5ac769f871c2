"""Lesson 05: its own lines, its panels on other data, and what it says of digits alone.

What it says of digits and MNIST alike stands in `claims.lesson_05`.
"""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
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
from course_utils.experiments.flips import FLIPS, train_flips
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.live import open_panels
from course_utils.models import MLP
from course_utils.panels import augmentation
from course_utils.panels.augmentation.images import images_to_train_on, most_typical
from course_utils.panels.augmentation.strengths import STRENGTHS
from course_utils.training import evaluate, fit
from tests.lessons import Lesson, every_control_moves_the_picture
from tests.precision import float64, in_float64

LAST = -1


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=500)


@pytest.fixture(autouse=True)
def no_panel_stays() -> Iterator[None]:
    before = open_panels()
    yield
    for panel in open_panels():
        if panel not in before:
            panel.close()


def color_images(classes: int = 3, size: tuple[int, int] = (6, 10)) -> Dataset:
    """Images of two channels, wider than high, of few classes."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40 * classes) % classes
    x = torch.rand(len(y), 2, *size, generator=generator) + y[:, None, None, None]
    return Dataset.from_tensors(x, y, name="stripes")


def rises(difference: Difference) -> bool:
    return difference.low > 0


def falls(difference: Difference) -> bool:
    return difference.high < 0


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


def test_mixup_that_keeps_the_whole_first_image_is_plain_training(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = SimpleNamespace(sample=lambda: torch.tensor(1.0))
    monkeypatch.setattr(torch.distributions, "Beta", lambda *_: whole)
    monkeypatch.setitem(lesson.names, "digits", in_float64(lesson["digits"]))
    with float64():
        score = lesson["train_mixup"](3)
        data = lesson["spoiled"](None, 3)
        torch.manual_seed(3)
        run = lesson["build"](None)
        history = fit(run.model, data, optimizer=run.optimizer, epochs=30, seed=3)
    assert score.loss == pytest.approx(history.val_loss[LAST], rel=1e-9)
    assert score.acc == pytest.approx(history.val_acc[LAST], rel=1e-9)


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


# The panels.


@pytest.mark.parametrize("kind", ["all three", "rotation", "shift", "zoom", "pixel noise"])
def test_strength_0_leaves_images_as_they_are_and_more_changes_them_more(kind: str) -> None:
    x = torch.rand(50, 1, 8, 8)
    away = []
    for strength in STRENGTHS:
        torch.manual_seed(0)
        away.append(float((augmentation.transform_of(kind, strength, 8)(x) - x).abs().mean()))
    assert away[0] < 1e-6
    assert away == sorted(away)


def test_the_most_typical_image_of_a_class_is_its_nearest_to_the_mean() -> None:
    data = color_images()
    images, labels = most_typical(data)
    assert labels == [0, 1, 2]
    for image, label in zip(images, labels, strict=True):
        of_class = data.x_val[data.y_val == label]
        distances = (of_class - of_class.mean(0)).square().sum((1, 2, 3))
        assert torch.equal(image, of_class[distances.argmin()])


@float64()
def test_confusions_are_counted_from_the_right_images() -> None:
    data = in_float64(color_images())
    *_, fleet = train_flips(data, epochs=2)
    for i, (kind, axes) in enumerate(FLIPS.items()):
        found = augmentation.confusions(fleet, data, i)
        shares = torch.bincount(data.y_val) / len(data.y_val)
        for s in range(len(fleet.seeds)):
            trained, plain = torch.tensor(found.trained[s]), torch.tensor(found.plain[s])
            assert torch.allclose(trained.sum(1), torch.ones(3, dtype=torch.double)), kind
            accuracy = float((trained.diagonal() * shares).sum())
            assert accuracy == pytest.approx(fleet.val_acc[i, s, LAST], abs=1e-6)
            with torch.no_grad():
                right = fleet.model(0, s)(data.x_val.flip(axes)).argmax(1) == data.y_val
            assert float((plain.diagonal() * shares).sum()) == pytest.approx(
                float(right.float().mean()), abs=1e-6
            )


@pytest.fixture(scope="module")
@float64()
def small_fleet() -> Fleet:
    data = in_float64(color_images())

    def build(_: object) -> Run:
        model = MLP(data.input_shape, (8,), 3)
        return Run(model, torch.optim.Adam(model.parameters(), lr=0.01))

    return train_fleet(build, data, values=[0], seeds=2, epochs=2, progress=False)


def test_the_gallery_scores_the_transform_that_it_shows(small_fleet: Fleet) -> None:
    panel = augmentation.gallery(in_float64(color_images()), {"plain": small_fleet})
    for name in ("angle", "shift", "zoom", "noise"):
        panel.controls[name].index = 0
        panel.wait()
    assert panel.text.startswith("images as they are: plain reads")
    before = panel.state
    assert before.scores["plain"].tolist() == pytest.approx(small_fleet.val_acc[0, :, LAST])
    panel.controls["angle"].value = 45
    panel.wait()
    assert panel.text.startswith("images turned up to 45°: plain reads")
    assert not torch.equal(panel.state.images, before.images)
    assert panel.state.images.shape == before.images.shape == (9, 2, 6, 10)


def test_the_draws_stay_while_a_slider_moves(small_fleet: Fleet) -> None:
    panel = augmentation.gallery(in_float64(color_images()), {"plain": small_fleet})
    panel.controls["angle"].value = 5
    panel.wait()
    first = panel.state.images
    panel.controls["angle"].value = 30
    panel.wait()
    panel.controls["angle"].value = 5
    panel.wait()
    assert torch.equal(panel.state.images, first)
    panel.controls["draw"].value = 2
    panel.wait()
    assert not torch.equal(panel.state.images, first)


def test_all_panels_work_on_other_images() -> None:
    data = color_images()
    strength = augmentation.strength(data, epochs=2)
    assert strength.text.startswith("strength 1 (turned up to 10°, shifted up to 0.625 pixels")
    clean, noisy = strength.result
    assert np.isfinite(clean.val_acc).all()
    assert np.isfinite(noisy.val_acc).all()
    flips = augmentation.flips(data, epochs=2)  # it has no 6 and no 9
    assert "0 read as 1" in flips.text
    flips.controls["flip"].value = "none"
    assert "over none" not in flips.text


def test_what_is_no_image_is_refused() -> None:
    moons = load_dataset("moons", n_train=50)
    for panel in (
        augmentation.strength,
        augmentation.flips,
        lambda data: augmentation.gallery(data, {}),
    ):
        with pytest.raises(ValueError, match="needs images"):
            panel(moons)


def test_few_validation_images_are_kept_as_they_are(digits: Dataset) -> None:
    assert torch.equal(images_to_train_on(digits).x_val, digits.x_val)


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
def test_on_noisy_digits_even_noise_and_both_relatives_help(digits: Dataset) -> None:
    assert rises(change(digits, augmentation.transform_of("pixel noise", 1.0, 8), 0.2))
    assert rises(measured.mixup(digits, "budget"))
    assert rises(measured.smoothing(digits, "budget"))
    noisy = trained(digits, None, 0.2)
    assert noisy.train_acc[0, :, LAST].mean() > 0.82  # more than the labels that are right


@pytest.mark.slow
def test_half_of_nearly_100_digits_augmented_are_no_worse_than_all_plain() -> None:
    full = load_dataset("digits")
    most = int(full.y_train.bincount().min())
    assert 90 <= most < 100

    def build(augment: Any) -> Run:
        model = MLP(full.input_shape, (64, 64), 10)
        return Run(model, torch.optim.Adam(model.parameters(), lr=measured.LR), augment=augment)

    def train(data: Dataset, n: int, augment: Any = None) -> Any:
        fleet = train_fleet(
            build,
            lambda _, seed: data.per_class(n, seed).with_label_noise(0.2, seed),
            values=[augment],
            epochs=30,
            progress=False,
        )
        return fleet.val_acc[0, :, LAST]

    gentle = RandomAffine(degrees=10, shift=0.5, zoom=0.1)
    plain = train(full, most)
    assert rises(paired_difference(train(full, most, gentle), plain))
    assert not falls(paired_difference(train(full, most // 2, gentle), plain))


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
