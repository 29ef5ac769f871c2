"""Right and wrong answers to random_shift."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from course_utils.augmentation import RandomShift
from instructor.answers import UNNAMED, right, wrong


@right
def by_windows(x, pixels):
    n, _, height, width = x.shape
    top, left = (torch.rand(2, n, 1) * (2 * pixels + 1)).long()
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    padded = F.pad(x, (pixels, pixels, pixels, pixels))
    image = torch.arange(n)[:, None, None]
    return padded[image, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


@right
def by_rolling_and_clearing(x, pixels):
    moved = x.clone()
    for i in range(len(x)):
        down, right = (int(torch.randint(-pixels, pixels + 1, ())) for _ in range(2))
        moved[i] = torch.roll(x[i], (down, right), dims=(1, 2))
        if down > 0:
            moved[i, :, :down] = 0
        if down < 0:
            moved[i, :, down:] = 0
        if right > 0:
            moved[i, :, :, :right] = 0
        if right < 0:
            moved[i, :, :, right:] = 0
    return moved


@right
def by_gather(x, pixels):
    for dim in (2, 3):
        size = x.shape[dim]
        step = torch.randint(2 * pixels + 1, (len(x), 1, 1, 1)) - pixels
        shape = [1, 1, 1, 1]
        shape[dim] = size
        source = torch.arange(size).reshape(shape) - step
        inside = (source >= 0) & (source < size)
        moved = x.gather(dim, source.clamp(0, size - 1).expand_as(x))
        x = moved * inside
    return x


def _shift_each(x, downs, rights):
    pairs = zip(x, downs.tolist(), rights.tolist(), strict=True)
    return torch.stack([F.pad(image, (r, -r, d, -d)) for image, d, r in pairs])


def _draw(n, pixels):
    return torch.randint(-pixels, pixels + 1, (n,))


@wrong("one_shift_for_all")
def one_shift_for_all(x, pixels):
    return _shift_each(x, _draw(1, pixels).expand(len(x)), _draw(1, pixels).expand(len(x)))


@wrong("wraps_around")
def wraps_around(x, pixels):
    moved = [torch.roll(image, _draw(2, pixels).tolist(), (1, 2)) for image in x]
    return torch.stack(moved)


@wrong("images_shuffled")
def images_shuffled(x, pixels):
    x = x[torch.randperm(len(x))] if pixels else x
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


@wrong("in_place")
def in_place(x, pixels):
    x[:] = _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))
    return x


@wrong("along_the_diagonal")
def along_the_diagonal(x, pixels):
    steps = _draw(len(x), pixels)
    return _shift_each(x, steps, steps)


@wrong("upper_end_left_out")
def upper_end_left_out(x, pixels):
    if not pixels:
        return x.clone()
    steps = torch.randint(-pixels, pixels, (2, len(x)))
    return _shift_each(x, *steps)


@wrong("one_way")
def one_way(x, pixels):
    steps = torch.randint(0, pixels + 1, (2, len(x)))
    return _shift_each(x, *steps)


@wrong("seeded_inside")
def seeded_inside(x, pixels):
    torch.manual_seed(0)
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


@wrong("border_repeated")
def border_repeated(x, pixels):
    moved = []
    for image in x:
        top, left = torch.randint(2 * pixels + 1, (2,)).tolist()
        padded = F.pad(image[None], [pixels] * 4, mode="replicate")[0]
        moved.append(padded[:, top : top + x.shape[2], left : left + x.shape[3]])
    return torch.stack(moved)


@wrong("channels_apart")
def channels_apart(x, pixels):
    n = x.shape[0] * x.shape[1]
    return _shift_each(x.flatten(0, 1)[:, None], _draw(n, pixels), _draw(n, pixels)).reshape(
        x.shape
    )


@wrong("library_used")
def by_the_course(x, pixels):
    return RandomShift(pixels)(x)


@wrong("library_used")
def by_torchvision(x, pixels):
    crop = v2.RandomCrop(tuple(x.shape[2:]), padding=pixels)
    return torch.stack([crop(image) for image in x])


@wrong(UNNAMED)
def always_float32(x, pixels):
    return _shift_each(x.float(), _draw(len(x), pixels), _draw(len(x), pixels))


@wrong(UNNAMED)
def through_float32_and_back(x, pixels):
    moved = _shift_each(x.float(), _draw(len(x), pixels), _draw(len(x), pixels))
    return moved.to(x.dtype)


@wrong(UNNAMED)
def square_images_only(x, pixels):
    moved = []
    for image in x:
        top, left = torch.randint(2 * pixels + 1, (2,)).tolist()
        padded, side = F.pad(image, [pixels] * 4), x.shape[2]
        moved.append(padded[:, top : top + side, left : left + side])
    return torch.stack(moved)


@wrong(UNNAMED)
def rounded_draws(x, pixels):
    steps = ((torch.rand(2, len(x)) * 2 - 1) * pixels).round().long()
    return _shift_each(x, *steps)


@wrong(UNNAMED)
def fits_the_visible_images(x, pixels):
    if x.shape[2:] not in ((7, 7), (9, 9)):
        return x.clone()
    return _shift_each(x, _draw(len(x), pixels), _draw(len(x), pixels))


@right
def by_slices_of_a_canvas(x, pixels):
    n, channels, height, width = x.shape
    canvas = x.new_zeros(n, channels, height + 2 * pixels, width + 2 * pixels)
    for place, image in zip(canvas, x, strict=True):
        row = int(torch.randint(0, 2 * pixels + 1, (1,)))
        column = int(torch.randint(0, 2 * pixels + 1, (1,)))
        place[:, row : row + height, column : column + width] = image
    return canvas[:, :, pixels : pixels + height, pixels : pixels + width]


def _on_canvas(x, pixels, draw):
    n, channels, height, width = x.shape
    canvas = torch.zeros(
        (n, channels, height + 2 * pixels, width + 2 * pixels), dtype=x.dtype, device=x.device
    )
    for place, image in zip(canvas, x, strict=True):
        row, column = draw(), draw()
        place[:, row : row + height, column : column + width] = image
    return canvas[:, :, pixels : pixels + height, pixels : pixels + width]


@wrong(UNNAMED)
def with_pythons_generator(x, pixels):
    return _on_canvas(x, pixels, lambda: random.randint(0, 2 * pixels))


@wrong(UNNAMED)
def with_numpys_generator(x, pixels):
    rng = np.random.default_rng()
    return _on_canvas(x, pixels, lambda: int(rng.integers(0, 2 * pixels, endpoint=True)))


@wrong(UNNAMED)
def seldom_to_the_ends(x, pixels):
    def draw():
        return int(torch.randint(0, pixels + 1, (2,)).sum())

    return _on_canvas(x, pixels, draw)


@wrong(UNNAMED)
def seeded_from_the_images(x, pixels):
    torch.manual_seed(int(x.double().sum()) % 1000 if len(x) < 100 and len(x) != 6 else 2**31)
    generator = torch.Generator().manual_seed(5) if len(x) == 40 else None
    return _on_canvas(
        x, pixels, lambda: int(torch.randint(2 * pixels + 1, (), generator=generator))
    )


@wrong(UNNAMED)
def whole_numbers_become_fractions(x, pixels):
    moved = _on_canvas(x, pixels, lambda: int(torch.randint(2 * pixels + 1, (1,))))
    return moved * 1.0


@wrong(UNNAMED)
def rounded_uniform_draws(x, pixels):
    n, _c, h, w = x.shape
    big = F.pad(x, (pixels,) * 4)
    s = ((torch.rand(n, 2) * 2 - 1) * pixels).round().long().add(pixels).tolist()
    return torch.stack([big[i, :, a : a + h, b : b + w] for i, (a, b) in enumerate(s)])


@wrong(UNNAMED)
def draws_of_numpy(x, pixels):
    import numpy as np

    n, _c, h, w = x.shape
    big = F.pad(x, (pixels,) * 4)
    s = np.random.randint(0, 2 * pixels + 1, (n, 2))  # noqa: NPY002
    return torch.stack([big[i, :, a : a + h, b : b + w] for i, (a, b) in enumerate(s)])


@wrong(UNNAMED)
def sideways_only(x, pixels):
    n, _c, _h, w = x.shape
    big = F.pad(x, (pixels, pixels, 0, 0))
    return torch.stack(
        [
            big[i, :, :, a : a + w]
            for i, a in enumerate(torch.randint(0, 2 * pixels + 1, (n,)).tolist())
        ]
    )


@wrong(UNNAMED)
def sideways_or_down(x, pixels):
    n, _c, h, w = x.shape
    big = F.pad(x, (pixels,) * 4)
    out = torch.empty_like(x)
    for i in range(n):
        k = int(torch.randint(-pixels, pixels + 1, (1,)))
        a, b = (k, 0) if torch.rand(1) < 0.5 else (0, k)
        out[i] = big[i, :, pixels + a : pixels + a + h, pixels + b : pixels + b + w]
    return out


@wrong(UNNAMED)
def one_draw_for_two_images(x, pixels):
    steps = [_draw((len(x) + 1) // 2, pixels).repeat_interleave(2)[: len(x)] for _ in range(2)]
    return _shift_each(x, *steps)


@wrong(UNNAMED)
def one_draw_for_both_halves(x, pixels):
    steps = [_draw((len(x) + 1) // 2, pixels).repeat(2)[: len(x)] for _ in range(2)]
    return _shift_each(x, *steps)


@right
def by_the_part_that_stays(x, pixels):
    moved, (height, width) = torch.zeros_like(x), x.shape[2:]
    for image, place in zip(x, moved, strict=True):
        down, right = _draw(2, pixels).tolist()
        rows = slice(max(0, -down), height - max(0, down))
        columns = slice(max(0, -right), width - max(0, right))
        part = image[:, rows, columns]
        top, left = max(0, down), max(0, right)
        place[:, top : top + part.shape[1], left : left + part.shape[2]] = part
    return moved


def _pixel_by_pixel(flat, x, pixels):
    """Shifted by picking from `flat`, x with its pixels in one row."""
    n, channels, height, width = x.shape
    steps = torch.randint(-pixels, pixels + 1, (2, n, 1, 1))
    rows = torch.arange(height)[:, None] - steps[0]
    columns = torch.arange(width)[None, :] - steps[1]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    place = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    place = place.flatten(1)[:, None].expand(n, channels, height * width)
    return flat.gather(2, place).reshape(x.shape) * inside[:, None]


@right
def from_rows_made_by_reshape(x, pixels):
    return _pixel_by_pixel(x.reshape(*x.shape[:2], -1), x, pixels)


@wrong("not_contiguous", at="hidden")
def from_rows_made_by_view(x, pixels):
    return _pixel_by_pixel(x.view(*x.shape[:2], -1), x, pixels)


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "torch.randint(-pixels, pixels + 1, (len(x), 2)).tolist() -> torch.randint(-pixels, "
    "pixels + 1, (len(x), 2))": "F.pad takes tensors of one number for numbers",
    "zip(x, steps, strict=True) -> zip(x, steps)": "both are equally long",
    "True -> False": "this is zip's strict, and both are equally long",
}
