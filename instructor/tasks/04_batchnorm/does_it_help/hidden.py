from course_utils.exercises import attempt

with attempt("does_it_help", does_it_help) as hidden:
    wave = np.array([1, -1, 1, -1, 1, -1, 1, -1])
    lost = np.where(wave > 0, 0.0, np.nan)
    for seed, plain, normed, wanted, hint in (
        (0, [0.01, 0.03], [0.04, 0.0], "helps", "each at its own best, in whichever row"),
        (1, [0.03, 0.01, -0.5], [0.0, 0.02, 0.0], "harms", "each at its own best"),
        (2, [0.0], [0.02 + 0.04 * wave], "neither", "the interval of the paired difference"),
        (3, [0.0, 0.06 + lost], [0.02, 0.0], "helps", "a rate with a nan is out of the race"),
        (4, [0.02, 0.0], [0.0, 0.06 + lost], "harms", "a rate with a nan is out of the race"),
        (5, [-0.02, 0.01 * wave], [0.0, 0.0], "neither", "the interval of the difference"),
    ):
        seeds = np.random.default_rng(seed).normal(0.8, 0.06, 8)
        sweep = [np.stack([seeds + gain for gain in gains]) for gains in (plain, normed)]
        got = does_it_help(*(acc.copy() for acc in sweep))
        hidden.that(
            isinstance(got, str) and got == wanted,
            "the word",
            on=f"mean accuracies {[acc.mean(1).round(3).tolist() for acc in sweep]}, 8 seeds",
            expected=wanted,
            got=got,
            hint=hint,
        )
