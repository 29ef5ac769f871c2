"""Right and wrong answers to does_it_help."""

import numpy as np
import torch

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def by_the_ends_of_the_interval(plain, normed):
    def best(acc):
        means = [-1.0 if np.isnan(row).any() else row.mean() for row in acc]
        return acc[means.index(max(means))]

    gain = estimate(best(normed) - best(plain))
    return "helps" if gain.low > 0 else "harms" if gain.high < 0 else "neither"


@right
def with_tensors(plain, normed):
    rows = []
    for acc in map(torch.as_tensor, (normed, plain)):
        acc = acc[~acc.isnan().any(1)]
        rows.append(acc[acc.mean(1).argmax()].tolist())
    gap = paired_difference(*rows)
    words = {True: "helps", False: "harms"}
    return words[gap.mean > 0] if gap.is_clear else "neither"


def _best(acc):
    return np.nanargmax(acc.mean(1))


def _word(normed, plain):
    gap = paired_difference(normed, plain)
    return ("helps" if gap.mean > 0 else "harms") if gap.is_clear else "neither"


@wrong("by_the_means")
def by_the_means(plain, normed):
    gain = normed[_best(normed)].mean() - plain[_best(plain)].mean()
    return "helps" if gain > 0 else "harms"


@wrong("by_two_intervals")
def by_two_intervals(plain, normed):
    a, b = estimate(normed[_best(normed)]), estimate(plain[_best(plain)])
    return "helps" if a.low > b.high else "harms" if a.high < b.low else "neither"


@wrong("the_wrong_way_round")
def the_wrong_way_round(plain, normed):
    return _word(plain[_best(plain)], normed[_best(normed)])


@wrong("by_the_best_single_run")
def by_the_best_single_run(plain, normed):
    return _word(*(acc[np.nanmax(acc, 1).argmax()] for acc in (normed, plain)))


@wrong("nan_ignored")
def nan_ignored(plain, normed):
    return _word(*(acc[np.nanmean(acc, 1).argmax()] for acc in (normed, plain)))


@wrong("nan_chosen")
def nan_chosen(plain, normed):
    return _word(*(acc[acc.mean(1).argmax()] for acc in (normed, plain)))


@wrong("at_the_best_of_plain")
def at_the_best_of_plain(plain, normed):
    return _word(normed[_best(plain)], plain[_best(plain)])


@wrong("at_the_best_of_normed")
def at_the_best_of_normed(plain, normed):
    return _word(normed[_best(normed)], plain[_best(normed)])


@wrong("at_the_first")
def at_the_first(plain, normed):
    return _word(normed[0], plain[0])


@wrong("averaged")
def averaged(plain, normed):
    return _word(np.nanmean(normed, 0), np.nanmean(plain, 0))


@wrong("returns_a_sentence")
def returns_a_sentence(plain, normed):
    return paired_difference(normed[_best(normed)], plain[_best(plain)]).verdict()


@wrong(UNNAMED)
def fits_the_visible_sweeps(plain, normed):
    known = {1.53: "helps", 1.52: "harms", 1.59: "helps"}
    return known.get(round(float(plain[0, 0] + normed[0, 0]), 2), "neither")


@right
def with_scipy(plain, normed):
    from scipy import stats

    pair = []
    for acc in (normed, plain):
        whole = [list(row) for row in acc if not np.isnan(row).any()]
        pair.append(np.array(max(whole, key=sum)))
    gap = np.subtract(*pair)
    if gap.std() < 1e-9:
        return "neither" if abs(gap.mean()) < 1e-9 else "helps" if gap.mean() > 0 else "harms"
    test = stats.ttest_rel(*pair)
    if test.pvalue >= 0.05:
        return "neither"
    return "helps" if test.statistic > 0 else "harms"


def _rows(plain, normed, rank):
    chosen = []
    for acc in (normed, plain):
        whole = acc[np.isfinite(acc).all(axis=1)]
        chosen.append(whole[max(range(len(whole)), key=lambda i: rank(whole[i]))])
    return chosen


@wrong(UNNAMED)
def best_by_the_median(plain, normed):
    return _word(*_rows(plain, normed, np.median))


@wrong(UNNAMED)
def pairs_sorted_scores(plain, normed):
    return _word(*map(np.sort, _rows(plain, normed, np.mean)))


@wrong(UNNAMED)
def by_one_point(plain, normed):
    gain = np.subtract(*_rows(plain, normed, np.mean)).mean()
    return "helps" if gain > 0.011 else "harms" if gain < -0.011 else "neither"


@wrong(UNNAMED)
def by_the_standard_error(plain, normed):
    gaps = np.subtract(*_rows(plain, normed, np.mean))
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    return "helps" if gaps.mean() > error else "harms" if gaps.mean() < -error else "neither"


@wrong(UNNAMED)
def by_a_count_of_seeds(plain, normed):
    wins = int((np.subtract(*_rows(plain, normed, np.mean)) > 0).sum())
    return {0: "harms", plain.shape[1]: "helps"}.get(wins, "neither")


@wrong(UNNAMED)
def writes_into_the_sweep(plain, normed):
    for acc in (plain, normed):
        acc[np.isnan(acc)] = 0.0
    return _word(*_rows(plain, normed, np.mean))


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "acc.mean(1) -> acc.sum(1)": "every row has the same seeds: sums and means rank alike",
    "difference.mean > 0 -> difference.mean >= 0": "a clear difference is never 0",
}
