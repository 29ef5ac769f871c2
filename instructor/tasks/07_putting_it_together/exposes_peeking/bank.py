"""Right and wrong answers to exposes_peeking."""

import random

import numpy as np

from instructor.answers import right, wrong


@wrong("bug_missed", at="hidden-ties")
def by_tempting_at_random(choose):
    dice, judged = random.Random(0), [0.5, 0.6, 0.9, 0.8, 0.7]
    winners, calls = set(), []
    for attempt in range(50):
        test = [dice.random() for _ in judged]

        def spy(test=test, attempt=attempt):
            calls.append(attempt)
            return list(test)

        winners.add(choose(list(judged), spy)[0])
        if calls.count(attempt) > 1:
            return True
    return len(winners) != 1


class Seal:
    def __init__(self, scores):
        self.scores, self.broken = scores, 0

    def __call__(self):
        self.broken += 1
        if self.broken > 1:
            raise RuntimeError("opened twice")
        return self.scores


@wrong("bug_missed", at="hidden-ties")
def with_a_seal_that_raises(choose):
    judged = np.array([0.81, 0.88, 0.84])
    try:
        low, high = (int(choose(judged, Seal(judged * sign))[0]) for sign in (1, -1))
        for winner in range(3):
            high = max(high, int(choose(judged, Seal(np.eye(3)[winner]))[0]))
            low = min(low, int(choose(judged, Seal(1 - np.eye(3)[winner]))[0]))
    except RuntimeError:
        return True
    return low != high


@wrong("bug_missed")
def counts_only(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        choose([0.9, 0.8, 0.7], seal)
    except RuntimeError:
        return True
    return False


@wrong("bug_missed")
def never_counts(choose):
    judged = [0.9, 0.8, 0.7]
    picked = {choose(judged, lambda test=t: test)[0] for t in ([1, 0, 0], [0, 1, 0], [0, 0, 1])}
    return len(picked) > 1


@wrong("right_accused")
def expects_the_highest(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        return choose([0.88, 0.89, 0.7], seal)[0] != 1
    except RuntimeError:
        return True


@wrong("right_accused")
def one_count_for_all_calls(choose):
    judged, calls, winners = [0.9, 0.8, 0.7], [], set()
    for test in np.eye(len(judged)).tolist():
        winners.add(choose(judged, lambda test=test: calls.append(1) or test)[0])
    return len(winners) > 1 or len(calls) > 1


@wrong("right_accused")
def forbids_opening(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        choose([0.9, 0.8, 0.7], seal)
    except RuntimeError:
        return True
    return seal.broken > 0


@wrong("bug_missed")
def tempts_with_the_judged_scores(choose):
    judged = [0.9, 0.8, 0.7]
    seals = [Seal(judged), Seal([0.8, 0.7, 0.6])]
    try:
        return len({choose(judged, seal)[0] for seal in seals}) > 1
    except RuntimeError:
        return True


@wrong("bug_missed")
def tempts_with_the_last_only(choose):
    judged = [0.9, 0.8, 0.1]
    seals = [Seal([0.95, 0.9, 0.5]), Seal([0.95, 0.9, 1.0])]
    try:
        return len({choose(judged, seal)[0] for seal in seals}) > 1
    except RuntimeError:
        return True


@wrong("bug_missed")
def always_clears(choose):
    return False


@wrong("right_accused")
def always_accuses(choose):
    return True


@wrong("not_yes_or_no")
def returns_the_count(choose):
    calls = []
    choose([0.9, 0.8, 0.7], lambda: calls.append(1) or [0.0, 0.0, 1.0])
    return len(calls)


#: Mutants of the model answer that behave like it, each with the reason.


@wrong("bug_missed")
def whoever_wins_on_the_test_set_once(choose):
    n = [0]

    def spy():
        n[0] += 1
        return [0.1, 0.9, 0.5]

    w, _s = choose([0.9, 0.5, 0.1], spy)
    return w == 1 or n[0] > 1


@wrong("bug_missed")
def any_other_than_the_highest(choose):
    n = [0]

    def spy():
        n[0] += 1
        return [0.1, 0.9, 0.5]

    w, _s = choose([0.9, 0.5, 0.1], spy)
    return w != 0 or n[0] > 1


@wrong("bug_missed")
def test_scores_that_tempt_nobody(choose):
    calls, winners = [], set()
    for height in (0.0, 0.5, 1.0):
        before = len(calls)
        winners.add(choose([0.9, 0.5, 0.1], lambda h=height: (calls.append(h), [h] * 3)[1])[0])
        if len(calls) - before > 1:
            return True
    return len(winners) > 1


@wrong("bug_missed")
def a_score_too_good_to_be_true(choose):
    _w, s = choose([0.9, 0.5, 0.1], lambda: [0.2, 0.95, 0.3])
    return s > 0.9


@wrong("bug_missed", at="hidden-ties")
def the_highest_and_the_lowest_tempt(choose):
    winners, most = set(), 0
    for test in ([0.1, 0.2, 0.9], [0.9, 0.2, 0.1]):
        calls = []
        winners.add(
            choose([0.9, 0.5, 0.3], lambda test=test, calls=calls: calls.append(1) or test)[0]
        )
        most = max(most, len(calls))
    return len(winners) > 1 or most > 1


@right
def by_many_lists_at_random(choose):
    dice = random.Random(0)
    for _ in range(25):
        judged = [dice.choice([0.5, 0.6, 0.62, 0.9]) for _ in range(dice.randint(2, 5))]
        winners = set()
        for _ in range(4):
            spy = Seal([dice.random() for _ in judged])
            try:
                winners.add(choose(list(judged), spy)[0])
            except RuntimeError:
                return True
        if len(winners) > 1:
            return True
    return False


def _caught(choose, judged, tests):
    seals = [Seal(test) for test in tests]
    try:
        return len({int(choose(list(judged), seal)[0]) for seal in seals}) > 1
    except RuntimeError:
        return True


@wrong("bug_missed", at="hidden-ties")
def no_ties(choose):
    return _caught(choose, [0.7, 0.9, 0.8], [[0.9, 0.5, 0.6], [0.1, 0.5, 0.9], [0.5, 0.9, 0.1]])


@right
def with_a_seal_that_raises_and_ties(choose):
    return any(
        _caught(choose, judged, [[high if i == k else low for i in range(3)] for k in range(3)])
        for judged in ([0.81, 0.88, 0.84], [0.5, 0.5, 0.5], [0.7, 0.7, 0.6])
        for low, high in ((0.0, 1.0), (1.0, 0.0), (0.6, 0.7))
    )


@wrong("bug_missed", at="hidden-ties")
def two_candidates_that_are_far_apart(choose):
    return _caught(choose, [0.2, 0.8], [[0.1, 0.9], [0.9, 0.1], [0.4, 0.4]])


@wrong("bug_missed", at="hidden")
def test_scores_that_hardly_differ(choose):
    dice = random.Random(0)
    for _ in range(25):
        judged = [round(dice.random(), dice.choice([1, 2])) for _ in range(dice.choice([2, 3, 5]))]
        if _caught(choose, judged, [[0.8 + 0.001 * dice.random() for _ in judged] for _ in "abcd"]):
            return True
    return False


EQUIVALENT = {
    "0.9 -> 1.8": "any judged scores that differ will do",
    "0.8 -> 1.6": "any judged scores that differ will do",
    "0.7 -> 1.4": "any judged scores that differ will do",
    "np.eye(len(judged)).tolist() -> np.eye(len(judged))": "the choices read arrays as well",
}
