from course_utils.exercises import attempt

with attempt("does_it_help", does_it_help) as hidden:
    wave = np.array([1, -1, 1, -1, 1, -1, 1, -1])
    lost = np.where(wave > 0, 0.0, np.nan)
    for seed, plain, normed, wanted, hint in (
        (
            0,
            [0.01, 0.03],
            [0.04, 0.0],
            "helps",
            "compare each at its own best rate, which may be in any row",
        ),
        (1, [0.03, 0.01, -0.5], [0.0, 0.02, 0.0], "harms", "each at its own best"),
        (2, [0.0], [0.02 + 0.04 * wave], "neither", "the interval of the paired difference"),
        (3, [0.0, 0.06 + lost], [0.02, 0.0], "helps", "a rate with a nan must not be chosen"),
        (4, [0.02, 0.0], [0.0, 0.06 + lost], "harms", "a rate with a nan must not be chosen"),
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
    # Sweeps at random: seeds in no order, outliers, and now and then a run that diverged.
    dice = np.random.default_rng(8)
    for _ in range(40):
        rates, n, bests = int(dice.integers(1, 4)), int(dice.integers(4, 9)), []
        seeds, spread = dice.normal(0.8, 0.05, n), dice.choice([0.002, 0.01, 0.03])
        for _ in range(2):
            acc = seeds + dice.normal(0, 0.02, (rates, 1)) + dice.normal(0, spread, (rates, n))
            acc[dice.integers(rates), dice.integers(n)] += dice.choice([0.0, 0.1])
            if rates > 1 and dice.random() < 0.3:
                acc[dice.integers(rates), dice.integers(n)] = np.nan
            bests.append(acc.round(4))
        plain, normed = bests
        gap = paired_difference(*(max(acc, key=lambda r: np.nan_to_num(r.mean())) for acc in bests))
        wanted = "neither" if not gap.is_clear else "harms" if gap.mean > 0 else "helps"
        given = plain.copy(), normed.copy()
        on, got = f"plain = {plain.tolist()}, normed = {normed.tolist()}", does_it_help(*given)
        hint = "each at the rate with its highest mean; then the paired difference"
        held = isinstance(got, str) and got == wanted
        hidden.that(held, "the word", on=on, expected=wanted, got=got, hint=hint)
        kept = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(given, bests, strict=True))
        hint, what = "write into a copy; others need the sweep", "the sweeps are not changed"
        hidden.that(kept, what, on=on, expected="the same numbers", got="changed ones", hint=hint)
