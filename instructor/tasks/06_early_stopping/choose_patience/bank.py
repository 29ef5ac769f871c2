"""Right and wrong answers to choose_patience."""

import numpy as np
import torch

from course_utils import regularizers
from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
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


@right
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


@wrong("cost_not_clear")
def judged_on_the_watched_half(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, judge=watched)


@wrong("last_weights_judged")
def last_weights_judged(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, at="end")


@wrong("overlapping_intervals")
def overlapping_intervals(watched, fresh, patiences):
    def worse(a, b):
        return estimate(a).low > estimate(b).high

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong(UNNAMED)
def clear_in_either_direction(watched, fresh, patiences):
    def worse(a, b):
        return paired_difference(a, b).is_clear

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong("cost_not_clear")
def lowest_mean(watched, fresh, patiences):
    def worse(a, b):
        return a.mean() > b.mean()

    return _judged(watched, fresh, patiences, clearly_worse=worse)


@wrong("saved_since_the_best")
def saved_since_the_best(watched, fresh, patiences):
    return _judged(watched, fresh, patiences, saved="best")


@wrong("epochs_trained")
def epochs_trained(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience, watched.shape[1] - 1 - saved


@wrong("counts_entries")
def counts_entries(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience, saved + 1


@wrong("mean_of_the_stopped_only")
def mean_of_the_stopped_only(watched, fresh, patiences):
    patience = _judged(watched, fresh, patiences)[0]
    stops = [regularizers.stopping_epoch(losses, patience) for losses in watched]
    spared = [watched.shape[1] - 1 - stop for stop in stops if stop is not None]
    return patience, float(np.mean(spared or [0]))


@wrong("not_a_pair")
def one_value(watched, fresh, patiences):
    return _judged(watched, fresh, patiences)[0]


@wrong(UNNAMED)
def the_visible_answer(watched, fresh, patiences):
    return 2, 3.0


@wrong("the_largest_if_none")
def the_largest_if_none(watched, fresh, patiences):
    patience, saved = _judged(watched, fresh, patiences)
    return patience or patiences[-1], saved


def _walk(watched, fresh, patiences, *, restore, reference, costly):
    """The smallest patience that is not costly, by other ideas of what is restored and compared."""
    length = watched.shape[1]
    whole = [reference(row, honest, length) for row, honest in zip(watched, fresh, strict=True)]
    for patience in patiences:
        found = [regularizers.stopping_epoch(list(row), patience) for row in watched]
        cut = [length if epoch is None else epoch + 1 for epoch in found]
        here = [restore(*both) for both in zip(watched, fresh, cut, strict=True)]
        if not costly(np.array(here), np.array(whole)):
            return patience, float(np.mean([length - c for c in cut]))
    return None, 0.0


def _by_watched(row, honest, cut):
    return honest[row[:cut].argmin()]


def _clearly(a, b):
    gap = paired_difference(a, b)
    return gap.is_clear and gap.mean > 0


@right
def with_helpers(watched, fresh, patiences):
    return _walk(
        watched, fresh, patiences, restore=_by_watched, reference=_by_watched, costly=_clearly
    )


@wrong(UNNAMED)
def chosen_on_the_fresh_half(watched, fresh, patiences):
    def lowest(row, honest, cut):
        return honest[:cut].min()

    return _walk(watched, fresh, patiences, restore=lowest, reference=lowest, costly=_clearly)


@wrong(UNNAMED)
def against_the_best_fresh_loss(watched, fresh, patiences):
    def lowest(row, honest, cut):
        return honest.min()

    return _walk(watched, fresh, patiences, restore=_by_watched, reference=lowest, costly=_clearly)


@wrong(UNNAMED)
def against_the_last_epoch(watched, fresh, patiences):
    def last(row, honest, cut):
        return honest[-1]

    return _walk(watched, fresh, patiences, restore=_by_watched, reference=last, costly=_clearly)


@wrong(UNNAMED)
def pairs_sorted_losses(watched, fresh, patiences):
    def sorted_pairs(a, b):
        return _clearly(np.sort(a), np.sort(b))

    return _walk(
        watched, fresh, patiences, restore=_by_watched, reference=_by_watched, costly=sorted_pairs
    )


@wrong(UNNAMED)
def by_the_median_cost(watched, fresh, patiences):
    def median(a, b):
        return np.median(a - b) > 0.05

    return _walk(
        watched, fresh, patiences, restore=_by_watched, reference=_by_watched, costly=median
    )


@wrong(UNNAMED)
def one_epoch_beyond_the_stop(watched, fresh, patiences):
    def beyond(row, honest, cut):
        return honest[row[: cut + 1].argmin()]

    return _walk(watched, fresh, patiences, restore=beyond, reference=_by_watched, costly=_clearly)


@wrong(UNNAMED, at="hidden")
def down_to_the_first_that_costs(watched, fresh, patiences):
    # The smallest of those above the largest that is clearly worse: 1 is fine where 2 is not.
    found = None, 0.0
    for patience in reversed(patiences):
        one = _judged(watched, fresh, [patience])
        if one[0] is None:
            break
        found = one
    return found


#: Mutants of the model answer that behave like it, each with the reason.
@wrong(UNNAMED)
def the_last_of_equal_epochs(watched, fresh, patiences):
    def last_lowest(row):
        return len(row) - 1 - int(np.argmin(np.asarray(row)[::-1]))

    whole = [f[last_lowest(w)] for w, f in zip(watched, fresh, strict=True)]
    for p in patiences:
        cuts = [regularizers.stopping_epoch(w, p) for w in watched]
        cuts = [watched.shape[1] - 1 if c is None else c for c in cuts]
        early = [fresh[s, last_lowest(watched[s, : c + 1])] for s, c in enumerate(cuts)]
        if paired_difference(early, whole).low <= 0:
            return p, float(np.mean([watched.shape[1] - 1 - c for c in cuts]))
    return None, 0.0


@wrong("input_changed", at="hidden")
def patiences_taken_from_the_list(watched, fresh, patiences):
    while patiences:
        patience = patiences.pop(0)
        chosen = seed_by_seed(watched, fresh, [patience])
        if chosen[0] is not None:
            return chosen
    return None, 0.0


EQUIVALENT = {
    "zip(watched, ends, strict=True) -> zip(watched, ends)": "both are equally long",
    "True -> False": "this is zip's strict, and both are equally long",
}
