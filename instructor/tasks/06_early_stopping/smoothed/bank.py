"""Right and wrong answers to smoothed."""

import itertools
import math

import numpy as np
import torch

from instructor.answers import UNNAMED, right, wrong


@right
def with_a_running_number(val_losses, beta):
    mean, means = float(val_losses[0]), []
    for loss in val_losses:
        if loss == loss:
            mean += (1 - beta) * (loss - mean)
        means.append(mean)
    return tuple(means)


@right
def with_an_array(val_losses, beta):
    means = np.array(val_losses, dtype=float)
    for e in range(1, len(means)):
        new = means[e - 1] if np.isnan(means[e]) else means[e]
        means[e] = beta * means[e - 1] + (1 - beta) * new
    return means.tolist()


def _smooth(val_losses, beta, start):
    means = [start]
    for loss in val_losses[1:]:
        means.append(means[-1] if math.isnan(loss) else beta * means[-1] + (1 - beta) * loss)
    return means


@wrong("beta_for_the_new")
def beta_for_the_new(val_losses, beta):
    return _smooth(val_losses, 1 - beta, val_losses[0])


@wrong("from_zero")
def from_zero(val_losses, beta):
    return _smooth(val_losses, beta, (1 - beta) * val_losses[0])


@wrong("pairs_of_losses")
def pairs_of_losses(val_losses, beta):
    pairs = itertools.pairwise(val_losses)
    return [val_losses[0]] + [beta * old + (1 - beta) * new for old, new in pairs]


@wrong("one_entry_short")
def one_entry_short(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[1:]


@wrong("last_entry")
def last_entry(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[-1:]


@wrong("no_list")
def an_array_comes_back(val_losses, beta):
    kept = np.array(val_losses, dtype=float)
    for k in range(1, kept.size):
        kept[k] = kept[k - 1] + (0.0 if np.isnan(kept[k]) else (1 - beta) * (kept[k] - kept[k - 1]))
    return kept


@wrong("no_list")
def a_tensor_comes_back(val_losses, beta):
    now, seen = val_losses[0], []
    for value in val_losses:
        now = now if value != value else now * beta + value * (1 - beta)
        seen += [now]
    return torch.tensor(seen)


@wrong(UNNAMED)
def rounded_to_three_digits(val_losses, beta):
    now, seen = val_losses[0], []
    for value in val_losses:
        now = now if value != value else round(now * beta + value * (1 - beta), 3)
        seen += [now]
    return seen


@wrong(UNNAMED)
def a_nan_repeats_the_raw_loss_before(val_losses, beta):
    filled = []
    for value in val_losses:
        filled += [filled[-1] if math.isnan(value) else value]
    return [
        filled[0],
        *itertools.accumulate(
            filled[1:], lambda a, b: beta * a + (1 - beta) * b, initial=filled[0]
        ),
    ][1:]


@wrong(UNNAMED)
def losses_that_are_nan_are_dropped(val_losses, beta):
    numbers = filter(math.isfinite, val_losses)
    return list(itertools.accumulate(numbers, lambda a, b: beta * a + (1 - beta) * b))


@wrong(UNNAMED)
def the_mean_of_all_so_far(val_losses, beta):
    return [float(np.nanmean(val_losses[: k + 1])) for k in range(len(val_losses))]


@wrong(UNNAMED)
def corrected_for_a_start_at_0(val_losses, beta):
    seen, total = [], 0.0
    for k, value in enumerate(val_losses, start=1):
        total += 0.0 if math.isnan(value) else (1 - beta) * (value - total)
        seen.append(total / (1 - beta**k))
    return seen


@wrong("one_number")
def one_number(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[-1]


@wrong("poisoned_by_nan")
def poisoned_by_nan(val_losses, beta):
    means = [val_losses[0]]
    for loss in val_losses[1:]:
        means.append(beta * means[-1] + (1 - beta) * loss)
    return means


@wrong("in_place")
def in_place(val_losses, beta):
    for e in range(1, len(val_losses)):
        old, new = val_losses[e - 1], val_losses[e]
        val_losses[e] = old if math.isnan(new) else beta * old + (1 - beta) * new
    return val_losses


@wrong(UNNAMED)
def beta_of_the_example(val_losses, beta):
    return _smooth(val_losses, 0.75, val_losses[0])
