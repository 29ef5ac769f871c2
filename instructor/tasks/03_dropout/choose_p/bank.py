"""Right and wrong answers to choose_p."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def by_intervals_of_differences(values, val_acc):
    means = [row.mean() for row in val_acc]
    best = means.index(max(means))
    differences = [estimate(val_acc[best] - row) for row in val_acc]
    fine = [p for p, d in zip(values, differences, strict=True) if d.low <= 0 <= d.high]
    return values[best], min(fine)


@right
def going_down_from_the_best(values, val_acc):
    best = smallest = int(np.argmax(np.mean(val_acc, axis=1)))
    for i in range(best):
        if not paired_difference(val_acc[i], val_acc[best]).is_clear:
            smallest = i
            break
    return values[best], values[smallest]


@wrong("best_single_run")
def best_single_run(values, val_acc):
    best = val_acc.max(1).argmax()
    return values[best], values[best]


@wrong("place")
def places(values, val_acc):
    best = int(val_acc.mean(1).argmax())
    return best, best


@wrong("best_only")
def best_only(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[best]


@wrong("overlapping_intervals")
def overlapping_intervals(values, val_acc):
    best = val_acc.mean(1).argmax()
    top = estimate(val_acc[best])
    fine = [p for p, a in zip(values, val_acc, strict=True) if estimate(a).high >= top.low]
    return values[best], fine[0]


@wrong("overlapping_intervals")
def first_that_is_clearly_worse(values, val_acc):
    best = val_acc.mean(1).argmax()
    worse = [paired_difference(val_acc[best], acc).is_clear for acc in val_acc]
    return values[best], values[worse.index(True)] if True in worse else values[best]


@wrong("not_a_pair")
def one_value(values, val_acc):
    return values[val_acc.mean(1).argmax()]


@wrong(UNNAMED)
def next_below(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[max(best - 1, 0)]


@right
def with_scipy(values, val_acc):
    from scipy import stats

    order = np.argsort(-val_acc.mean(axis=1))
    top = val_acc[order[0]]
    alike = []
    for p, row in zip(values, val_acc, strict=True):
        gap = top - row
        if gap.std() < 1e-9:
            alike += [p] * int(abs(gap.mean()) < 1e-9)
        elif stats.ttest_1samp(gap, 0.0).pvalue > 0.05:
            alike.append(p)
    return [values[order[0]], alike[0]]


@right
def dictionaries(values, val_acc):
    runs = dict(zip(values, val_acc.tolist(), strict=True))
    best = max(runs, key=lambda p: sum(runs[p]))
    return best, next(
        p for p in sorted(runs) if p == best or not paired_difference(runs[p], runs[best]).is_clear
    )


@wrong("swapped")
def smallest_first(values, val_acc):
    top = int(np.argmax([np.mean(row) for row in val_acc]))
    return next(
        p
        for p, row in zip(values, val_acc, strict=True)
        if not paired_difference(row, val_acc[top]).is_clear
    ), values[top]


@wrong(UNNAMED)
def by_the_median(values, val_acc):
    top = int(np.median(val_acc, axis=1).argmax())
    tied = [not paired_difference(row, val_acc[top]).is_clear for row in val_acc]
    return values[top], values[tied.index(True)]


@wrong(UNNAMED)
def pairs_sorted_scores(values, val_acc):
    top = int(np.argmax(val_acc.sum(axis=1)))
    ranked = np.sort(val_acc, axis=1)
    tied = [not paired_difference(row, ranked[top]).is_clear for row in ranked]
    return values[top], values[tied.index(True)]


@wrong(UNNAMED)
def within_two_points(values, val_acc):
    means = np.array([row.mean() for row in val_acc])
    return values[means.argmax()], values[int((means > means.max() - 0.021).argmax())]


@wrong(UNNAMED)
def down_to_the_first_clear_loss(values, val_acc):
    top = at = int(np.argmax(val_acc.sum(axis=1)))
    while at > 0 and not paired_difference(val_acc[at - 1], val_acc[top]).is_clear:
        at -= 1
    return values[top], values[at]


@wrong(UNNAMED)
def by_the_standard_error(values, val_acc):
    means = val_acc.mean(axis=1)
    top = int(means.argmax())
    gaps = val_acc[top] - val_acc
    tied = gaps.mean(1) <= gaps.std(1, ddof=1) / np.sqrt(gaps.shape[1])
    return values[top], values[int(tied.argmax())]


@wrong(UNNAMED)
def sorts_what_it_was_given(values, val_acc):
    runs = dict(zip(values, val_acc.tolist(), strict=True))
    best = max(runs, key=lambda p: sum(runs[p]))
    val_acc.sort(axis=1)
    return best, next(p for p in values if not paired_difference(runs[p], runs[best]).is_clear)


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "val_acc.mean(1) -> val_acc.sum(1)": "as many seeds for each p: they rank alike",
    "zip(values, val_acc, strict=True) -> zip(values, val_acc)": "both are equally long",
    "True -> False": "this is zip's strict, and both are equally long",
}
