"""Augmentation: torchvision is the oracle for known draws, and labels stay with their image."""

import pytest
import torch
import torchvision.transforms.v2.functional as TF
from torch import Tensor
from torchvision.transforms import InterpolationMode

from course_utils.augmentation import (
    GaussianNoise,
    RandomAffine,
    RandomFlip,
    RandomShift,
    affine,
    compose,
)
from course_utils.random_streams import RandomStream, SeededDraws

SHAPES = [(8, 8), (7, 7), (6, 10), (28, 28)]


def images(n=4, size=(8, 8), channels=2):
    return torch.rand(n, channels, *size, generator=torch.Generator().manual_seed(0)) + 0.25


def pinned(transform, x: Tensor, *draws: Tensor | list) -> Tensor:
    """`transform(x)` when its random numbers are these, each a number in [0, 1)."""
    left = [torch.as_tensor(draw, dtype=torch.float32) for draw in draws]

    def source(kind, shape):
        draw = left.pop(0)
        return draw if draw.ndim else draw.expand(shape)

    with RandomStream(source):
        out = transform(x)
    assert not left
    return out


def affine_draws(n, angle=0.0, zoom=0.0, right=0.0, down=0.0):
    """RandomAffine's draws [4, n] from shares of its strengths in [-1, 1]."""
    shares = torch.tensor([angle, zoom, right, down])
    return ((shares + 1) / 2)[:, None].expand(4, n)


def torchvision_affine(x, *, degrees=0.0, translate=(0.0, 0.0), scale=1.0):
    return TF.affine(
        x,
        angle=degrees,
        translate=list(translate),
        scale=scale,
        shear=[0.0, 0.0],
        interpolation=InterpolationMode.BILINEAR,
        fill=None,  # the same zeros; with a number torchvision darkens the border twice
    )


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("share", [-0.9, -0.4, 0.5, 0.9])
def test_a_positive_angle_turns_clockwise(size, share):
    x = images(size=size)
    got = pinned(RandomAffine(degrees=30), x, affine_draws(4, angle=share))
    assert torch.allclose(got, torchvision_affine(x, degrees=30 * share), atol=1e-4)
    # The eye's test: what is at the top goes to the right.
    top = torch.zeros(1, 1, 9, 9)
    top[0, 0, 1, 4] = 1.0
    turned = pinned(RandomAffine(degrees=90), top, affine_draws(1, angle=1.0))
    assert turned[0, 0].round().nonzero().tolist() == [[4, 7]]


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("share", [-0.9, 0.5, 0.9])
def test_zoom_scales_around_the_center(size, share):
    x = images(size=size)
    got = pinned(RandomAffine(zoom=0.4), x, affine_draws(4, zoom=share))
    assert torch.allclose(got, torchvision_affine(x, scale=1 + 0.4 * share), atol=1e-4)
    assert share < 0 or got[0, 0, 0, 0] != 0  # zooming in leaves no border


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize(("right", "down"), [(1.0, 0.0), (0.0, -1.0), (0.5, -0.25)])
def test_shift_is_in_pixels_to_the_right_and_down(size, right, down):
    x = images(size=size)
    got = pinned(RandomAffine(shift=2), x, affine_draws(4, right=right, down=down))
    assert torch.allclose(got, torchvision_affine(x, translate=(2 * right, 2 * down)), atol=1e-4)
    if right == 1.0:
        assert torch.allclose(got[..., 2:], x[..., :-2], atol=1e-4)


@pytest.mark.parametrize("size", SHAPES)
def test_turn_and_zoom_first_and_then_shift(size):
    x = images(size=size)
    got = pinned(
        RandomAffine(degrees=25, shift=2, zoom=0.2),
        x,
        affine_draws(4, angle=0.9, zoom=0.5, right=0.45, down=-0.85),
    )
    expected = torchvision_affine(x, degrees=22.5, translate=(0.9, -1.7), scale=1.1)
    assert torch.allclose(got, expected, atol=1e-4)


def test_every_image_has_its_own_draw():
    x = images(1).expand(3, 2, 8, 8)
    draws = affine_draws(3).clone()
    draws[0] = torch.tensor([0.05, 0.5, 0.95])  # angles -27, 0, 27
    got = pinned(RandomAffine(degrees=30), x, draws)
    for i, degrees in enumerate((-27, 0, 27)):
        assert torch.allclose(got[i], torchvision_affine(x[i], degrees=degrees), atol=1e-4)


@pytest.mark.parametrize("size", SHAPES)
def test_affine_is_torchvisions_with_one_setting_for_each_image(size):
    x = images(3, size)
    angle = torch.tensor([-70.0, 10.0, 200.0])
    scale = torch.tensor([0.7, 1.0, 1.6])
    right, down = torch.tensor([1.0, -2.5, 0.3]), torch.tensor([0.0, 1.5, -0.7])
    got = affine(x, angle=angle, scale=scale, right=right, down=down)
    for i in range(3):
        expected = torchvision_affine(
            x[i],
            degrees=float(angle[i]),
            translate=(float(right[i]), float(down[i])),
            scale=float(scale[i]),
        )
        assert torch.allclose(got[i], expected, atol=1e-4)


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_random_shift_moves_pixels_exactly(pixels):
    x = images(5, (6, 8))
    span = 2 * pixels + 1
    for down in range(-pixels, pixels + 1):
        for right in range(-pixels, pixels + 1):
            # Draw 0 moves by `pixels` down and right, the largest draw up and left.
            row, column = (pixels - down + 0.5) / span, (pixels - right + 0.5) / span
            got = pinned(RandomShift(pixels), x, torch.tensor([[row] * 5, [column] * 5]))
            rolled = torch.roll(x, (down, right), (2, 3))
            if down:
                rolled[:, :, slice(0, down) if down > 0 else slice(down, None)] = 0
            if right:
                rolled[..., slice(0, right) if right > 0 else slice(right, None)] = 0
            assert torch.equal(got, rolled)


def test_random_shift_reaches_every_place_and_each_image_its_own():
    x = torch.zeros(4000, 1, 7, 7)
    x[:, :, 3, 3] = 1.0
    with SeededDraws(0):
        places = RandomShift(2)(x).flatten(1).argmax(1)
    steps = sorted({(int(p) // 7 - 3, int(p) % 7 - 3) for p in places})
    assert steps == [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    counts = torch.bincount(places)[torch.bincount(places) > 0]
    assert (counts.float() / 4000 - 1 / 25).abs().max() < 0.02


def test_random_shift_further_than_the_image():
    x = images(3, (4, 4))
    out = pinned(RandomShift(6), x, torch.zeros(2, 3))
    assert torch.equal(out, torch.zeros_like(x))


def test_gaussian_noise_has_its_standard_deviation():
    x = images(200)
    with SeededDraws(0):
        noise = GaussianNoise(0.3)(x) - x
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert abs(noise.mean().item()) < 0.01


@pytest.mark.parametrize(("vertical", "axis"), [(False, 3), (True, 2)])
def test_random_flip_mirrors_a_share_p(vertical, axis):
    x = images(3000, (4, 5), 1)
    with SeededDraws(0):
        out = RandomFlip(0.3, vertical=vertical)(x)
    flipped = (out == x.flip(axis)).flatten(1).all(1)
    kept = (out == x).flatten(1).all(1)
    assert bool((flipped ^ kept).all())
    assert flipped.float().mean().item() == pytest.approx(0.3, abs=0.04)
    assert torch.equal(RandomFlip(1.0, vertical=vertical)(x), x.flip(axis))


def test_compose_keeps_the_order():
    steps = compose(lambda x: x + 1, lambda x: x * 10)
    assert steps(torch.tensor(1.0)).item() == 20
    assert compose()(torch.tensor(1.0)).item() == 1


TRANSFORMS = [
    RandomAffine(degrees=20, shift=1, zoom=0.2),
    RandomShift(2),
    GaussianNoise(0.1),
    RandomFlip(),
    compose(RandomShift(1), GaussianNoise(0.1)),
]


def name(transform):
    """Without the address that a function's text holds."""
    return repr(transform).partition(" at 0x")[0]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=name)
def test_the_batch_is_kept_and_the_draws_are_fresh(transform):
    x = images(20)
    given = x.clone()
    with SeededDraws(0):
        first, second = transform(x), transform(x)
    assert first.shape == x.shape
    assert first.dtype == x.dtype
    assert torch.equal(x, given)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("transform", TRANSFORMS[:4], ids=name)
def test_images_stay_in_order(transform):
    """Image i is made of image i alone, so label i still fits it."""
    x = images(10)
    with SeededDraws(0):
        out = transform(x)
    changed = x.clone()
    changed[3] = 0.0
    with SeededDraws(0):
        other = transform(changed)
    same = [torch.equal(a, b) for a, b in zip(out, other, strict=True)]
    assert same == [i != 3 for i in range(10)]
