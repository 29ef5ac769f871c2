"""Right and wrong answers to by_budget."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


def _word(gain):
    return "helps" if gain.low > 0 else "harms" if gain.high < 0 else "neither"


@right
def ten_seeds_in_an_array(train, budgets):
    runs = np.array(
        [[[train(side, e, s) for s in range(10)] for side in (False, True)] for e in budgets]
    )
    return [_word(paired_difference(with_it, without)) for without, with_it in runs]


@right
def seed_by_seed(train, budgets):
    found = {}
    for seed in range(100, 116):
        for epochs in budgets:
            found.setdefault(epochs, []).append(
                (train(True, epochs, seed), train(False, epochs, seed))
            )
    return tuple(_word(paired_difference(*zip(*found[epochs], strict=True))) for epochs in budgets)


@right
def by_the_mean_of_differences(train, budgets):
    words = []
    for epochs in budgets:
        gains = [train(True, epochs, seed) - train(False, epochs, seed) for seed in range(3, 15)]
        words += [_word(estimate(gains))]
    return words


def _runs(train, technique, epochs, seeds=range(8)):
    return [train(technique, epochs, seed) for seed in seeds]


@wrong("too_few_seeds")
def one_seed(train, budgets):
    pairs = [(train(True, epochs, 0), train(False, epochs, 0)) for epochs in budgets]
    return ["helps" if a > b else "harms" if a < b else "neither" for a, b in pairs]


@wrong("too_few_seeds")
def four_seeds(train, budgets):
    few = range(4)
    return [
        _word(paired_difference(_runs(train, True, e, few), _runs(train, False, e, few)))
        for e in budgets
    ]


@wrong("other_seeds")
def seeds_of_its_own_for_each_side(train, budgets):
    return [
        _word(paired_difference(_runs(train, True, e), _runs(train, False, e, range(8, 16))))
        for e in budgets
    ]


@wrong("other_seeds")
def the_same_seed_eight_times(train, budgets):
    return [
        _word(paired_difference(_runs(train, True, e, [0] * 8), _runs(train, False, e, [0] * 8)))
        for e in budgets
    ]


@wrong("other_lengths")
def at_the_longest_alone(train, budgets):
    last = max(budgets)
    word = _word(paired_difference(_runs(train, True, last), _runs(train, False, last)))
    return [word for _ in budgets]


@wrong("other_lengths")
def at_the_first_alone(train, budgets):
    gain = paired_difference(_runs(train, True, budgets[0]), _runs(train, False, budgets[0]))
    return [_word(gain)] * len(budgets)


@wrong("by_the_means")
def by_the_higher_mean(train, budgets):
    gaps = [np.mean(_runs(train, True, e)) - np.mean(_runs(train, False, e)) for e in budgets]
    return ["helps" if gap > 0 else "harms" for gap in gaps]


@wrong("unpaired")
def by_two_intervals(train, budgets):
    words = []
    for epochs in budgets:
        a, b = estimate(_runs(train, True, epochs)), estimate(_runs(train, False, epochs))
        words.append("helps" if a.low > b.high else "harms" if a.high < b.low else "neither")
    return words


@wrong("the_wrong_way_round")
def plain_minus_treated(train, budgets):
    return [
        _word(paired_difference(_runs(train, False, e), _runs(train, True, e))) for e in budgets
    ]


@wrong("no_words")
def the_differences(train, budgets):
    return [paired_difference(_runs(train, True, e), _runs(train, False, e)).mean for e in budgets]


@wrong("no_words")
def one_word(train, budgets):
    words = ten_seeds_in_an_array(train, budgets)
    return words[-1]


@wrong("no_words")
def a_dict(train, budgets):
    return dict(zip(budgets, seed_by_seed(train, budgets), strict=True))


@wrong(UNNAMED)
def in_the_order_of_their_length(train, budgets):
    return ten_seeds_in_an_array(train, sorted(budgets))


@wrong(UNNAMED)
def compared_with_the_shortest(train, budgets):
    plain = {e: _runs(train, False, e) for e in budgets}
    first = plain[min(budgets)]
    return [_word(paired_difference(_runs(train, True, e), first)) for e in budgets]


@wrong(UNNAMED)
def a_majority_of_the_seeds(train, budgets):
    out = []
    for e in budgets:
        w = sum(train(True, e, s) > train(False, e, s) for s in range(8))
        out.append("helps" if w >= 6 else "harms" if w <= 2 else "neither")
    return out


@wrong(UNNAMED)
def scores_sorted_before_they_are_paired(train, budgets):
    out = []
    for e in budgets:
        d = paired_difference(
            sorted(train(True, e, s) for s in range(8)),
            sorted(train(False, e, s) for s in range(8)),
        )
        out.append("neither" if not d.is_clear else "helps" if d.mean > 0 else "harms")
    return out


@wrong(UNNAMED)
def at_least_a_point(train, budgets):
    out = []
    for e in budgets:
        m = paired_difference(
            [train(True, e, s) for s in range(8)], [train(False, e, s) for s in range(8)]
        ).mean
        out.append("neither" if abs(m) < 0.01 else "helps" if m > 0 else "harms")
    return out


@wrong(UNNAMED)
def an_interval_of_99_9_percent(train, budgets):
    out = []
    for e in budgets:
        d = paired_difference(
            [train(True, e, s) for s in range(8)],
            [train(False, e, s) for s in range(8)],
            level=0.999,
        )
        out.append("neither" if not d.is_clear else "helps" if d.mean > 0 else "harms")
    return out


@wrong("no_words")
def words_with_capitals(train, budgets):
    out = []
    for e in budgets:
        d = paired_difference(
            [train(True, e, s) for s in range(8)], [train(False, e, s) for s in range(8)]
        )
        out.append("Neither" if not d.is_clear else "Helps" if d.mean > 0 else "Harms")
    return out


@right
def every_third_seed(train, budgets):
    seeds, words = [3 * k + 1 for k in range(12)], {}
    for epochs in sorted(set(budgets)):
        gain = paired_difference(
            _runs(train, True, epochs, seeds), _runs(train, False, epochs, seeds)
        )
        words[epochs] = _word(gain)
    return [words[epochs] for epochs in budgets]


@right
def seeds_far_apart_and_backwards(train, budgets):
    seeds = [k * k * k + 5 for k in range(9)][::-1]
    return [
        _word(paired_difference(_runs(train, True, e, seeds), _runs(train, False, e, seeds)))
        for e in budgets
    ]


@wrong(UNNAMED)
def seeds_below_0(train, budgets):
    return [
        _word(paired_difference(*(_runs(train, side, e, range(-8, 0)) for side in (True, False))))
        for e in budgets
    ]


_kept = {}


@wrong("other_lengths", at="hidden")
def runs_kept_for_the_next_training(train, budgets):
    def run(*which):
        if which not in _kept:
            _kept[which] = train(*which)
        return _kept[which]

    sides = ([[run(side, e, s) for s in range(8)] for side in (True, False)] for e in budgets)
    return [_word(paired_difference(*runs)) for runs in sides]


EQUIVALENT = {"gain.mean > 0 -> gain.mean >= 0": "a difference that is clear is not 0"}
