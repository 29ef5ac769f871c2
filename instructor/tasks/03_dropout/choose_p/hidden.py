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
