from course_utils.exercises import attempt

with attempt("random_settings", random_settings, by_hand=check.SEARCH) as hidden:
    check.own_dice(hidden, random_settings, {"L2": Range(1e-3, 1.0, log=True), "p": Range(0, 0.5)})
    check.own_dice(hidden, random_settings, {"size": [8, 16, 32, 64, 128, 256], "p": Range(0, 1)})
