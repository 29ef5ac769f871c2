"""Check of lesson 05: a random shift for each image."""

from __future__ import annotations

from collections.abc import Callable
from enum import unique

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.mistakes import Mistakes
from course_utils.checks.report import Check, Passed, checking


@unique
class Mistake(Mistakes):
    """What this check recognizes."""

    ONE_WAY = "images only ever move one way ({way})"
    UPPER_END_LEFT_OUT = "{step} never comes: the upper end of torch.randint is left out"
    WRAPS_AROUND = "what leaves on one side comes back on the other (torch.roll wraps around)"
    IMAGES_SHUFFLED = (
        "this is another image of the batch; images must stay in order, or labels go wrong"
    )
    CHANNELS_APART = "the channels of one image moved apart; they have to move together"
    BORDER_REPEATED = (
        "what comes in from outside has to be 0, not a copy of the border or another gray"
    )
    ONE_SHIFT_FOR_ALL = "one shift serves the whole batch; draw one for each image"
    SEEDED_INSIDE = "the draw is frozen: a seed set inside the function, or made once outside"
    ALONG_THE_DIAGONAL = "one number moves an image down and right at once; draw two"
    IN_PLACE = "assigning into x changes the training set itself; write into a new tensor"


ShiftFn = Callable[[Tensor, int], Tensor]
Offsets = list[tuple[int, int]]


def random_shift(fn: ShiftFn) -> Passed:
    """Check ``fn(x, pixels)``: each image of x [n, channels, height, width] moved on its own.

    By a whole number of pixels, uniform in -pixels..pixels in each direction; what comes in from
    outside is 0.

    Raises:
        CheckFailed: with what was got, what was expected, and a hint at the mistake.
    """
    with checking("random_shift") as check:
        x = torch.rand(6, 2, 7, 7) + 0.5  # never 0, so that what comes in from outside is seen
        on = "6 images of shape (2, 7, 7)"
        got = check.tensor(fn(x.clone(), 0), tuple(x.shape), on=f"{on}, pixels = 0")
        check.close(
            "pixels = 0 changes nothing",
            got,
            x,
            on=f"{on}, pixels = 0",
            hint="with no room to move every image stays as it is",
        )
        given = x.clone()
        moved = check.tensor(fn(given, 2), tuple(x.shape), on=f"{on}, pixels = 2")
        check.that(
            torch.equal(given, x),
            "the images given are kept",
            on=f"{on}, pixels = 2",
            expected="the same images before and after",
            got="changed images",
            hint=Mistake.IN_PLACE,
        )
        _is_shift(check, x, moved, 2, f"{on}, pixels = 2")
        _offsets(check, fn)
    return check.passed()


def _shifted(image: Tensor, down: int, right: int, reach: int) -> Tensor:
    height, width = image.shape[-2:]
    padded = F.pad(image, [reach] * 4)
    top, left = reach - down, reach - right
    return padded[..., top : top + height, left : left + width]


def _find(image: Tensor, moved: Tensor, reach: int) -> tuple[int, int] | None:
    """By how much (down, right) `image` was moved; None if `moved` is no shifted copy of it."""
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if torch.allclose(_shifted(image, down, right, reach), moved, atol=1e-6):
                return down, right
    return None


def _is_shift(check: Check, x: Tensor, moved: Tensor, pixels: int, on: str) -> None:
    for i, (image, result) in enumerate(zip(x, moved, strict=True)):
        offset = _find(image, result, pixels + 2)
        check.that(
            offset is not None,
            "each image is a shifted copy of itself, with 0 coming in",
            on=f"{on}: image {i}",
            expected="the image, moved by whole pixels",
            got=result[0, 0],
            hint=_what_instead(x, image, result, pixels),
        )
        assert offset is not None
        check.that(
            max(map(abs, offset)) <= pixels,
            "no image moves further than `pixels`",
            on=f"{on}: image {i}",
            expected=f"at most {pixels} down or up, right or left",
            got=f"{offset[0]} down, {offset[1]} right",
            hint="the offset may be negative too, but its size has a limit",
        )


def _what_instead(x: Tensor, image: Tensor, result: Tensor, pixels: int) -> str:
    reach = range(-pixels - 2, pixels + 3)
    pairs = [(down, right) for down in reach for right in reach]
    if any(torch.allclose(torch.roll(image, pair, (-2, -1)), result) for pair in pairs):
        return Mistake.WRAPS_AROUND
    if any(_find(other, result, pixels + 2) for other in x):
        return Mistake.IMAGES_SHUFFLED
    if all(_find(image[c], result[c], pixels + 2) for c in range(len(image))):
        return Mistake.CHANNELS_APART
    strange = result[~torch.isin(result, image) & (result != 0)]
    if len(strange.unique()) <= 1:
        return Mistake.BORDER_REPEATED
    return "only whole pixels move: nothing is blended, scaled or turned"


def _offsets(check: Check, fn: ShiftFn) -> None:
    """Where 600 images go, and whether each goes its own way."""
    pixels, n = 2, 600
    x = torch.zeros(n, 1, 9, 9)
    x[:, :, 4, 4] = 1.0
    on = f"{n} images with one bright pixel in the middle, pixels = {pixels}"
    first, second = _where(fn(x.clone(), pixels)), _where(fn(x.clone(), pixels))
    check.that(
        len(set(first)) > 1,
        "each image moves by its own amount",
        on=on,
        expected="different shifts for different images",
        got=f"{first[0][0]} down and {first[0][1]} right for all of them",
        hint=Mistake.ONE_SHIFT_FOR_ALL,
    )
    check.that(
        first != second,
        "each call draws new shifts",
        on=f"{on}, called twice",
        expected="different shifts",
        got="the same shifts twice",
        hint=Mistake.SEEDED_INSIDE,
    )
    seen = first + second
    for axis, (back, forth) in enumerate((("up", "down"), ("left", "right"))):
        steps = {offset[axis] for offset in seen}
        hint = f"some of the steps from {pixels} {back} to {pixels} {forth} never come"
        if steps == {0}:
            hint = f"no image ever moves {back} or {forth}"
        elif min(steps) >= 0 or max(steps) <= 0:
            hint = Mistake.ONE_WAY.given(way=back if max(steps) <= 0 else forth)
        elif steps == set(range(-pixels, pixels)):
            hint = Mistake.UPPER_END_LEFT_OUT.given(step=f"{pixels} {forth}")
        check.that(
            steps == set(range(-pixels, pixels + 1)),
            "every step from -pixels to pixels comes, both ways",
            on=on,
            expected=list(range(-pixels, pixels + 1)),
            got=sorted(steps),
            hint=hint,
        )
    check.that(
        len(set(seen)) == (2 * pixels + 1) ** 2,
        "the two directions are drawn apart",
        on=on,
        expected=f"all {(2 * pixels + 1) ** 2} pairs of steps",
        got=f"{len(set(seen))} of them",
        hint=Mistake.ALONG_THE_DIAGONAL
        if all(abs(down) == abs(right) for down, right in seen)
        else "whatever the step down is, every step to the right has its chance",
    )


def _where(moved: Tensor) -> Offsets:
    """(down, right) of each bright pixel that started in the middle of 9 x 9."""
    places = moved[:, 0].flatten(1).argmax(1)
    return [(int(place) // 9 - 4, int(place) % 9 - 4) for place in places]
