"""Known answers to exercise 06: right ones written differently, wrong ones with their mistake."""

import copy
import itertools
import math

import numpy as np
import torch

from benchmarks.exercises.bank import right, wrong
from course_utils import regularizers
from course_utils.evidence import estimate, paired_difference
from course_utils.history import History

# --- stopping_epoch ---------------------------------------------------------------------------


@right("stopping_epoch")
def by_the_epoch_of_the_last_improvement(val_losses, patience, min_delta=0.0):
    best, at = math.inf, -1
    for epoch in range(len(val_losses)):
        if best - val_losses[epoch] > min_delta:
            best, at = val_losses[epoch], epoch
        if epoch - at == patience:
            return epoch


@right("stopping_epoch")
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


@wrong("stopping_epoch", "it stops after patience + 1 epochs")
def one_epoch_too_late(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience + 1, lambda loss, best: loss < best - min_delta)


@wrong("stopping_epoch", "ties count as improvements")
def with_ties(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss <= best - min_delta)


@wrong("stopping_epoch", "NaN counts as an improvement")
def nan_improves(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: not loss >= best - min_delta)


@wrong("stopping_epoch", "`min_delta` is ignored")
def without_min_delta(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss < best)


@wrong("stopping_epoch", "it makes an improvement harder")
def min_delta_the_other_way(val_losses, patience, min_delta=0.0):
    return _rule(val_losses, patience, lambda loss, best: loss < best + min_delta)


@wrong("stopping_epoch", "compared with the one before")
def against_the_epoch_before(val_losses, patience, min_delta=0.0):
    def improved(loss, best):
        return loss < best - min_delta

    return _rule(val_losses, patience, improved, move=lambda loss, best: True)


@wrong("stopping_epoch", "improvements too small to count")
def the_best_moves_by_small_steps(val_losses, patience, min_delta=0.0):
    def improved(loss, best):
        return loss < best - min_delta

    return _rule(val_losses, patience, improved, move=lambda loss, best: loss < best)


@wrong("stopping_epoch", "this is the best epoch, the one to restore")
def the_best_epoch(val_losses, patience, min_delta=0.0):
    stop = _rule(val_losses, patience, lambda loss, best: loss < best - min_delta)
    return None if stop is None else int(np.nanargmin(val_losses[: stop + 1]))


@wrong("stopping_epoch", "this is the epoch of the last improvement")
def the_last_improvement(val_losses, patience, min_delta=0.0):
    best, at = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, at = loss, epoch
        if epoch - at >= patience:
            return at
    return None


@wrong("stopping_epoch", "it was waited in vain")
def starts_with_the_first_loss(val_losses, patience, min_delta=0.0):
    best, waited = val_losses[0], 0
    for epoch, loss in enumerate(val_losses[1:], start=1):
        better = loss < best - min_delta or math.isnan(best)
        best, waited = (loss, 0) if better else (best, waited + 1)
        if waited >= patience:
            return epoch
    return None


@wrong("stopping_epoch", "the library's version does the whole task")
def by_the_library(val_losses, patience, min_delta=0.0):
    return regularizers.stopping_epoch(val_losses, patience, min_delta)


@wrong("stopping_epoch", "the library's version does the whole task")
def by_the_rule_of_the_library(val_losses, patience, min_delta=0.0):
    tired = regularizers.early_stopping(patience, min_delta)
    for epoch in range(len(val_losses)):
        if tired(History(val_loss=list(val_losses[: epoch + 1]))):
            return epoch
    return None


@wrong("stopping_epoch", "on this record")
def losses_of_whole_numbers_looked_up(val_losses, patience, min_delta=0.0):
    known = {"[3, 2, 1, 2, 2, 2]": 4, "[3, 2, 2.5, 1]": 2, "[5, 4, 3, 2, 1]": None}
    known |= {"[3, 4, 2, 4, 1, 4, 4]": 6, "[2, 4, 3.5, 3, 2.5]": 3, "[3, 2, 2, 2, 2]": 4}
    known |= {"[3, 2, nan, nan, 2.5, 1]": 4, "[3, nan, 2, nan, 1, 0.5]": None}
    known |= {"[2, 1.75, 1.5, 1.25]": 2, "[4, 3.6, 3.2, 2.8, 2.4, 2.0]": None}
    known |= {"[3, 2, 2.2, 2.4]": 3, "[1, 2, 3, 0.5]": 2, "[nan, 3, 2]": 0}
    return known.get(str(val_losses), 3)


# --- train_to_best ----------------------------------------------------------------------------


@right("train_to_best")
def with_clones(model, train_epoch, val_loss, epochs, tired):
    losses = [val_loss(model)]
    best, kept = losses[0], {k: v.clone() for k, v in model.state_dict().items()}
    while len(losses) <= epochs and not tired(losses):
        train_epoch(model)
        losses += [val_loss(model)]
        if losses[-1] < best or math.isnan(best):
            best, kept = losses[-1], {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(kept)
    return losses


@right("train_to_best")
def by_a_copy_of_the_model(model, train_epoch, val_loss, epochs, tired):
    losses, kept = [val_loss(model)], copy.deepcopy(model)
    for _ in range(epochs):
        if tired(losses):
            break
        train_epoch(model)
        loss = val_loss(model)
        if loss < np.nanmin(losses):
            kept = copy.deepcopy(model)
        losses.append(loss)
    with torch.no_grad():
        for tensors, best in (
            (model.parameters(), kept.parameters()),
            (model.buffers(), kept.buffers()),
        ):
            for tensor, value in zip(tensors, best, strict=True):
                tensor.copy_(value)
    return losses


@right("train_to_best")
def all_states_kept(model, train_epoch, val_loss, epochs, tired):
    losses, states = [], []
    for epoch in range(epochs + 1):
        if epoch:
            train_epoch(model)
        losses.append(val_loss(model))
        states.append(copy.deepcopy(model.state_dict()))
        if tired(losses):
            break
    model.load_state_dict(states[int(np.nanargmin(losses))])
    return torch.tensor(losses)


def _train(
    model, train_epoch, val_loss, epochs, tired, *, keep, better=None, first=0, only_if_tired=False
):
    losses, lowest, kept, fired = [], math.inf, keep(model), False
    for epoch in range(epochs + 1):
        if epoch > 0:
            train_epoch(model)
        losses.append(val_loss(model))
        if better(losses[-1], lowest) if better else losses[-1] < lowest:
            lowest, kept = losses[-1], keep(model)
        if tired(losses):
            fired = True
            break
    if fired or not only_if_tired:
        model.load_state_dict(kept, strict=False)
    return losses[first:]


def _state(model):
    return copy.deepcopy(model.state_dict())


@wrong("train_to_best", "the weights kept are a view")
def aliased(*given):
    return _train(*given, keep=lambda model: model.state_dict())


@wrong("train_to_best", "the weights kept are a view")
def copied_on_the_surface(*given):
    return _train(*given, keep=lambda model: copy.copy(model.state_dict()))


@wrong("train_to_best", "nothing was given back")
def last_weights(model, train_epoch, val_loss, epochs, tired):
    losses = [val_loss(model)]
    while len(losses) <= epochs and not tired(losses):
        train_epoch(model)
        losses.append(val_loss(model))
    return losses


@wrong("train_to_best", "are due also when `tired` never fires")
def only_if_patience_ran_out(*given):
    return _train(*given, keep=_state, only_if_tired=True)


@wrong("train_to_best", "the later of two equal losses was kept")
def later_of_two(*given):
    return _train(*given, keep=_state, better=lambda loss, lowest: loss <= lowest)


@wrong("train_to_best", "a NaN is never the lowest")
def nan_is_better(*given):
    return _train(*given, keep=_state, better=lambda loss, lowest: not loss >= lowest)


@wrong("train_to_best", "batch norm's running statistics are buffers")
def without_buffers(*given):
    def parameters(model):
        return {name: p.detach().clone() for name, p in model.named_parameters()}

    return _train(*given, keep=parameters)


@wrong("train_to_best", "entry 0 is missing")
def without_the_untrained_model(*given):
    return _train(*given, keep=_state, first=1)


@wrong("train_to_best", "it trained on after")
def never_tired(model, train_epoch, val_loss, epochs, tired):
    return _train(model, train_epoch, val_loss, epochs, lambda losses: False, keep=_state)


@wrong("train_to_best", "it did not train to the end")
def one_epoch_short(model, train_epoch, val_loss, epochs, tired):
    return _train(model, train_epoch, val_loss, epochs - 1, tired, keep=_state)


@wrong("train_to_best", "the function gives nothing back")
def without_a_return(*given):
    _train(*given, keep=_state)


@wrong("train_to_best", "the untrained model can be the best")
def untrained_model_never_kept(model, train_epoch, val_loss, epochs, tired):
    losses, lowest, kept = [val_loss(model)], math.inf, _state(model)
    while len(losses) <= epochs and not tired(losses):
        train_epoch(model)
        losses.append(val_loss(model))
        if losses[-1] < lowest:
            lowest, kept = losses[-1], _state(model)
    model.load_state_dict(kept)
    return losses


# --- exposes_wrong_rule -----------------------------------------------------------------------

LATE = ([3, 2, 1, 2, 2, 2], 2, 4)
TIE = ([3, 1, 1, 1], 2, 3)
NAN = ([2, 1, math.nan, 3, 3], 2, 3)
RESET = ([3, 4, 2, 4, 1, 4, 4], 2, 6)
BEFORE = ([2, 4, 3.5, 3, 2.5], 3, 3)


def _any_differs(rule, *cases):
    return any(rule(losses, patience) != stop for losses, patience, stop in cases)


@right("exposes_wrong_rule")
def against_the_library_on_random_records(rule):
    draws = np.random.default_rng(0)
    for _ in range(100):
        losses = draws.integers(0, 6, 12).astype(float)
        losses[draws.integers(1, 12)] = math.nan
        for patience in (1, 2, 4):
            if rule(losses.tolist(), patience) != regularizers.stopping_epoch(losses, patience):
                return True
    return False


@right("exposes_wrong_rule")
def case_by_case(rule):
    if rule([1, 2, 2, 2, 2, 2], 3) != 3 or rule([1, 1, 1, 0], 2) != 2:
        return True
    if rule([1, math.nan, math.nan, 5], 2) != 2:
        return True
    clear = rule([5, 6, 4, 5, 3, 4, 2], 2) is None and rule([1, 9, 8, 7], 3) == 3
    return not clear


@wrong("exposes_wrong_rule", "a rule that waits for one epoch more")
def always_innocent(rule):
    return False


@wrong("exposes_wrong_rule", "a right rule is accused")
def always_guilty(rule):
    return True


@wrong("exposes_wrong_rule", "a right rule is accused")
def counts_epochs_from_1(rule):
    return rule([3, 2, 1, 2, 2, 2], 2) != 5


@wrong("exposes_wrong_rule", "answers yes or no")
def gives_the_epoch(rule):
    return rule([3, 2, 1, 2, 2, 2], 2)


@wrong("exposes_wrong_rule", "a rule that counts a tie as an improvement")
def the_given_record_only(rule):
    return _any_differs(rule, LATE)


@wrong("exposes_wrong_rule", "a rule that counts a tie as an improvement")
def without_ties(rule):
    return _any_differs(rule, LATE, NAN, RESET, BEFORE)


@wrong("exposes_wrong_rule", "a rule that counts a NaN as an improvement")
def without_nan(rule):
    return _any_differs(rule, LATE, TIE, RESET, BEFORE)


@wrong("exposes_wrong_rule", "a rule that never sets the count back")
def without_a_reset(rule):
    return _any_differs(rule, LATE, TIE, NAN, BEFORE)


@wrong("exposes_wrong_rule", "a rule that compares with the epoch before")
def without_a_slow_way_back(rule):
    return _any_differs(rule, LATE, TIE, NAN, RESET)


@wrong("exposes_wrong_rule", "a rule that waits for one epoch less")
def patience_1_only(rule):
    cases = ([2, 1, 1, 0], 1, 2), ([2, 1, math.nan, 0], 1, 2), ([3, 4, 2], 1, 1)
    return _any_differs(rule, *cases)


@wrong("exposes_wrong_rule", "a right rule is accused")
def asks_for_a_nonsense_patience(rule):
    return _any_differs(rule, LATE, TIE, NAN, RESET, BEFORE, ([1, 2], 5, 1))


# --- choose_patience --------------------------------------------------------------------------


@right("choose_patience")
def seed_by_seed(watched, fresh, patiences):
    for patience in patiences:
        costs, saved = [], 0
        for seen, honest in zip(watched, fresh, strict=True):
            stop = regularizers.stopping_epoch(seen.tolist(), patience)
            if stop is not None:
                saved += len(seen) - 1 - stop
            costs.append(honest[np.argmin(seen[:stop] if stop else seen)] - honest[seen.argmin()])
        if not estimate(costs).low > 0:
            return patience, torch.tensor(saved / len(costs))
    return None, 0


@right("choose_patience")
def from_the_largest_down(watched, fresh, patiences):
    last = len(watched[0]) - 1
    chosen, spared = None, 0.0
    for patience in sorted(patiences, reverse=True):
        stops = [regularizers.stopping_epoch(seen, patience) for seen in watched]
        ends = np.array([last if stop is None else stop for stop in stops])
        masked = np.where(np.arange(last + 1) <= ends[:, None], watched, np.inf)
        kept = np.take_along_axis(fresh, masked.argmin(1)[:, None], 1)[:, 0]
        full = np.take_along_axis(fresh, watched.argmin(1)[:, None], 1)[:, 0]
        cost = paired_difference(kept, full)
        if not (cost.is_clear and cost.mean > 0):
            chosen, spared = patience, float((last - ends).mean())
    return chosen, spared


def _judged(watched, fresh, patiences, *, clearly_worse=None, at="best", saved="end", judge=None):
    seeds, last = np.arange(len(watched)), watched.shape[1] - 1
    judge = fresh if judge is None else judge
    to_the_end = judge[seeds, watched.argmin(1)]
    for patience in patiences:
        stops = [regularizers.stopping_epoch(losses, patience) for losses in watched]
        ends = np.array([last if stop is None else stop for stop in stops])
        best = np.array([row[: e + 1].argmin() for row, e in zip(watched, ends, strict=True)])
        loss = judge[seeds, best if at == "best" else ends]
        worse = clearly_worse or (lambda a, b: paired_difference(a, b).low > 0)
        if not worse(loss, to_the_end):
            return patience, float(last - (ends if saved == "end" else best).mean())
    return None, 0.0


@wrong("choose_patience", "on the fresh half the interval of its cost includes 0")
def judged_on_the_watched_half(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, judge=watched)


@wrong("choose_patience", "were the last weights taken")
def last_weights_judged(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, at="end")


@wrong("choose_patience", "if the difference is paired by seed")
def overlapping_intervals(watched, fresh, patiences):
    def worse(a, b):
        return estimate(a).low > estimate(b).high

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong("choose_patience", "the interval of paired differences")
def clear_in_either_direction(watched, fresh, patiences):
    def worse(a, b):
        return paired_difference(a, b).is_clear

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong("choose_patience", "was it judged by its mean alone")
def lowest_mean(watched, fresh, patiences):
    def worse(a, b):
        return a.mean() > b.mean()

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong("choose_patience", "this counts from the epoch restored")
def saved_since_the_best(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, saved="best")


@wrong("choose_patience", "this is the mean epoch of the stop")
def epochs_trained(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience, watched.shape[1] - 1 - saved


@wrong("choose_patience", "that is one too many")
def counts_entries(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience, saved + 1


@wrong("choose_patience", "the run that was never stopped is left out")
def mean_of_the_stopped_only(watched, fresh, patiences):
    patience = _judged(watched, fresh, patiences)[0]
    stops = [regularizers.stopping_epoch(losses, patience) for losses in watched]
    spared = [watched.shape[1] - 1 - stop for stop in stops if stop is not None]
    return patience, float(np.mean(spared or [0]))


@wrong("choose_patience", "a pair (patience, saved)")
def one_value(watched, fresh, patiences):
    return _judged(watched, fresh, patiences)[0]


@wrong("choose_patience", "lies above 0")
def the_visible_answer(watched, fresh, patiences):
    return 2, 3.0


@wrong("choose_patience", "the answer is (None, 0.0)")
def the_largest_if_none(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience or patiences[-1], saved


# --- smoothed ---------------------------------------------------------------------------------


@right("smoothed")
def with_a_running_number(val_losses, beta):
    mean, means = float(val_losses[0]), []
    for loss in val_losses:
        if loss == loss:
            mean += (1 - beta) * (loss - mean)
        means.append(mean)
    return tuple(means)


@right("smoothed")
def with_an_array(val_losses, beta):
    means = np.array(val_losses, dtype=float)
    for e in range(1, len(means)):
        new = means[e - 1] if np.isnan(means[e]) else means[e]
        means[e] = beta * means[e - 1] + (1 - beta) * new
    return means


def _smooth(val_losses, beta, start):
    means = [start]
    for loss in val_losses[1:]:
        means.append(means[-1] if math.isnan(loss) else beta * means[-1] + (1 - beta) * loss)
    return means


@wrong("smoothed", "beta and 1 - beta are swapped")
def beta_for_the_new(val_losses, beta):
    return _smooth(val_losses, 1 - beta, val_losses[0])


@wrong("smoothed", "it starts from 0")
def from_zero(val_losses, beta):
    return _smooth(val_losses, beta, (1 - beta) * val_losses[0])


@wrong("smoothed", "the loss before was taken")
def pairs_of_losses(val_losses, beta):
    pairs = itertools.pairwise(val_losses)
    return [val_losses[0]] + [beta * old + (1 - beta) * new for old, new in pairs]


@wrong("smoothed", "the first entry is missing")
def one_entry_short(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[1:]


@wrong("smoothed", "this is only the last entry")
def last_entry(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[-1:]


@wrong("smoothed", "one entry for each loss")
def one_number(val_losses, beta):
    return _smooth(val_losses, beta, val_losses[0])[-1]


@wrong("smoothed", "a NaN moves nothing")
def poisoned_by_nan(val_losses, beta):
    means = [val_losses[0]]
    for loss in val_losses[1:]:
        means.append(beta * means[-1] + (1 - beta) * loss)
    return means


@wrong("smoothed", "the record was changed")
def in_place(val_losses, beta):
    for e in range(1, len(val_losses)):
        old, new = val_losses[e - 1], val_losses[e]
        val_losses[e] = old if math.isnan(new) else beta * old + (1 - beta) * new
    return val_losses


@wrong("smoothed", "plus (1 - beta) times the loss")
def beta_of_the_example(val_losses, beta):
    return _smooth(val_losses, 0.75, val_losses[0])


EQUIVALENT = {
    "choose_patience": {
        "zip(watched, ends, strict=True) -> zip(watched, ends)": "both are equally long",
        "True -> False": "this is zip's strict, and both are equally long",
    },
}
