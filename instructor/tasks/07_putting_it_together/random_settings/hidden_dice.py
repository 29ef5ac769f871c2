from course_utils.exercises import attempt

with attempt("random_settings", random_settings, by_hand=check.SEARCH) as hidden:
    check.own_dice(hidden, random_settings, {"L2": Range(1e-3, 1.0, log=True), "p": Range(0, 0.5)})
    check.own_dice(
        hidden, random_settings, {"size": [8, 16, 32, 64, 128, 256], "p": Range(0.0, 1.0)}
    )
    box = {"L2": Range(1e-3, 1.0, log=True), "size": [8, 16, 32, 64]}
    first, again = (random_settings(box, 5, 0) for _ in range(2))
    what, hint = "seed 0 gives the same settings", "0 is a seed like any other"
    hidden.that(first == again, what, on="seed 0, twice", expected=first, got=again, hint=hint)
    equal = {name: list(c) if isinstance(c, list) else c for name, c in box.items()}
    again, on = random_settings(equal, 5, 0), "seed 0, an equal box"
    hint = "draw from `seed` alone; id() belongs to one object, hash() of a name to one process"
    hidden.that(first == again, what, on=on, expected=first, got=again, hint=hint)
