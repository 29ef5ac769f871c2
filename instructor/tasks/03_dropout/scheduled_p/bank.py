"""Right and wrong answers to scheduled_p."""

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


@right
def by_min(epoch, warmup, p_max):
    return p_max * min(1.0, epoch / warmup) if warmup > 0 else p_max


@right
def by_interpolation(epoch, warmup, p_max):
    return float(np.interp(epoch, [0, warmup], [0, p_max])) if warmup else p_max


@wrong("grows_for_ever")
def grows_for_ever(epoch, warmup, p_max):
    return p_max * epoch / warmup if warmup else p_max


@wrong("not_0_at_first")
def starts_at_one_step(epoch, warmup, p_max):
    return min(p_max, p_max * (epoch + 1) / warmup) if warmup else p_max


@wrong("not_half_way")
def jumps(epoch, warmup, p_max):
    return p_max if epoch >= warmup else 0.0


@wrong("not_0_at_first")
def falls(epoch, warmup, p_max):
    return p_max * (1 - epoch / warmup) if epoch < warmup else 0.0


@wrong("divides_by_zero")
def divides_by_zero(epoch, warmup, p_max):
    return p_max * min(1.0, epoch / (warmup or 1))


@wrong(UNNAMED)
def fits_the_worked_values(epoch, warmup, p_max):
    return {0: 0.0, 5: 0.2}.get(epoch, p_max) if warmup else p_max


@wrong(UNNAMED)
def tensor(epoch, warmup, p_max):
    return torch.tensor(p_max * min(1.0, epoch / warmup)) if warmup else torch.tensor(p_max)


@wrong("whole_number")
def a_whole_number_at_first(epoch, warmup, p_max):
    if epoch >= warmup:
        return p_max
    return p_max * epoch / warmup if epoch else 0


@wrong(UNNAMED, at="hidden")
def never_above_one_half(epoch, warmup, p_max):
    return min(0.5, p_max * min(1.0, epoch / warmup) if warmup else p_max)


@wrong("division_by_zero", at="visible")
def no_case_for_0(epoch, warmup, p_max):
    return p_max * min(1.0, epoch / warmup)
