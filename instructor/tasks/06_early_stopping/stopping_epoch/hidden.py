from course_utils.exercises import attempt

with attempt("stopping_epoch", stopping_epoch, by_hand=check.LIBRARY) as hidden:
    got = stopping_epoch([0.5, 0.4, 0.4, 0.4], 2)
    hint = "min_delta may be left out, and is then 0"
    on = "val_losses = [0.5, 0.4, 0.4, 0.4], patience = 2"
    hidden.that(got == 3, "min_delta is 0 by default", on=on, expected=3, got=got, hint=hint)
    generator = np.random.default_rng(6)
    for _ in range(100):
        losses = (generator.integers(0, 12, 15) / 4).round(2)
        losses[generator.integers(1, 15)] = math.nan
        patience, min_delta = int(generator.integers(1, 6)), float(generator.choice([0, 0.5]))
        wanted = regularizers.stopping_epoch(losses, patience, min_delta)
        got = stopping_epoch(losses.tolist(), patience, min_delta)
        hidden.that(
            got == wanted,
            "the right epoch on random records",
            on=f"val_losses = {losses.tolist()}, patience {patience}, min_delta {min_delta}",
            expected=wanted,
            got=got,
            hint="follow the best loss and the count by hand on this record",
        )
    for losses in ([3e300, 2e300, 2.5e300, 1e300, 2e300, 2e300], [-1, -2, -1.5, -3, -2, -2.5]):
        on, got = f"val_losses = {losses}, patience = 2", stopping_epoch(list(losses), 2)
        hint = "a loss may be any number; the first best one is that of entry 0, no number typed in"
        hidden.that(got == 5, "losses of any size", on=on, expected=5, got=got, hint=hint)
    # NaN objects other than math.nan, at positions where all right rules agree.
    for losses, patience, wanted in (
        ([float("nan"), 3.0, 2.0, 2.5, 2.5, 1.0], 2, 4),
        ([float("nan"), 3.0, 3.0, 3.0, 3.0], 3, 4),
        ([2.0, float("nan"), 3.0, float("nan"), 1.0], 3, 3),
        ([2.0, float("nan"), 1.0, float("nan"), float("nan")], 2, 4),
    ):
        on, got = f"val_losses = {losses}, patience = {patience}", stopping_epoch(losses, patience)
        hint = "a NaN is never the best loss; its epoch counts as a waiting epoch like any other"
        hidden.that(got == wanted, "NaN", on=on, expected=wanted, got=got, hint=hint)
