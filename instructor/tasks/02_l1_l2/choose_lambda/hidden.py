from course_utils.exercises import attempt

with attempt("choose_lambda", choose_lambda) as hidden:
    seeds = np.random.default_rng(0).normal(0.85, 0.05, 8)
    wave = np.array([1, -1, 1, -1, 1, -1, 1, -1])
    failed = np.where(np.arange(8) == 5, np.nan, 0.0)
    for gains, best, clear in (
        ([0.0, 0.01 * wave + 0.002, 0.02], 0.3, True),
        ([0.0, 0.03 * wave + 0.01, -0.02], 0.1, False),
        ([0.0, -0.01, -0.02], 0.0, False),
        ([0.0, 0.002 + 0.0002 * wave, -0.02], 0.1, True),
        ([0.0, 0.01 + 0.001 * wave, 0.04 + failed], 0.1, True),
        ([0.0, failed, -0.3], 0.0, False),
        ([0.0, -0.05, 0.02 + 0.04 * wave], 0.3, False),
    ):
        acc = np.stack([seeds + gain for gain in gains])
        on = f"values = [0, 0.1, 0.3] with mean gains {[float(np.mean(g)) for g in gains]}, 8 seeds"
        got = choose_lambda([0.0, 0.1, 0.3], acc)
        hint = "the highest mean over the seeds, among the λ without a NaN; it may be 0"
        hidden.close("best", got[0], best, on=on, hint=hint)
        hint = "compare the best with λ = 0, seed by seed, and look at the interval"
        check.is_clear(hidden, got[1], clear, on=on, hint=hint)
    acc = np.stack([seeds - 0.6, seeds + failed, seeds - 0.58])
    got = choose_lambda([0.0, 0.1, 0.3], acc)
    on = "values = [0, 0.1, 0.3], 8 seeds; λ = 0.1 is far ahead, but for one run that diverged"
    hint = "a λ with a NaN must not be chosen; those after it may be"
    hidden.close("best", got[0], 0.3, on=on, hint=hint)
    check.is_clear(hidden, got[1], True, on=on, hint="seed by seed, λ = 0.3 gains 0.02")
    # Sweeps at random: seeds in no order, outliers, and now and then a run that diverged.
    dice = np.random.default_rng(6)
    for _ in range(40):
        n, values = int(dice.integers(4, 9)), [0.0, 0.001, 0.01, 0.1][: dice.integers(2, 5)]
        acc = dice.normal(0.8, 0.05, n) + dice.normal(0, 0.02, (len(values), 1))
        acc += dice.choice([0.002, 0.01, 0.03]) * dice.normal(size=acc.shape)
        acc[dice.integers(len(values)), dice.integers(n)] += dice.choice([0.0, 0.1])
        if dice.random() < 0.3:
            acc[dice.integers(1, len(values)), dice.integers(n)] = np.nan
        acc = acc.round(4)
        top = max(range(len(values)), key=lambda i: np.nan_to_num(acc[i].mean()))
        clear = paired_difference(acc[top], acc[0]).is_clear
        on, given = f"values = {values}, val_acc = {acc.tolist()}", acc.copy()
        listed = list(values)
        got = hidden.pair(choose_lambda(listed, given), "best, clear", on=on)
        hidden.kept([listed], [values], on=on)
        hint = "the highest mean over the seeds, among the λ without a NaN; it may be 0"
        hidden.close("best", got[0], values[top], on=on, hint=hint)
        hint = "compare the best with λ = 0, seed by seed, and look at the interval"
        check.is_clear(hidden, got[1], clear, on=on, hint=hint)
        kept = np.array_equal(given, acc, equal_nan=True)
        hint, what = "sort or change a copy; the sweep is still needed", "the sweep is not changed"
        hidden.that(kept, what, on=on, expected=acc.tolist(), got=given.tolist(), hint=hint)
