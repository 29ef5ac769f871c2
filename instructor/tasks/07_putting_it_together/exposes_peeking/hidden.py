from course_utils.exercises import attempt, in_any_order


def by_both(judged, open_test):
    both = np.asarray(judged) + np.asarray(open_test())
    return int(both.argmax()), float(both.max() / 2)


def a_final_of_two(judged, open_test):
    first, second = np.argsort(np.asarray(judged))[::-1][:2]
    test = np.asarray(open_test())
    winner = first if test[first] >= test[second] else second
    return int(winner), float(test[winner])


def moves_on(judged, open_test):
    test, order = np.asarray(open_test()), np.argsort(np.asarray(judged))[::-1]
    fine = [i for i in order if test[i] >= np.asarray(judged)[i] - 0.05]
    winner = fine[0] if fine else order[0]
    return int(winner), float(test[winner])


def looks_twice(judged, open_test):
    open_test()
    return check.highest(judged, open_test)


def lowest_on_test(judged, open_test):
    test = np.asarray(open_test())
    return int(test.argmin()), float(test.min())


def drops_the_worst_on_test(judged, open_test):
    test, scores = np.asarray(open_test()), np.asarray(judged, dtype=float).copy()
    scores[test.argmin()] = -np.inf
    return int(scores.argmax()), float(test[scores.argmax()])


def looks_again_if_disappointed(judged, open_test):
    winner = int(np.argmax(np.asarray(judged)))
    score = float(open_test()[winner])
    if score < judged[winner]:
        score = max(score, float(open_test()[winner]))
    return winner, score


def passes_over_the_poor(judged, open_test):
    test, order = np.asarray(open_test()), np.argsort(-np.asarray(judged), kind="stable")
    winner = order[0] if test[order[0]] >= 0.5 else order[1]
    return int(winner), float(test[winner])


def second_best(judged, open_test):
    winner = int(np.argsort(-np.asarray(judged), kind="stable")[:2][-1])
    return winner, float(open_test()[winner])


def middle(judged, open_test):
    winner = int(np.argsort(np.asarray(judged), kind="stable")[len(judged) // 2])
    return winner, float(open_test()[winner])


def lowest(judged, open_test):
    winner = int(np.argmin(np.asarray(judged)))
    return winner, float(open_test()[winner])


def never_opens(judged, open_test):
    return int(np.argmax(np.asarray(judged))), None


def the_last(judged, open_test):
    return len(judged) - 1, float(open_test()[-1])


with (
    attempt("exposes_peeking", exposes_peeking) as hidden,
    in_any_order(hidden, exposes_peeking) as judge,
):
    for choose, broken, what in (
        (by_both, True, "takes the best mean of judged and test score"),
        (a_final_of_two, True, "lets the test set decide between the two best"),
        (moves_on, True, "moves on to the next candidate when the test score disappoints"),
        (looks_twice, True, "opens the seal to look, and once more to report"),
        (lowest_on_test, True, "takes the lowest test score, because these are errors"),
        (drops_the_worst_on_test, True, "leaves out the candidate that is last on the test set"),
        (looks_again_if_disappointed, True, "opens the seal once more if the score disappoints"),
        (passes_over_the_poor, True, "passes over a winner whose test score is below 0.5"),
        (second_best, False, "takes the second highest judged score"),
        (middle, False, "takes the candidate in the middle of the judged scores"),
        (lowest, False, "takes the lowest judged score, because these are errors"),
        (never_opens, False, "chooses, and leaves the seal alone"),
        (the_last, False, "takes the last candidate, whatever its score"),
        (check.highest, False, "takes the highest judged score"),
    ):
        check.verdict(judge, choose, broken=broken, what=f"a choice that {what}")
