"""Right and wrong answers to corrupt_labels."""

from dataclasses import replace

import torch

from course_utils.data import load_dataset
from instructor.answers import right, wrong


@right
def label_by_label(y, fraction, num_classes, generator):
    noisy = y.clone()
    for i, u in enumerate(torch.rand(len(y), generator=generator, dtype=torch.float64).tolist()):
        if u < fraction:
            noisy[i] = min(int(u / fraction * num_classes), num_classes - 1)
    return noisy


@right
def with_a_mask(y, fraction, num_classes, generator):
    mask = torch.bernoulli(torch.full(y.shape, float(fraction)), generator=generator).bool()
    noisy = y.detach().clone()
    noisy[mask] = torch.randint(0, num_classes, (int(mask.sum()),), generator=generator)
    return noisy


def _noise(y, fraction, drawn, generator, redrawn=None):
    if redrawn is None:
        redrawn = torch.rand(len(y), generator=generator) < fraction
    return torch.where(redrawn, drawn, y)


def _drawn(y, num_classes, generator, low=0):
    return torch.randint(low, num_classes, (len(y),), generator=generator)


@wrong("the redrawn label is never the old one")
def always_another_class(y, fraction, num_classes, generator):
    drawn = (y + _drawn(y, num_classes, generator, low=1)) % num_classes
    return _noise(y, fraction, drawn, generator)


@wrong("fraction and 1 - fraction are swapped")
def keeps_the_fraction(y, fraction, num_classes, generator):
    return _noise(y, 1 - fraction, _drawn(y, num_classes, generator), generator)


@wrong("the last class is never drawn")
def without_the_last_class(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes - 1, generator), generator)


@wrong("class 0 is never drawn")
def without_class_0(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, generator, low=1), generator)


@wrong("the upper end of torch.randint is exclusive")
def one_class_too_many(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes + 1, generator), generator)


@wrong("y was changed in place")
def in_place(y, fraction, num_classes, generator):
    redrawn = torch.rand(len(y), generator=generator) < fraction
    y[redrawn] = _drawn(y, num_classes, generator)[redrawn]
    return y


@wrong("to every draw")
def global_draws(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, None), generator)


@wrong("do not seed it again")
def seeded_inside(y, fraction, num_classes, generator):
    generator.manual_seed(0)
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator)


@wrong("one draw decides for all labels")
def one_coin_for_all(y, fraction, num_classes, generator):
    redrawn = torch.rand(1, generator=generator) < fraction
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("all redrawn labels become the same class")
def one_class_for_all(y, fraction, num_classes, generator):
    drawn = torch.randint(num_classes, (1,), generator=generator)
    return _noise(y, fraction, drawn, generator)


@wrong("each label is redrawn with its own chance")
def a_fixed_number(y, fraction, num_classes, generator):
    redrawn = torch.zeros(len(y), dtype=torch.bool)
    redrawn[torch.randperm(len(y), generator=generator)[: round(fraction * len(y))]] = True
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("the share is off")
def fraction_of_the_visible_check(y, fraction, num_classes, generator):
    return _noise(y, 0.6, _drawn(y, num_classes, generator), generator)


@wrong("the library's version does the whole task")
def by_the_data_set(y, fraction, num_classes, generator):
    x, seed = torch.zeros(len(y), 1), int(torch.randint(2**31, (1,), generator=generator))
    data = replace(load_dataset("moons"), x_train=x, y_train=y, y_clean=y, num_classes=num_classes)
    return data.with_label_noise(fraction, seed).y_train


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "torch.rand(len(y), generator=generator) < fraction -> torch.rand(len(y), "
    "generator=generator) <= fraction": "a draw equals it by chance 2^-24",
}
