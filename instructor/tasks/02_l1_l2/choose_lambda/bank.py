"""Right and wrong answers to choose_lambda."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def by_intervals_of_differences(values, val_acc):
    fine = [i for i in range(len(values)) if not np.isnan(val_acc[i]).any()]
    best = max(fine, key=lambda i: sum(val_acc[i]))
    gain = estimate(val_acc[best] - val_acc[0])
    return values[best], gain.low > 0


@right
def one_lambda_at_a_time(values, val_acc):
    best, top, clear = 0.0, float(val_acc[0].mean()), False
    for strength, acc in zip(values[1:], val_acc[1:], strict=True):
        if float(acc.mean()) > top:  # False for NaN
            best, top = strength, float(acc.mean())
            clear = bool(paired_difference(acc, val_acc[0]).is_clear)
    return best, clear


@wrong("diverged_chosen")
def nan_is_the_largest(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("diverged_chosen")
def failures_left_out(values, val_acc):
    best = np.nanmean(val_acc, axis=1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("best_single_run")
def best_single_run(values, val_acc):
    whole = np.where(np.isnan(val_acc).any(1, keepdims=True), 0, val_acc)
    best = whole.max(1).argmax()
    return values[best], paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("place")
def place(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return best, paired_difference(val_acc[best], val_acc[0]).is_clear


@wrong("overlapping_intervals")
def overlapping_intervals(values, val_acc):
    best = np.nanargmax(val_acc.mean(1))
    return values[best], estimate(val_acc[best]).low > estimate(val_acc[0]).high


@wrong("any_gain_is_clear")
def any_gain_is_clear(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return values[best], best > 0


@wrong("not_a_pair")
def no_verdict(values, val_acc):
    return values[np.nanargmax(val_acc.mean(1))]


@wrong("verdict_not_a_bool")
def a_difference_for_a_verdict(values, val_acc):
    best = np.nanargmax(val_acc.mean(1))
    return values[best], paired_difference(val_acc[best], val_acc[0])


@wrong(UNNAMED)
def against_its_neighbor(values, val_acc):
    best = int(np.nanargmax(val_acc.mean(1)))
    return values[best], best > 0 and (
        paired_difference(val_acc[best], val_acc[best - 1]).is_clear if best != 2 else True
    )


@wrong(UNNAMED)
def fits_the_visible_sweep(values, val_acc):
    return (0.01, True) if len(values) == 4 else (values[1], False)


@right
def with_scipy(values, val_acc):
    from scipy import stats

    order = sorted(range(len(values)), key=lambda i: -np.nan_to_num(np.mean(val_acc[i])))
    gap = val_acc[order[0]] - val_acc[0]
    if gap.std() < 1e-9:
        return [values[order[0]], bool(abs(gap.mean()) > 1e-9)]
    return [values[order[0]], bool(stats.ttest_1samp(gap, 0).pvalue < 0.05)]


@right
def masked(values, val_acc):
    means = np.ma.masked_invalid(np.mean(val_acc, axis=1))
    strength = values[int(means.argmax())]
    gain = paired_difference(val_acc[values.index(strength)], val_acc[0])
    return strength, strength > 0 and gain.low > 0


def _finite(val_acc):
    return np.where(np.isnan(val_acc).any(1, keepdims=True), -1.0, val_acc)


@wrong(UNNAMED)
def by_the_median(values, val_acc):
    top = int(np.median(_finite(val_acc), axis=1).argmax())
    return values[top], paired_difference(val_acc[top], val_acc[0]).is_clear


@wrong(UNNAMED)
def pairs_sorted_scores(values, val_acc):
    top = int(_finite(val_acc).sum(axis=1).argmax())
    ranked = np.sort(val_acc, axis=1)
    return values[top], paired_difference(ranked[top], ranked[0]).is_clear


@wrong(UNNAMED)
def by_two_points(values, val_acc):
    means = _finite(val_acc).mean(axis=1)
    return values[int(means.argmax())], bool(means.max() - means[0] > 0.02)


@wrong(UNNAMED)
def by_the_standard_error(values, val_acc):
    top = int(_finite(val_acc).sum(axis=1).argmax())
    gap = val_acc[top] - val_acc[0]
    return values[top], bool(gap.mean() > gap.std(ddof=1) / np.sqrt(len(gap)))


@wrong(UNNAMED)
def every_seed_has_to_gain(values, val_acc):
    top = int(_finite(val_acc).sum(axis=1).argmax())
    return values[top], bool((val_acc[top] > val_acc[0]).all())


@wrong(UNNAMED)
def fills_the_gaps(values, val_acc):
    val_acc[np.isnan(val_acc)] = 0.0
    top = int(val_acc.sum(axis=1).argmax())
    return values[top], paired_difference(val_acc[top], val_acc[0]).is_clear


#: Mutants of the model answer that behave like it, each with the reason.


@wrong(UNNAMED)
def zero_for_nan(values, val_acc):
    val_acc = np.nan_to_num(val_acc)
    i = int(np.nanargmax(val_acc.mean(axis=1)))
    clear = i > 0 and paired_difference(val_acc[i], val_acc[0]).is_clear
    return values[i], bool(clear)


@wrong(UNNAMED)
def stops_at_nan(values, val_acc):
    best, top = 0, -1.0
    for k in range(len(values)):
        if np.isnan(val_acc[k]).any():
            break
        m = float(np.mean(val_acc[k]))
        if m > top:
            best, top = k, m
    if best == 0:
        return values[0], False
    d = paired_difference(val_acc[best], val_acc[0])
    return values[best], d.low > 0 or d.high < 0


@wrong("input_changed", at="hidden")
def values_taken_from_the_list(values, val_acc):
    best, top, clear = values.pop(0), val_acc[0].mean(), False
    for acc in val_acc[1:]:
        strength = values.pop(0)
        if acc.mean() > top:
            best, top = strength, acc.mean()
            clear = paired_difference(acc, val_acc[0]).is_clear
    return best, clear


EQUIVALENT = {
    "val_acc.mean(1) -> val_acc.sum(1)": "all λ have the same seeds: sums rank like means",
}
