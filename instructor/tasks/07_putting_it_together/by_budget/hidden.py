from course_utils.exercises import attempt

with attempt("by_budget", by_budget) as hidden:
    for gains in (
        {40: 0.02, 10: 0.0, 160: -0.03},
        {1: -0.01},
        {2: 0.0, 3: 0.0},
        {100: -0.02, 50: 0.01, 25: 0.0, 12: 0.02},
    ):
        check.by_length(hidden, by_budget, gains)
    # The same lengths in another training, in which runs that were kept are worth nothing.
    check.by_length(hidden, by_budget, {40: -0.02, 10: 0.03})
    sign = check.up_and_down
    # A gain that is small and steady; one that is clear and no more; one of most seeds, lost again
    # by the others; sides that differ by the same in every place once each is sorted.
    pairs = {
        6: lambda k: (0.6 + 0.02 * sign(k), 0.604 + 0.02 * sign(k) + 0.001 * sign(k)),
        7: lambda k: (0.6 + 0.02 * sign(k), 0.57 + 0.044 * sign(k)),
        8: lambda k: (0.6, 0.53 if k % 4 == 3 else 0.62),
        9: lambda k: (0.7 + 0.04 * sign(k), 0.71 - 0.04 * sign(k)),
    }
    check.by_length(hidden, by_budget, {6: 0.004, 7: -0.03, 8: 0.0, 9: 0.0}, pairs)
