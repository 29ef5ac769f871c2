from course_utils.exercises import attempt

box = {
    "rate": Range(1e-4, 10.0, log=True),
    "angle": Range(-30.0, 10.0),
    "optimizer": ["SGD", "Adam", "AdamW", "RMSprop"],
    "width": Range(16.0, 64.0, log=True),
}
with attempt("random_settings", random_settings, by_hand=check.SEARCH) as hidden:
    on = "rate 1e-4 to 10 (log), angle -30 to 10, 4 optimizers, width 16 to 64 (log), budget 3000"
    got = random_settings(box, 3000, 7)
    check.evenly_drawn(hidden, got, box, on=on)
    check.independently_drawn(hidden, got, box, on=on)
    for budget in (1, 2):
        many, on = len(random_settings(box, budget, 7)), f"a budget of {budget}"
        hint = "exactly as many settings as the budget allows"
        hidden.close("budget", many, budget, on=on, hint=hint)
