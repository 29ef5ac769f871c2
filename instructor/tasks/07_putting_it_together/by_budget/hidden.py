from course_utils.exercises import attempt

with attempt("by_budget", by_budget) as hidden:
    for gains in (
        {40: 0.02, 10: 0.0, 160: -0.03},
        {1: -0.01},
        {2: 0.0, 3: 0.0},
        {100: -0.02, 50: 0.01, 25: 0.0, 12: 0.02},
    ):
        check.by_length(hidden, by_budget, gains)
