from course_utils.exercises import attempt

with attempt("paired_interval", paired_interval, by_hand=check.INTERVALS) as hidden:
    rng = np.random.default_rng(0)
    for n in (2, 3, 8, 40):
        seeds = rng.normal(0.8, 0.1, n)
        a, b = seeds + rng.normal(0.01, 0.02, n), seeds
        wanted = paired_difference(a, b)
        for given in ((a.copy(), b.copy()), (a.tolist(), b.tolist())):
            hidden.close(
                "mean, low and high",
                list(paired_interval(*given)),
                [wanted.mean, wanted.low, wanted.high],
                on=f"{n} seeds, as {type(given[0]).__name__}s",
                hint="compute t, s and n for the given differences, however many there are",
            )
    a, b = seeds + 1e6 + rng.normal(0.01, 0.02, n), seeds + 1e6
    wanted = paired_difference(a, b)
    hidden.close(
        "mean, low and high",
        list(paired_interval(a.copy(), b.copy())),
        [wanted.mean, wanted.low, wanted.high],
        on=f"{n} seeds, scores of about a million",
        hint="compute in float64; float32 has seven digits, too few for these differences",
    )
    got = list(paired_interval([0.5, 0.75, 1.0], [0.25, 0.5, 0.75]))
    on = "three seeds that all differ by 0.25"
    hint = "without spread the interval is the mean itself"
    hidden.close("no spread", got, [0.25, 0.25, 0.25], on=on, hint=hint)
    a, b = np.random.default_rng(2).normal(0.8, 0.1, (2, 6))
    given = a.copy(), b.copy()
    paired_interval(*given)
    hidden.kept(given, (a, b), on="6 seeds")
    a, b = [5, 9, 7, 8], [4.25, 6.5, 7.75, 6.0]
    for first, second in ((a, b), (b, a)):
        wanted, on = paired_difference(first, second), f"a = {first}, b = {second}"
        got, due = list(paired_interval(list(first), list(second))), [wanted.mean, wanted.low]
        hint = "an array made from whole numbers keeps no fractions: convert to float first"
        hidden.close("mean, low and high", got, [*due, wanted.high], on=on, hint=hint)
