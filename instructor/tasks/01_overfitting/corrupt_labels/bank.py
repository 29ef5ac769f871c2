"""Right and wrong answers to corrupt_labels."""

from dataclasses import replace

import torch

from course_utils.data import load_dataset
from instructor.answers import UNNAMED, right, wrong


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


@wrong("always_another_class")
def always_another_class(y, fraction, num_classes, generator):
    drawn = (y + _drawn(y, num_classes, generator, low=1)) % num_classes
    return _noise(y, fraction, drawn, generator)


@wrong("keeps_the_fraction")
def keeps_the_fraction(y, fraction, num_classes, generator):
    return _noise(y, 1 - fraction, _drawn(y, num_classes, generator), generator)


@wrong("without_the_last_class")
def without_the_last_class(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes - 1, generator), generator)


@wrong("without_class_0")
def without_class_0(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, generator, low=1), generator)


@wrong("one_class_too_many")
def one_class_too_many(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes + 1, generator), generator)


@wrong("in_place")
def in_place(y, fraction, num_classes, generator):
    redrawn = torch.rand(len(y), generator=generator) < fraction
    y[redrawn] = _drawn(y, num_classes, generator)[redrawn]
    return y


@wrong("global_draws")
def global_draws(y, fraction, num_classes, generator):
    return _noise(y, fraction, _drawn(y, num_classes, None), generator)


@wrong("seeded_inside")
def seeded_inside(y, fraction, num_classes, generator):
    generator.manual_seed(0)
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator)


@wrong("no_other_label")
def one_coin_for_all(y, fraction, num_classes, generator):
    redrawn = torch.rand(1, generator=generator) < fraction
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("one_coin_for_all")
def one_coin_for_all_turned_round(y, fraction, num_classes, generator):
    redrawn = torch.rand(1, generator=generator) > 1 - fraction
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong("no_other_label")
def from_the_labels_themselves(y, fraction, num_classes, generator):
    others = y[torch.randint(len(y), (len(y),), generator=generator)]
    return _noise(y, fraction, others, generator)


@wrong("other_numbers")
def by_a_mask_of_floats(y, fraction, num_classes, generator):
    redrawn = (torch.rand(len(y), generator=generator) < fraction).float()
    return redrawn * _drawn(y, num_classes, generator) + (1 - redrawn) * y


@wrong("one_class_for_all")
def one_class_for_all(y, fraction, num_classes, generator):
    drawn = torch.randint(num_classes, (1,), generator=generator)
    return _noise(y, fraction, drawn, generator)


@wrong("a_fixed_number")
def a_fixed_number(y, fraction, num_classes, generator):
    redrawn = torch.zeros(len(y), dtype=torch.bool)
    redrawn[torch.randperm(len(y), generator=generator)[: round(fraction * len(y))]] = True
    return _noise(y, fraction, _drawn(y, num_classes, generator), generator, redrawn)


@wrong(UNNAMED)
def fraction_of_the_visible_check(y, fraction, num_classes, generator):
    return _noise(y, 0.6, _drawn(y, num_classes, generator), generator)


@wrong("library_used")
def by_the_data_set(y, fraction, num_classes, generator):
    x, seed = torch.zeros(len(y), 1), int(torch.randint(2**31, (1,), generator=generator))
    data = replace(load_dataset("moons"), x_train=x, y_train=y, y_clean=y, num_classes=num_classes)
    return data.with_label_noise(fraction, seed).y_train


#: Mutants of the model answer that behave like it, each with the reason.


@right
def multinomial(y, fraction, num_classes, generator):
    n = y.numel()
    probs = torch.full((n, num_classes), fraction / num_classes)
    probs[torch.arange(n), y] += 1 - fraction
    return torch.multinomial(probs, 1, generator=generator).squeeze(1)


@right
def one_draw(y, fraction, num_classes, generator):
    if fraction == 0:
        return y.clone()
    u = torch.rand(len(y), generator=generator, dtype=torch.float64) / fraction
    new = (u * num_classes).long().clamp(max=num_classes - 1)
    return torch.where(u < 1, new, y)


@wrong("one_class_for_all")
def reused_uniform(y, fraction, num_classes, generator):
    u = torch.rand(len(y), generator=generator)
    return torch.where(u < fraction, (u * num_classes).long(), y)


@wrong("without_the_last_class")
def max_label(y, fraction, num_classes, generator):
    hit = torch.rand(len(y), generator=generator) < fraction
    new = torch.randint(0, int(y.max()) + 1, (len(y),), generator=generator)
    return torch.where(hit, new, y)


EQUIVALENT = {
    "torch.rand(len(y), generator=generator) < fraction -> torch.rand(len(y), "
    "generator=generator) <= fraction": "a draw equals it by chance 2^-24",
}
