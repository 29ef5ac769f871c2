"""What the panels of lesson 05 measure, on images of any size."""

import numpy as np
import pytest
import torch

from course_utils.data import Dataset, load_dataset
from course_utils.experiments.flips import FLIPS, train_flips
from course_utils.experiments.runs import images_to_train_on
from course_utils.fleet import Fleet, Run, train_fleet
from course_utils.models import MLP
from course_utils.panels import augmentation
from course_utils.panels.augmentation.images import most_typical
from course_utils.panels.augmentation.strengths import STRENGTHS
from tests.precision import float64, in_float64

pytestmark = pytest.mark.usefixtures("closing")

LAST = -1


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits", n_train=500)


def color_images(classes: int = 3, size: tuple[int, int] = (6, 10)) -> Dataset:
    """Images of two channels, wider than high, of few classes."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40 * classes) % classes
    x = torch.rand(len(y), 2, *size, generator=generator) + y[:, None, None, None]
    return Dataset.from_tensors(x, y, name="stripes")


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


def test_what_a_flip_mixes_up_is_the_difference_of_the_confusions() -> None:
    data = color_images()
    *_, fleet = train_flips(data, epochs=2)
    vertical, none = (
        augmentation.confusions(fleet, data, list(FLIPS).index(kind)).trained
        for kind in ("vertical", "none")
    )
    expected = (vertical[:, 0, 1] + vertical[:, 1, 0] - none[:, 0, 1] - none[:, 1, 0]) / 2
    found = augmentation.mixed_up_more(fleet, data, "vertical", 0, 1)
    assert found.mean == pytest.approx(expected.mean())
    assert found.n == len(fleet.seeds)
    assert augmentation.mixed_up_more(fleet, data, "none", 0, 1).mean == 0


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
    assert np.isfinite(clean.val_acc[..., [0, 2]]).all()  # it is scored after every second epoch
    assert np.isfinite(noisy.val_acc[..., [0, 2]]).all()
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
