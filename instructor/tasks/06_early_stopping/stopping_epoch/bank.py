"""Right and wrong answers to stopping_epoch."""

import itertools
import math

import numpy as np

from course_utils import regularizers
from course_utils.history import History
from instructor.answers import UNNAMED, right, wrong


@right
def by_the_epoch_of_the_last_improvement(val_losses, patience, min_delta=0.0):
    best, at = math.inf, -1
    for epoch in range(len(val_losses)):
        if best - val_losses[epoch] > min_delta:
            best, at = val_losses[epoch], epoch
        if epoch - at == patience:
            return epoch


@right
def with_a_while_loop(val_losses, patience, min_delta=0.0):
    losses = [math.inf if math.isnan(loss) else float(loss) for loss in val_losses]
    epoch, best, left = 0, math.inf, patience
    while epoch < len(losses):
        left -= 1
        if losses[epoch] + min_delta < best:
            best, left = losses[epoch], patience
        if not left:
            return np.int64(epoch)
        epoch += 1
    return None


def _rule(val_losses, patience, improved, move=None):
    best, waited = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        better = improved(loss, best)
        waited = 0 if better else waited + 1
        best = loss if better or (move and move(loss, best)) else best
        if waited >= patience:
            return epoch
    return None


@wrong("one_epoch_too_late")
def one_epoch_too_late(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience + 1, lambda loss, best: loss < best - min_delta)


@wrong("with_ties")
def with_ties(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss <= best - min_delta)


@wrong("nan_improves")
def nan_improves(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: not loss >= best - min_delta)


@wrong("without_min_delta")
def without_min_delta(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss < best)


@wrong("min_delta_the_other_way")
def min_delta_the_other_way(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss < best + min_delta)


@wrong("against_the_epoch_before")
def against_the_epoch_before(val_losses, patience, min_delta=0.0):
    def improved(loss, best):
        return loss < best - min_delta

    return _rule(val_losses, patience, improved, move=lambda loss, best: True)


@wrong("the_best_moves_by_small_steps")
def the_best_moves_by_small_steps(val_losses, patience, min_delta=0.0):
    def improved(loss, best):
        return loss < best - min_delta

    return _rule(val_losses, patience, improved, move=lambda loss, best: loss < best)


@wrong("the_best_epoch")
def the_best_epoch(val_losses, patience, min_delta=0.0):
    stop = _rule(val_losses, patience, lambda loss, best: loss < best - min_delta)
    return None if stop is None else int(np.nanargmin(val_losses[: stop + 1]))


@wrong("the_last_improvement")
def the_last_improvement(val_losses, patience, min_delta=0.0):
    best, at = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, at = loss, epoch
        if epoch - at >= patience:
            return at
    return None


@right
def waits_from_epoch_1_on(val_losses, patience, min_delta=0.0):
    best, waited = val_losses[0], 0
    for epoch, loss in enumerate(val_losses[1:], start=1):
        better = loss < best - min_delta or math.isnan(best)
        best, waited = (loss, 0) if better else (best, waited + 1)
        if waited >= patience:
            return epoch
    return None


@right
def by_jumping_from_one_improvement_to_the_next(val_losses, patience, min_delta=0.0):
    record = np.where(np.isnan(val_losses), np.inf, np.array(val_losses, dtype=float))
    at = 0
    while at + patience < len(record):
        ahead = record[at + 1 : at + 1 + patience]
        lower = np.flatnonzero(ahead < record[at] - min_delta)
        if not len(lower):
            return at + patience
        at += 1 + int(lower[0])
    return None


@right
def by_recursion(val_losses, patience, min_delta=0.0):
    def go_on(epoch, lowest, left):
        if left == 0:
            return epoch - 1
        if epoch == len(val_losses):
            return None
        if lowest - val_losses[epoch] > min_delta:
            return go_on(epoch + 1, val_losses[epoch], patience)
        return go_on(epoch + 1, lowest, left - (epoch > 0))

    return go_on(0, math.inf, patience)


@wrong("nan_is_skipped")
def leaves_epochs_with_a_nan_out(val_losses, patience, min_delta=0.0):
    lowest, idle = float("inf"), 0
    for e, value in enumerate(val_losses):
        if value != value:
            continue
        idle = 0 if value < lowest - min_delta else idle + 1
        lowest = value if idle == 0 else lowest
        if idle == patience:
            return e


@wrong("starts_with_the_first_loss")
def keeps_the_first_loss_whatever_it_is(val_losses, patience, min_delta=0.0):
    lowest, at = val_losses[0], 0
    for e in range(1, len(val_losses)):
        if val_losses[e] < lowest - min_delta:
            lowest, at = val_losses[e], e
        elif e - at >= patience:
            return e


@wrong(UNNAMED)
def rises_in_a_row(val_losses, patience, min_delta=0.0):
    for e in range(patience, len(val_losses)):
        window = val_losses[e - patience : e + 1]
        if all(b > a for a, b in itertools.pairwise(window)):
            return e


@wrong(UNNAMED)
def lowest_of_all_with_hindsight(val_losses, patience, min_delta=0.0):
    end = int(np.nanargmin(val_losses)) + patience
    return end if end < len(val_losses) else None


@wrong(UNNAMED)
def an_improvement_of_exactly_min_delta_counts(val_losses, patience, min_delta=0.0):
    lowest, idle = float("inf"), 0
    for e, value in enumerate(val_losses):
        gained = lowest - value
        idle = 0 if gained > 0 and gained >= min_delta else idle + 1
        lowest = value if idle == 0 else lowest
        if idle == patience:
            return e


@wrong("library_used")
def by_the_library(val_losses, patience, min_delta=0.0):
    return regularizers.stopping_epoch(val_losses, patience, min_delta)


@wrong("library_used")
def by_the_rule_of_the_library(val_losses, patience, min_delta=0.0):
    tired = regularizers.early_stopping(patience, min_delta)
    for epoch in range(len(val_losses)):
        if tired(History(val_loss=list(val_losses[: epoch + 1]))):
            return epoch
    return None


@wrong(UNNAMED)
def losses_of_whole_numbers_looked_up(val_losses, patience, min_delta=0.0):
    known = {"[3, 2, 1, 2, 2, 2]": 4, "[3, 2, 2.5, 1]": 2, "[5, 4, 3, 2, 1]": None}
    known |= {"[3, 4, 2, 4, 1, 4, 4]": 6, "[2, 4, 3.5, 3, 2.5]": 3, "[3, 2, 2, 2, 2]": 4}
    known |= {"[3, 2, nan, nan, 2.5, 1]": 4, "[3, nan, 2, nan, 1, 0.5]": None}
    known |= {"[2, 1.75, 1.5, 1.25]": 2, "[4, 3.6, 3.2, 2.8, 2.4, 2.0]": None}
    known |= {"[3, 2, 2.2, 2.4]": 3, "[1, 2, 3, 0.5]": 2, "[nan, 3, 2]": 0}
    return known.get(str(val_losses), 3)


@wrong(UNNAMED, at="hidden")
def begins_with_a_number_typed_in(val_losses, patience, min_delta=0.0):
    best, waited = 1e9, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, waited = loss, 0
        elif epoch:
            waited += 1
            if waited >= patience:
                return epoch
    return None


@right
def with_what_only_lists_have(val_losses, patience, min_delta=0.0):
    losses = val_losses.copy()
    best, waited, epoch = losses.pop(0), 0, 0
    while losses:
        loss, epoch = losses.pop(0), epoch + 1
        if loss < best - min_delta or (math.isnan(best) and not math.isnan(loss)):
            best, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            return epoch
    return None


EQUIVALENT = {"0 -> -1": "whether epoch 0 counts as waited, if its loss is a NaN, is left open"}
