from course_utils.exercises import attempt

with attempt("scheduled_p", scheduled_p) as hidden:
    for epoch, warmup, p_max, wanted in (
        (0, 0, 0.5, 0.5),
        (3, 0, 0.5, 0.5),
        (1, 4, 0.5, 0.125),
        (3, 4, 0.5, 0.375),
        (4, 4, 0.5, 0.5),
        (7, 8, 0.8, 0.7),
        (9, 8, 0.8, 0.8),
    ):
        on = f"epoch = {epoch}, warmup = {warmup}, p_max = {p_max}"
        hint = "without a warm-up it is p_max" if warmup == 0 else "p_max * epoch / warmup"
        got = scheduled_p(epoch, warmup, p_max)
        hidden.close("schedule", got, wanted, on=on, hint=hint)
