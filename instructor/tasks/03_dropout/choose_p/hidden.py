import numpy as np

from course_utils.exercises import attempt

with attempt("choose_p", choose_p) as hidden:
    seeds = np.random.default_rng(0).normal(0.85, 0.05, 8)
    wave = np.array([1, -1, 1, -1, 1, -1, 1, -1])
    for gains, wanted in (
        ([0.0, 0.04, 0.01], (0.4, 0.4)),
        ([0.03, 0.04 + 0.04 * wave, 0.01], (0.4, 0.2)),
        ([0.05, 0.02, 0.01], (0.2, 0.2)),
        ([0.0, 0.01, 0.03 + 0.001 * wave], (0.6, 0.6)),
    ):
        acc = np.stack([seeds + gain for gain in gains])
        on = f"values = [0.2, 0.4, 0.6] with gains {[float(np.mean(g)) for g in gains]}, 8 seeds"
        got = choose_p([0.2, 0.4, 0.6], acc)
        hint = "the smallest p whose paired difference to the best is not clear"
        hidden.close("best", got[0], wanted[0], on=on, hint="the highest mean over the seeds")
        hidden.close("smallest", got[1], wanted[1], on=on, hint=hint)
    # Sweeps at random: seeds in no order, and now and then one outlier among them.
    dice = np.random.default_rng(5)
    for _ in range(40):
        values = sorted(dice.choice(10, dice.integers(3, 6), replace=False) / 10)
        values, n = [float(p) for p in values], int(dice.integers(4, 9))
        acc = dice.normal(0.8, 0.05, n) + dice.normal(0, 0.02, (len(values), 1))
        acc += dice.choice([0.002, 0.01, 0.03]) * dice.normal(size=acc.shape)
        acc[dice.integers(len(values)), dice.integers(n)] += dice.choice([0.0, 0.1])
        acc, top = acc.round(4), acc.round(4).mean(1).argmax()
        close = [
            p
            for p, a in zip(values, acc, strict=True)
            if not paired_difference(acc[top], a).is_clear
        ]
        on, given = f"values = {values}, val_acc = {acc.tolist()}", acc.copy()
        got = hidden.pair(choose_p(list(values), given), "best, smallest", on=on)
        hidden.close("best", got[0], values[top], on=on, hint="the highest mean over the seeds")
        hidden.close("smallest", got[1], close[0], on=on, hint=hint)
        kept = np.array_equal(given, acc)
        hint_kept = "sort or change a copy; the sweep is still needed"
        what = "the sweep is not changed"
        hidden.that(kept, what, on=on, expected=acc.tolist(), got=given.tolist(), hint=hint_kept)
