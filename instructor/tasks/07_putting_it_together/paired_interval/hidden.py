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
    for kind, a, b in (
        ("uint8", [2, 200, 3, 90], [3, 190, 5, 92]),
        ("int8", [100, -100, 90, 50], [-100, 100, -60, -90]),
        ("uint64", [7, 9, 4, 4, 8], [8, 8, 6, 5, 8]),
        ("int32", [2_000_000_000, 5, 7], [-2_000_000_000, 9, 8]),
    ):
        d = np.array(a) - np.array(b)
        wanted = paired_difference(d.astype(float), np.zeros(len(d)))
        arrays = np.array(a, dtype=kind), np.array(b, dtype=kind)
        given, on = [array.copy() for array in arrays], f"a = {a}, b = {b}, arrays of {kind}"
        got, due = list(paired_interval(*given)), [wanted.mean, wanted.low, wanted.high]
        hint = (
            f"a difference in {kind} may be out of its range; convert to float before you subtract"
        )
        hidden.close("mean, low and high", got, due, on=on, hint=hint)
        hidden.kept(given, arrays, on=on)
