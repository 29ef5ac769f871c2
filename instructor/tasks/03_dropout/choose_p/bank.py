"""Right and wrong answers to choose_p."""

import numpy as np

from course_utils.evidence import estimate, paired_difference
from instructor.answers import UNNAMED, right, wrong


@right
def by_intervals_of_differences(values, val_acc):
    means = [row.mean() for row in val_acc]
    best = means.index(max(means))
    differences = [estimate(val_acc[best] - row) for row in val_acc]
    fine = [p for p, d in zip(values, differences, strict=True) if d.low <= 0 <= d.high]
    return values[best], min(fine)


@right
def going_down_from_the_best(values, val_acc):
    best = smallest = int(np.argmax(np.mean(val_acc, axis=1)))
    for i in range(best):
        if not paired_difference(val_acc[i], val_acc[best]).is_clear:
            smallest = i
            break
    return values[best], values[smallest]


@wrong("best_single_run")
def best_single_run(values, val_acc):
    best = val_acc.max(1).argmax()
    return values[best], values[best]


@wrong("place")
def places(values, val_acc):
    best = int(val_acc.mean(1).argmax())
    return best, best


@wrong("best_only")
def best_only(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[best]


@wrong("overlapping_intervals")
def overlapping_intervals(values, val_acc):
    best = val_acc.mean(1).argmax()
    top = estimate(val_acc[best])
    fine = [p for p, a in zip(values, val_acc, strict=True) if estimate(a).high >= top.low]
    return values[best], fine[0]


@wrong("overlapping_intervals")
def first_that_is_clearly_worse(values, val_acc):
    best = val_acc.mean(1).argmax()
    worse = [paired_difference(val_acc[best], acc).is_clear for acc in val_acc]
    return values[best], values[worse.index(True)] if True in worse else values[best]


@wrong("not_a_pair")
def one_value(values, val_acc):
    return values[val_acc.mean(1).argmax()]


@wrong(UNNAMED)
def next_below(values, val_acc):
    best = val_acc.mean(1).argmax()
    return values[best], values[max(best - 1, 0)]


#: Mutants of the model answer that behave like it, each with the reason.
EQUIVALENT = {
    "val_acc.mean(1) -> val_acc.sum(1)": "as many seeds for each p: they rank alike",
    "zip(values, val_acc, strict=True) -> zip(values, val_acc)": "both are equally long",
    "True -> False": "this is zip's strict, and both are equally long",
}
