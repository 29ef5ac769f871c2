"""Right and wrong answers to train_shifted."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.augmentation import RandomShift
from course_utils.exercises.lesson_05 import digits
from instructor.answers import UNNAMED, right, wrong


def _net(units=128):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))


def _learn(model, batches):
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    for images, labels in batches:
        loss = F.cross_entropy(model(images), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


def _moved(x, pixels):
    """Each image by a shift of its own, cut out of a wider one."""
    n, _, height, width = x.shape
    wide = F.pad(x, (pixels,) * 4)
    starts = torch.randint(2 * pixels + 1, (n, 2)).tolist()
    return torch.stack(
        [
            image[:, a : a + height, b : b + width]
            for image, (a, b) in zip(wide, starts, strict=True)
        ]
    )


@right
def every_shift_made_beforehand(x, y, pixels):
    places = [(a, b) for a in range(2 * pixels + 1) for b in range(2 * pixels + 1)]
    wide = F.pad(x, (pixels,) * 4)
    images = torch.cat([wide[:, :, a : a + 8, b : b + 8] for a, b in places])
    labels = y.repeat(len(places))
    rows = [torch.randint(len(images), (300,)) for _ in range(200)]
    return _learn(_net(), ((images[r], labels[r]) for r in rows))


@right
def by_shifts_of_its_own(x, y, pixels):
    return _learn(_net(), ((_moved(x, pixels), y) for _ in range(150)))


@right
def in_batches(x, y, pixels):
    def batches():
        for _ in range(40):
            for rows in torch.randperm(len(x)).split(50):
                yield RandomShift(pixels)(x[rows]), y[rows]

    return _learn(_net(200), batches())


@wrong("not_learned")
def images_as_they_are(x, y, pixels):
    return _learn(_net(), [(x, y)] * 150)


@wrong("not_learned")
def shifted_once(x, y, pixels):
    return _learn(_net(), [(_moved(x, pixels), y)] * 150)


@wrong("not_learned")
def all_by_the_same_shift(x, y, pixels):
    shifted = torch.zeros_like(x)
    shifted[..., pixels:] = x[..., : 8 - pixels]
    return _learn(_net(), [(x, y), (shifted, y)] * 75)


@wrong("not_learned")
def by_one_pixel_always(x, y, pixels):
    return _learn(_net(), ((_moved(x, 1), y) for _ in range(150)))


@wrong("too_little_training")
def untrained(x, y, pixels):
    return _net()


@wrong("too_little_training")
def six_steps(x, y, pixels):
    return _learn(_net(), ((RandomShift(pixels)(x), y) for _ in range(6)))


@wrong("too_little_training")
def labels_left_behind(x, y, pixels):
    batches = ((_moved(x, pixels)[torch.randperm(len(x))], y) for _ in range(100))
    return _learn(_net(), batches)


@wrong("no_network")
def its_score(x, y, pixels):
    model = every_shift_made_beforehand(x, y, pixels)
    return (model(x).argmax(1) == y).double().mean()


@wrong("no_network")
def nothing(x, y, pixels):
    every_shift_made_beforehand(x, y, pixels)


@wrong("wrong_outputs")
def flat_images_only(x, y, pixels):
    model = nn.Sequential(nn.Linear(64, 50), nn.ReLU(), nn.Linear(50, 10))
    return _learn(model, [(x.flatten(1), y)] * 20)


@wrong("wrong_outputs")
def classes_for_logits(x, y, pixels):
    class Classes(nn.Module):
        def forward(self, images):
            return images.flatten(1).argmax(1) % 10

    return Classes()


@wrong("input_changed")
def moves_the_images_themselves(x, y, pixels):
    model = every_shift_made_beforehand(x, y, pixels)
    x.copy_(_moved(x, pixels))
    return model


_DIGITS = {}


@wrong("too_little_training")
def the_digits_of_the_cell_above(x, y, pixels):
    if pixels not in _DIGITS:
        known, labels = digits(0)
        batches = ((_moved(known, pixels), labels) for _ in range(150))
        _DIGITS[pixels] = _learn(_net(), batches)
    return _DIGITS[pixels]


@wrong(UNNAMED)
def probabilities_for_logits(x, y, pixels):
    return nn.Sequential(every_shift_made_beforehand(x, y, pixels), nn.Softmax(1))


_KEPT = {}


@wrong("too_little_training", at="hidden")
def trained_once_for_each_number_of_pixels(x, y, pixels):
    if pixels not in _KEPT:
        _KEPT[pixels] = by_shifts_of_its_own(x, y, pixels)
    return _KEPT[pixels]


@wrong("too_little_training", at="hidden")
def kept_in_a_default_argument(x, y, pixels, kept=[]):  # noqa: B006
    kept += [] if kept and pixels == 2 else [by_shifts_of_its_own(x, y, pixels)]
    return kept[-1]


_SHARED = _net()


@wrong("earlier_changed", at="hidden")
def one_network_for_all_calls(x, y, pixels):
    for layer in (_SHARED[1], _SHARED[3]):
        layer.reset_parameters()
    return _learn(_SHARED, ((_moved(x, pixels), y) for _ in range(150)))


_ENOUGH = "any width, rate and length at which it learns will do"
EQUIVALENT = {
    "0.01 -> 0.02": _ENOUGH,
    "200 -> 201": _ENOUGH,
    "200 -> 199": _ENOUGH,
}
