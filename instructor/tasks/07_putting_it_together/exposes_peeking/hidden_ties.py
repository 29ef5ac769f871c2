from course_utils.exercises import attempt, in_any_order


def settles_ties_on_test(judged, open_test):
    scores, test = np.asarray(judged), np.asarray(open_test())
    best = np.flatnonzero(scores == scores.max())
    winner = best[test[best].argmax()]
    return int(winner), float(test[winner])


def the_last_of_equals(judged, open_test):
    scores = np.asarray(judged)
    winner = int(np.flatnonzero(scores == scores.max())[-1])
    return winner, float(open_test()[winner])


with (
    attempt("exposes_peeking", exposes_peeking) as hidden,
    in_any_order(hidden, exposes_peeking) as judge,
):
    for choose, broken, what in (
        (settles_ties_on_test, True, "settles ties of judged scores by the test scores"),
        (the_last_of_equals, False, "takes the last of those with the highest judged score"),
        (check.highest, False, "takes the first of those with the highest judged score"),
    ):
        check.verdict(judge, choose, broken=broken, what=what)
