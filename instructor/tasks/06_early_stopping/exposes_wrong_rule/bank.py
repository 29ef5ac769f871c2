"""Right and wrong answers to exposes_wrong_rule."""

import math

import numpy as np

from course_utils import regularizers
from instructor.answers import right, wrong

LATE = ([3, 2, 1, 2, 2, 2], 2, 4)
TIE = ([3, 1, 1, 1], 2, 3)
NAN = ([2, 1, math.nan, 3, 3], 2, 3)
RESET = ([3, 4, 2, 4, 1, 4, 4], 2, 6)
BEFORE = ([2, 4, 3.5, 3, 2.5], 3, 3)


def _any_differs(rule, *cases):
    return any(rule(losses, patience) != stop for losses, patience, stop in cases)


@right
def against_the_library_on_random_records(rule):
    draws = np.random.default_rng(0)
    for _ in range(100):
        losses = draws.integers(0, 6, 12).astype(float)
        losses[draws.integers(1, 12)] = math.nan
        for patience in (1, 2, 4):
            if rule(losses.tolist(), patience) != regularizers.stopping_epoch(losses, patience):
                return True
    return False


@right
def case_by_case(rule):
    if rule([1, 2, 2, 2, 2, 2], 3) != 3 or rule([1, 1, 1, 0], 2) != 2:
        return True
    if rule([1, math.nan, math.nan, 5], 2) != 2:
        return True
    clear = rule([5, 6, 4, 5, 3, 4, 2], 2) is None and rule([1, 9, 8, 7], 3) == 3
    return not clear


@wrong("bug_missed", at="visible")
def always_innocent(rule):
    return False


@wrong("right_accused")
def always_guilty(rule):
    return True


@wrong("right_accused")
def counts_epochs_from_1(rule):
    return rule([3, 2, 1, 2, 2, 2], 2) != 5


@wrong("not_yes_or_no")
def gives_the_epoch(rule):
    return rule([3, 2, 1, 2, 2, 2], 2)


@wrong("bug_missed", at="hidden-ties")
def the_given_record_only(rule):
    return _any_differs(rule, LATE)


@wrong("bug_missed", at="hidden-ties")
def without_ties(rule):
    return _any_differs(rule, LATE, NAN, RESET, BEFORE)


@wrong("bug_missed", at="hidden-nan")
def without_nan(rule):
    return _any_differs(rule, LATE, TIE, RESET, BEFORE)


@wrong("bug_missed", at="hidden-count")
def without_a_reset(rule):
    return _any_differs(rule, LATE, TIE, NAN, BEFORE)


@wrong("bug_missed", at="hidden-count")
def without_a_slow_way_back(rule):
    return _any_differs(rule, LATE, TIE, NAN, RESET)


@wrong("bug_missed", at="hidden-ties")
def patience_1_only(rule):
    cases = ([2, 1, 1, 0], 1, 2), ([2, 1, math.nan, 0], 1, 2), ([3, 4, 2], 1, 1)
    return _any_differs(rule, *cases)


@wrong("right_accused")
def asks_for_a_nonsense_patience(rule):
    return _any_differs(rule, LATE, TIE, NAN, RESET, BEFORE, ([1, 2], 5, 1))


@right
def with_a_nan_at_first(rule):
    cases = LATE, TIE, RESET, BEFORE, ([math.nan, 3, 2], 1, 0), ([math.nan, 2, math.nan, 3], 2, 3)
    return _any_differs(rule, *cases)


@right
def waits_for_the_first_number(rule):
    cases = LATE, TIE, NAN, RESET, BEFORE, ([math.nan, 3, 3.5, 2], 1, 2)
    return _any_differs(rule, *cases)


@right
def only_whether_it_stops_in_time(rule):
    dice = np.random.default_rng(2)
    for _ in range(300):
        record = dice.integers(0, 6, 12) + 0.0
        record[1:][dice.random(11) < 0.2] = np.nan
        wait = int(dice.integers(1, 5))
        ends = regularizers.stopping_epoch(record, wait) is not None
        if (rule(record.tolist(), wait) is not None) != ends:
            return np.bool_(True)
    return np.bool_(False)


@wrong("right_accused")
def expects_the_last_epoch_for_never(rule):
    short, end = rule([3.0, 2.0, 1.0], 2), rule([4.0, 5.0, 3.0, 4.0], 3)
    return short != 2 or end != 3


@wrong("bug_missed")
def records_whose_nan_comes_too_late(rule):
    dice = np.random.default_rng(4)
    for _ in range(200):
        record, wait = dice.integers(0, 6, 12).astype(float).tolist(), int(dice.integers(1, 4))
        due = regularizers.stopping_epoch(record, wait)
        record = record if due is None else [*record[: due + 1], math.nan]
        if rule(record, wait) != due:
            return True
    return False


@wrong("bug_missed")
def losses_that_never_meet(rule):
    dice = np.random.default_rng(5)
    played = [(dice.random(12).tolist(), 1 + k % 4) for k in range(200)]
    return any(rule(r, k) != regularizers.stopping_epoch(r, k) for r, k in played)


@wrong("bug_missed")
def more_than_half_of_the_records(rule):
    dice, differ = np.random.default_rng(6), 0
    for k in range(100):
        record = dice.integers(0, 6, 12).astype(float)
        record[3] = np.nan
        differ += rule(record.tolist(), 1 + k % 4) != regularizers.stopping_epoch(record, 1 + k % 4)
    return differ > 50


@wrong("right_accused")
def stops_at_the_first_nan(rule):
    cases = LATE, TIE, RESET, BEFORE, ([3, 2, math.nan, 1, 0.5], 2, 2)
    return _any_differs(rule, *cases)


@wrong("right_accused")
def expects_the_best_epoch(rule):
    for losses, patience, _ in (LATE, TIE, RESET, BEFORE):
        stop = rule(losses, patience)
        if stop is None or losses[stop - patience] != min(losses[: stop + 1]):
            return True
    return rule([5, 4, 3], 2) is not None or rule([3, 3, 2, 2.5], 2) is None


@wrong("bug_missed")
def at_most_one_bad_epoch(rule):
    record = [5.0, 4.0, 4.5, 3.0, 3.5, 2.0, 2.5, 1.0]
    return rule(record, 1) != 2 or rule(record, 2) is not None


@wrong("right_accused", at="hidden-right")
def wants_an_int_of_python(rule):
    strange = rule([1, 2, 3], 2) is not None and type(rule([1, 2, 3], 2)) is not int
    return strange or case_by_case(rule)
