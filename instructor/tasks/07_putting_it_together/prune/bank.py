"""Right and wrong answers to prune."""

import math

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


def _without(mix, name):
    return {k: by for k, by in mix.items() if k != name}


def _worths(score, mix):
    return {name: paired_difference(score(mix), score(_without(mix, name))) for name in mix}


@right
def by_recursion(score, mix):
    idle = []
    for name, worth in _worths(score, mix).items():
        if not (worth.is_clear and worth.mean > 0):
            idle.append((worth.mean, name))
    return by_recursion(score, _without(mix, min(idle)[1])) if idle else dict(mix)


@right
def in_place_on_a_copy(score, mix):
    left = dict(mix)
    while left:
        full = np.asarray(score(left), dtype=float)
        least, name = math.inf, None
        for candidate in list(left):
            by = left.pop(candidate)
            worth = estimate(full - np.asarray(score(left), dtype=float))
            left[candidate] = by
            if worth.low <= 0 and worth.mean < least:
                least, name = worth.mean, candidate
        if name is None:
            return left
        del left[name]
    return {}


def _repeat(idle, first):
    """Remove `first` of the names in `idle` of the worths, again and again."""

    def answer(score, mix):
        mix = dict(mix)
        while mix:
            worths = _worths(score, mix)
            names = [name for name, worth in worths.items() if idle(worth)]
            if not names:
                break
            del mix[first(names, worths)]
        return mix

    return answer


def _least(names, worths):
    return min(names, key=lambda name: worths[name].mean)


@wrong("all_at_once")
def all_at_once(score, mix):
    worths = _worths(score, mix)
    return {name: by for name, by in mix.items() if worths[name].low > 0}


@wrong("one_removal")
def one_removal(score, mix):
    worths = _worths(score, mix)
    idle = [name for name in mix if worths[name].low <= 0]
    return _without(mix, _least(idle, worths)) if idle else dict(mix)


@wrong("one_table_to_the_end")
def one_table_to_the_end(score, mix):
    worths, left = _worths(score, mix), dict(mix)
    for name in sorted(mix, key=lambda name: worths[name].mean):
        again = paired_difference(score(left), score(_without(left, name)))
        if worths[name].low <= 0 and again.low <= 0:
            left = _without(left, name)
    return left


@wrong("by_the_means")
def by_the_means(score, mix):
    return _repeat(lambda worth: worth.mean <= 0, _least)(score, mix)


@wrong("keeps_clear_harm")
def keeps_clear_harm(score, mix):
    return _repeat(lambda worth: not worth.is_clear, _least)(score, mix)


@wrong("removes_clear_harm_only")
def removes_clear_harm_only(score, mix):
    return _repeat(lambda worth: worth.high < 0, _least)(score, mix)


@wrong("removes_the_first")
def removes_the_first(score, mix):
    return _repeat(lambda worth: worth.low <= 0, lambda names, worths: names[0])(score, mix)


@wrong("removes_the_first")
def removes_the_most_useful(score, mix):
    def most(names, worths):
        return max(names, key=lambda name: worths[name].mean)

    return _repeat(lambda worth: worth.low <= 0, most)(score, mix)


@wrong("by_the_worth_alone")
def by_the_worth_alone(score, mix):
    worths = {name: paired_difference(score({name: by}), score({})) for name, by in mix.items()}
    return {name: by for name, by in mix.items() if worths[name].low > 0}


@wrong("unpaired_intervals")
def unpaired_intervals(score, mix):
    left = dict(mix)
    while left:
        now = estimate(score(left))
        rests = {name: estimate(score(_without(left, name))) for name in left}
        idle = [name for name, rest in rests.items() if now.low <= rest.high]
        if not idle:
            break
        del left[max(idle, key=lambda name: rests[name].mean)]
    return left


@wrong("the_wrong_sign")
def the_wrong_sign(score, mix):
    return _repeat(lambda worth: worth.high >= 0, lambda names, worths: names[0])(score, mix)


@wrong("not_a_mix")
def only_the_names(score, mix):
    return list(by_recursion(score, mix))


@wrong("changes_the_given_mix")
def changes_the_given_mix(score, mix):
    left = by_recursion(score, mix)
    for name in set(mix) - set(left):
        del mix[name]
    return mix


@wrong(UNNAMED)
def fits_the_visible_scenes(score, mix):
    if set(mix) != {"L2", "dropout", "batch norm"}:
        return dict(mix)
    worth = paired_difference(score(mix), score(_without(mix, "batch norm")))
    if abs(worth.mean - 0.01) < 1e-6:
        return dict(mix)
    if abs(worth.mean + 0.003) < 1e-6:
        return {}
    kept = "L2" if worth.mean == 0 else "dropout"
    return {kept: mix[kept]}


@right
def with_scipy(score, mix):
    from scipy import stats

    names = list(mix)
    while names:
        here = np.asarray(score({n: mix[n] for n in names}))
        table = []
        for gone in names:
            gap = here - np.asarray(score({n: mix[n] for n in names if n != gone}))
            alike = gap.mean() <= 0
            if gap.std() > 1e-9:
                alike = stats.ttest_1samp(gap, 0, alternative="greater").pvalue > 0.025
            table.append((not alike, gap.mean(), gone))
        needed, _, worst = min(table)
        if needed:
            break
        names.remove(worst)
    return {n: mix[n] for n in names}


@wrong(UNNAMED)
def lowest_end_goes(score, mix):
    kept = dict(mix)
    while kept:
        table = [(worth.low, name) for name, worth in _worths(score, kept).items()]
        end, weakest = min(table)
        if end > 0:
            break
        kept.pop(weakest)
    return kept


@wrong(UNNAMED)
def lowest_median_goes(score, mix):
    kept = dict(mix)
    while kept:
        gaps = {n: np.subtract(score(kept), score(_without(kept, n))) for n in kept}
        spare = [n for n, gap in gaps.items() if estimate(gap).low <= 0]
        if not spare:
            break
        kept.pop(min(spare, key=lambda n: np.median(gaps[n])))
    return kept


@wrong(UNNAMED)
def pairs_sorted_scores(score, mix):
    return _repeat_sorted(score, dict(mix))


def _repeat_sorted(score, kept):
    table = {}
    for name in kept:
        table[name] = paired_difference(
            sorted(score(kept)), sorted(score({k: v for k, v in kept.items() if k != name}))
        )
    spare = sorted((gap.mean, name) for name, gap in table.items() if gap.low <= 0)
    return _repeat_sorted(score, _without(kept, spare[0][1])) if spare else kept


@wrong(UNNAMED)
def half_a_point_is_needed(score, mix):
    kept = dict(mix)
    while kept:
        gains = {n: np.mean(score(kept)) - np.mean(score(_without(kept, n))) for n in kept}
        weakest = min(gains, key=gains.get)
        if gains[weakest] > 0.0005:
            break
        kept.pop(weakest)
    return kept


@wrong(UNNAMED)
def never_the_last_one(score, mix):
    kept = dict(mix)
    while len(kept) > 1:
        table = _worths(score, kept)
        spare = {name: gap.mean for name, gap in table.items() if gap.low <= 0}
        if not spare:
            break
        kept.pop(min(spare, key=spare.get))
    return kept


@wrong("removes_the_first")
def the_lowest_lower_end_goes(score, mix):
    m = dict(mix)
    while m:
        d = {
            t: paired_difference(score(m), score({k: v for k, v in m.items() if k != t})) for t in m
        }
        bad = [t for t in d if d[t].low <= 0]
        if not bad:
            break
        m.pop(min(bad, key=lambda t: d[t].low))
    return m


@wrong("removes_the_first")
def the_weakest_goes(score, mix):
    m = dict(mix)
    while m:
        d = {
            t: paired_difference(score(m), score({k: v for k, v in m.items() if k != t})) for t in m
        }
        bad = [t for t in d if d[t].low <= 0]
        if not bad:
            break
        m.pop(min(bad, key=lambda t: m[t]))
    return m


@wrong("unpaired_intervals")
def always_against_the_full_mix(score, mix):
    m = dict(mix)
    full = score(mix)
    while m:
        d = {t: paired_difference(full, score({k: v for k, v in m.items() if k != t})) for t in m}
        bad = [t for t in d if d[t].low <= 0]
        if not bad:
            break
        m.pop(min(bad, key=lambda t: d[t].mean))
    return m


@wrong(UNNAMED)
def built_up_from_nothing(score, mix):
    m = {}
    while True:
        d = {t: paired_difference(score({**m, t: mix[t]}), score(m)) for t in mix if t not in m}
        good = [t for t in d if d[t].low > 0]
        if not good:
            return m
        t = max(good, key=lambda t: d[t].mean)
        m[t] = mix[t]
