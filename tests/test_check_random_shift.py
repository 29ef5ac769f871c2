"""The check of the random shift: right answers pass, wrong ones are named."""

import torch
import torch.nn.functional as F

from course_utils import checks
from course_utils.augmentation import RandomShift
from tests.checking import cases, named, passes


def shift_in_a_loop(x, pixels):
    out = torch.zeros_like(x)
    height, width = x.shape[-2:]
    for i in range(len(x)):
        down, right = torch.randint(-pixels, pixels + 1, (2,)).tolist()
        rows = slice(max(down, 0), height + min(down, 0))
        columns = slice(max(right, 0), width + min(right, 0))
        out[i][:, rows, columns] = x[i][
            :,
            slice(max(-down, 0), height + min(-down, 0)),
            slice(max(-right, 0), width + min(-right, 0)),
        ]
    return out


def crop(x, top, left, pixels, fill=0.0, mode="constant"):
    padded = F.pad(x, [pixels] * 4, mode=mode, **({"value": fill} if mode == "constant" else {}))
    return padded[..., top : top + x.shape[-2], left : left + x.shape[-1]]


def cropping(draw, **options):
    """Each image cropped from its padded self where `draw(pixels)` says (top, left)."""

    def answer(x, pixels):
        if pixels == 0:
            return x.clone()
        return torch.stack([crop(image, *draw(pixels), pixels, **options) for image in x])

    return answer


def anywhere(pixels):
    return torch.randint(2 * pixels + 1, (2,)).tolist()


def test_right_shifts_pass():
    passes(
        checks.random_shift,
        shift_in_a_loop,
        cropping(anywhere),
        lambda x, pixels: RandomShift(pixels)(x),
    )


def one_for_all(x, pixels):
    return crop(x, *anywhere(pixels), pixels)


def frozen(x, pixels):
    torch.manual_seed(0)
    return shift_in_a_loop(x, pixels)


def rolled(x, pixels):
    return torch.stack(
        [torch.roll(i, torch.randint(-pixels, pixels + 1, (2,)).tolist(), (-2, -1)) for i in x]
    )


def without_the_end(x, pixels):
    def draw(pixels):
        down, right = torch.randint(-pixels, pixels, (2,)).tolist()
        return pixels - down, pixels - right

    return cropping(draw)(x, pixels)


def into_the_input(x, pixels):
    x.copy_(shift_in_a_loop(x.clone(), pixels))
    return x


def diagonal(pixels):
    step = int(torch.randint(2 * pixels + 1, ()))
    return step, step


@cases(
    one_for_all=(one_for_all, "one shift serves the whole batch"),
    frozen=(frozen, "the draw is frozen"),
    wraps=(rolled, "comes back on the other"),
    upper_end=(without_the_end, "the upper end of torch.randint is left out"),
    one_way=(
        cropping(lambda pixels: torch.randint(pixels + 1, (2,)).tolist()),
        "images only ever move one way",
    ),
    only_across=(
        cropping(lambda pixels: (pixels, anywhere(pixels)[1])),
        "no image ever moves up or down",
    ),
    diagonal=(cropping(diagonal), "one number moves an image down and right at once"),
    too_far=(
        lambda x, pixels: shift_in_a_loop(x, 2 * pixels),
        "its size has a limit",
    ),
    border=(cropping(anywhere, mode="replicate"), "not a copy of the border"),
    gray=(cropping(anywhere, fill=0.5), "not a copy of the border"),
    shuffled=(
        lambda x, pixels: shift_in_a_loop(x.flip(0) if pixels else x, pixels),
        "another image of the batch",
    ),
    channels_apart=(
        lambda x, pixels: shift_in_a_loop(x.flatten(0, 1)[:, None], pixels).view_as(x),
        "the channels of one image moved apart",
    ),
    in_place=(into_the_input, "changes the training set itself"),
    blurred=(
        lambda x, pixels: F.avg_pool2d(x, 3, 1, 1) if pixels else x,
        "nothing is blended",
    ),
    smaller=(lambda x, pixels: x[..., pixels:], "the shape is not the one asked for"),
    not_0=(lambda x, pixels: shift_in_a_loop(x, pixels + 1), "with no room to move"),
    nothing=(lambda x, pixels: None, "is there a `return`"),
)
def test_wrong_shifts(answer, hint):
    named(checks.random_shift, answer, hint)
