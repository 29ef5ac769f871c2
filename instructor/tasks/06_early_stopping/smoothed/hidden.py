from course_utils.exercises import attempt

with attempt("smoothed", smoothed) as hidden:
    nan = float("nan")
    for losses, beta, wanted in (
        ([3.0], 0.9, [3.0]),
        ([3.0, 1.0, 2.0], 0.0, [3.0, 1.0, 2.0]),
        ([10.0, 0.0, 0.0, 20.0], 0.9, [10.0, 9.0, 8.1, 9.29]),
        ([1.0, 2.0, float("nan"), 4.0], 0.3, [1.0, 1.7, 1.7, 3.31]),
        ([10.0, nan, 0.0, nan, nan, 0.0], 0.5, [10.0, 10.0, 5.0, 5.0, 5.0, 2.5]),
    ):
        check.running_mean(hidden, smoothed, losses, beta, wanted)
