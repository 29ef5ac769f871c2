from course_utils.exercises import attempt
from course_utils.exercises.lesson_06.stopping_epoch import Mistake as StoppingEpochMistake

with attempt("stopping_epoch", stopping_epoch, by_hand=check.LIBRARY) as hidden:
    got = stopping_epoch([0.5, 0.4, 0.4, 0.4], 2)
    hint = "min_delta may be left out; it is 0 then"
    on = "val_losses = [0.5, 0.4, 0.4, 0.4], patience = 2"
    hidden.that(got == 3, "min_delta is 0 by default", on=on, expected=3, got=got, hint=hint)
    generator = np.random.default_rng(6)
    for _ in range(100):
        losses = (generator.integers(0, 12, 15) / 4).round(2)
        losses[generator.integers(0, 15)] = math.nan
        patience, min_delta = int(generator.integers(1, 6)), float(generator.choice([0, 0.5]))
        wanted = regularizers.stopping_epoch(losses, patience, min_delta)
        got = stopping_epoch(losses, patience, min_delta)
        hidden.that(
            got == wanted,
            "the right epoch on random records",
            on=f"val_losses = array({losses.tolist()}), patience {patience}, min_delta {min_delta}",
            expected=wanted,
            got=got,
            hint="follow the best loss and the count by hand on this record",
        )
    got, on = stopping_epoch([math.nan, 3, 2], 1), "val_losses = [nan, 3, 2], patience = 1"
    hint = StoppingEpochMistake.STARTS_WITH_THE_FIRST_LOSS
    hidden.that(got == 0, "a record that starts with NaN", on=on, expected=0, got=got, hint=hint)
